-- What the persons that were acquired in each bucket (first completed order ever) brought in until the end of a day.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 what to group by, as the first order
-- has it: channel, campaign or storefront (kpi_country_acquired.sql has countries); $4 the last day whose facts count.
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
), newcomer AS (
    SELECT d.customer_id FROM customer_days AS d
    WHERE d.previous_day = '-infinity' AND d.day >= ($1::date[])[1] AND d.day < ($2::date[])[cardinality($2::date[])]
), first_seen AS (
    -- Orders of one instant are told apart as in kpi_customers.sql.
    SELECT DISTINCT ON (person_id) person_id, ordered_at AS first_at, key
    FROM (SELECT o.*, CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign
                           WHEN 'storefront' THEN o.storefront END AS key
          FROM span JOIN completed_orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
          WHERE o.ordered_at >= ($1::date[])[1] - 1
            AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1) AS o
    ORDER BY person_id, ordered_at, base_net, base_currency, external_id, key
), acquired AS MATERIALIZED (
    -- All rows of a person: its own, and those that are linked to it.
    SELECT f.person_id, f.first_at, f.key, width_bucket(f.first_at, (SELECT starts FROM span)) AS bucket
    FROM span, first_seen AS f WHERE f.person_id IN (SELECT n.customer_id FROM newcomer AS n)
), member AS (
    SELECT bucket, key, person_id AS customer_id FROM acquired
    UNION ALL
    SELECT a.bucket, a.key, p.customer_id FROM acquired AS a JOIN customer_persons AS p USING (person_id)
), fact AS (
    -- By customer (OFFSET 0 keeps it so): few are new, and all that they did is found by index.
    SELECT m.bucket, m.key, NULL::bigint AS us, o.base_currency = shop.base_currency AS converted, o.base_net AS net,
           o.base_net_with_cost AS net_with_cost, o.base_cost AS cost
    FROM shop, member AS m
    CROSS JOIN LATERAL (SELECT * FROM orders AS v WHERE v.customer_id = m.customer_id OFFSET 0) AS o
    WHERE o.ordered_at < shop.cut AND o.status IN ('paid', 'fulfilled') AND NOT o.test
    UNION ALL
    SELECT m.bucket, m.key, NULL, n.base_currency = shop.base_currency, -n.base_net, -n.base_net_with_cost, -n.base_cost
    FROM shop, member AS m
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v WHERE v.customer_id = m.customer_id OFFSET 0) AS n
    WHERE n.refunded_at < shop.cut AND n.ordered_at < shop.cut
      AND n.status IN ('paid', 'fulfilled') AND NOT n.test
    UNION ALL
    SELECT a.bucket, a.key, (extract(epoch FROM shop.cut - a.first_at) * 1000000)::bigint, NULL, NULL, NULL, NULL
    FROM shop, acquired AS a
)
SELECT bucket, key,
       count(us) AS acquired_customers,
       coalesce(sum(us), 0) AS acquired_observed_us,
       coalesce(sum(net) FILTER (WHERE converted), 0) AS acquired_net,
       coalesce(sum(net_with_cost) FILTER (WHERE converted), 0) AS acquired_net_with_cost,
       coalesce(sum(cost) FILTER (WHERE converted), 0) AS acquired_cost,
       count(*) FILTER (WHERE NOT converted) AS unconverted_acquired
FROM fact GROUP BY bucket, key ORDER BY bucket, key
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
