-- What the persons that were acquired in each bucket (first completed order ever) cost until the end of a day.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 dimension, of the first order: channel,
-- campaign or storefront (kpi_country_acquired.sql has countries); $4 the last day whose facts count.
-- Orders of one instant are told apart by content, so that it does not matter which arrived first.
-- Bounds by date beside the exact ones (a day of the shop begins within a day of UTC's) are for the planner, which
-- cannot see what the exact ones will be. The list of starts is a sub-select so that no sort carries it along.
WITH shop AS MATERIALIZED (
    SELECT time_zone, base_currency, day_start($4::date + 1, time_zone) AS cut FROM settings
), bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, shop.time_zone) AS begins, day_start(b.past, shop.time_zone) AS ends
    FROM shop, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, least(max(ends), shop.cut) AS ends
    FROM bucket, shop GROUP BY shop.cut
), spent AS MATERIALIZED (
    SELECT coalesce(p.person_id, c.customer_id) AS person_id,
           coalesce(sum(c.base_amount) FILTER (WHERE c.base_currency = shop.base_currency), 0) AS costs,
           count(*) FILTER (WHERE c.base_currency <> shop.base_currency) AS unconverted
    FROM shop, costs AS c LEFT JOIN customer_persons AS p USING (customer_id)
    WHERE c.incurred_at < shop.cut GROUP BY 1
), newcomer AS (
    SELECT d.customer_id FROM customer_days AS d
    WHERE d.previous_day = '-infinity' AND d.day >= ($1::date[])[1] AND d.day < ($2::date[])[cardinality($2::date[])]
), first_order AS (
    SELECT DISTINCT ON (o.person_id) o.person_id, o.ordered_at, s.costs, s.unconverted,
           CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign
               WHEN 'storefront' THEN o.storefront END AS key
    FROM span JOIN completed_orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    JOIN spent AS s USING (person_id)
    WHERE o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
    ORDER BY o.person_id, o.ordered_at, o.base_net, o.base_currency, o.external_id
), counted AS (
    SELECT width_bucket(f.ordered_at, (SELECT starts FROM span)) AS bucket,
           f.key,
           sum(f.costs) AS costs, sum(f.unconverted) AS unconverted
    FROM first_order AS f
    WHERE f.person_id IN (SELECT n.customer_id FROM newcomer AS n)
    GROUP BY 1, 2
)
SELECT b.bucket, c.key,
       coalesce(c.costs, 0) AS acquired_costs,
       coalesce(c.unconverted, 0) AS unconverted_costs
FROM bucket AS b JOIN counted AS c USING (bucket)
ORDER BY b.bucket, c.key COLLATE "C"
-- More groups than 1,000 are refused; one more shows that there are.
LIMIT 1001;
