-- What the customers that were acquired in each bucket (first completed order ever) brought in until the end of a day.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 the last day whose facts count.
-- Bounds by date beside the exact ones (a day of the shop begins within a day of UTC's) are for the planner, which
-- cannot see what the exact ones will be. The list of starts is a sub-select so that no sort carries it along.
WITH shop AS MATERIALIZED (
    SELECT time_zone, base_currency, day_start($3::date + 1, time_zone) AS cut FROM settings
), bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, shop.time_zone) AS begins, day_start(b.past, shop.time_zone) AS ends
    FROM shop, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, least(max(ends), shop.cut) AS ends
    FROM bucket, shop GROUP BY shop.cut
), first_seen AS (
    SELECT o.customer_id, min(o.ordered_at) AS first_at
    FROM span JOIN orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test
      AND o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
    GROUP BY o.customer_id
), acquired AS MATERIALIZED (
    SELECT f.customer_id, f.first_at, width_bucket(f.first_at, (SELECT starts FROM span)) AS bucket
    FROM span, first_seen AS f
    WHERE NOT EXISTS (SELECT FROM orders AS o
                      WHERE o.customer_id = f.customer_id AND o.ordered_at < span.begins
                        AND o.status IN ('paid', 'fulfilled') AND NOT o.test
                        AND o.ordered_at < ($1::date[])[1] + 1)
), fact AS (
    -- By customer (OFFSET 0 keeps it so): few are new, and all that they did is found by index.
    SELECT a.bucket, o.base_currency, o.base_net, o.base_net_with_cost, o.base_cost
    FROM shop, acquired AS a
    CROSS JOIN LATERAL (SELECT * FROM orders AS v WHERE v.customer_id = a.customer_id OFFSET 0) AS o
    WHERE o.ordered_at < shop.cut AND o.status IN ('paid', 'fulfilled') AND NOT o.test
    UNION ALL
    SELECT a.bucket, n.base_currency, -n.base_net, -n.base_net_with_cost, -n.base_cost
    FROM shop, acquired AS a
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v WHERE v.customer_id = a.customer_id OFFSET 0) AS n
    WHERE n.refunded_at < shop.cut AND n.ordered_at < shop.cut
      AND n.status IN ('paid', 'fulfilled') AND NOT n.test
), brought AS (
    SELECT f.bucket,
           sum(f.base_net) FILTER (WHERE f.base_currency = shop.base_currency) AS net,
           sum(f.base_net_with_cost) FILTER (WHERE f.base_currency = shop.base_currency) AS net_with_cost,
           sum(f.base_cost) FILTER (WHERE f.base_currency = shop.base_currency) AS cost,
           count(*) FILTER (WHERE f.base_currency <> shop.base_currency) AS unconverted
    FROM shop, fact AS f GROUP BY f.bucket
), joined AS (
    SELECT a.bucket, count(*) AS customers, sum((extract(epoch FROM shop.cut - a.first_at) * 1000000)::bigint) AS us
    FROM shop, acquired AS a GROUP BY a.bucket
)
SELECT b.bucket,
       coalesce(j.customers, 0) AS acquired_customers,
       coalesce(j.us, 0) AS acquired_observed_us,
       coalesce(r.net, 0) AS acquired_net,
       coalesce(r.net_with_cost, 0) AS acquired_net_with_cost,
       coalesce(r.cost, 0) AS acquired_cost,
       coalesce(r.unconverted, 0) AS unconverted_acquired
FROM bucket AS b LEFT JOIN joined AS j USING (bucket) LEFT JOIN brought AS r USING (bucket)
ORDER BY b.bucket;
