-- Completed orders, sales, refunds and cost of goods by group.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 what to group by: channel, campaign
-- or storefront. kpi_country_orders.sql counts the same by country.
-- A refund counts on its own day, with its share of net sales and of cost, in the group of its order; one of an order
-- that is no longer completed does not count, because its order does not either.
-- Bounds by date beside the exact ones (a day of the shop begins within a day of UTC's) are for the planner, which
-- cannot see what the exact ones will be. The list of starts is a sub-select so that no sort carries it along.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends,
           s.base_currency
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends,
           min(base_currency) AS base_currency
    FROM bucket
), refunded AS (
    SELECT DISTINCT r.customer_id, r.order_id
    FROM span JOIN refunds AS r ON r.refunded_at >= span.begins AND r.refunded_at < span.ends
    WHERE r.refunded_at >= ($1::date[])[1] - 1 AND r.refunded_at < ($2::date[])[cardinality($2::date[])] + 1
), fact AS (
    -- Orders; refunds with a minus. Groups do not say what was left out, so tests make none.
    SELECT width_bucket(o.ordered_at, (SELECT starts FROM span)) AS bucket, true AS ordered, o.test,
           o.base_currency = span.base_currency AS converted, o.base_net AS net, o.base_net_with_cost AS net_with_cost,
           o.base_cost AS cost, o.customer_id, o.channel, o.campaign, o.storefront
    FROM span JOIN orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test
      AND o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
    UNION ALL
    -- By order (OFFSET 0 keeps it so), that the view reads the refunds of these orders alone.
    SELECT width_bucket(n.refunded_at, (SELECT starts FROM span)), false, false,
           n.base_currency = span.base_currency, -n.base_net, -n.base_net_with_cost,
           -n.base_cost, o.customer_id, o.channel, o.campaign, o.storefront
    FROM span, refunded AS f JOIN orders AS o USING (customer_id, order_id)
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v
                        WHERE v.customer_id = f.customer_id AND v.order_id = f.order_id OFFSET 0) AS n
    WHERE n.refunded_at >= span.begins AND n.refunded_at < span.ends
      AND o.status IN ('paid', 'fulfilled') AND NOT o.test
)
SELECT f.bucket,
       CASE $3::text WHEN 'channel' THEN f.channel WHEN 'campaign' THEN f.campaign
                     WHEN 'storefront' THEN f.storefront END AS key,
       count(*) FILTER (WHERE f.ordered AND NOT f.test) AS orders,
       count(*) FILTER (WHERE f.ordered AND NOT f.test AND f.converted) AS converted_orders,
       coalesce(sum(f.net) FILTER (WHERE f.ordered AND NOT f.test AND f.converted), 0) AS sales,
       coalesce(sum(f.net) FILTER (WHERE NOT f.test AND f.converted), 0) AS net_sales,
       coalesce(sum(f.net_with_cost) FILTER (WHERE NOT f.test AND f.converted), 0) AS net_with_cost,
       coalesce(sum(f.cost) FILTER (WHERE NOT f.test AND f.converted), 0) AS cost,
       count(*) FILTER (WHERE f.ordered AND f.test) AS test_orders,
       count(*) FILTER (WHERE f.ordered AND NOT f.test AND NOT f.converted) AS unconverted_orders,
       count(*) FILTER (WHERE NOT f.ordered AND NOT f.converted) AS unconverted_refunds
FROM fact AS f
GROUP BY 1, 2 ORDER BY 1, 2
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
