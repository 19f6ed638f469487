-- Completed orders, sales, refunds and cost of goods per bucket.
-- $1 first days, $2 days after the last (date[], ascending, disjoint).
-- A refund counts on its own day, with its share of net sales and of cost; one of an order that is no longer
-- completed does not count, because its order does not either.
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
), sold AS (
    SELECT width_bucket(o.ordered_at, (SELECT starts FROM span)) AS bucket,
           count(*) FILTER (WHERE NOT o.test) AS orders,
           count(*) FILTER (WHERE NOT o.test AND o.base_currency = span.base_currency) AS converted_orders,
           sum(o.base_net) FILTER (WHERE NOT o.test AND o.base_currency = span.base_currency) AS sales,
           sum(o.base_net_with_cost) FILTER (WHERE NOT o.test AND o.base_currency = span.base_currency)
               AS net_with_cost,
           sum(o.base_cost) FILTER (WHERE NOT o.test AND o.base_currency = span.base_currency) AS cost,
           count(*) FILTER (WHERE o.test) AS test_orders,
           count(*) FILTER (WHERE NOT o.test AND o.base_currency <> span.base_currency) AS unconverted_orders
    FROM span JOIN orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    WHERE o.status IN ('paid', 'fulfilled')
      AND o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
    GROUP BY 1
), refunded AS (
    SELECT DISTINCT r.customer_id, r.order_id
    FROM span JOIN refunds AS r ON r.refunded_at >= span.begins AND r.refunded_at < span.ends
    WHERE r.refunded_at >= ($1::date[])[1] - 1 AND r.refunded_at < ($2::date[])[cardinality($2::date[])] + 1
), returned AS (
    -- By order (OFFSET 0 keeps it so), that the view reads the refunds of these orders alone.
    SELECT width_bucket(n.refunded_at, (SELECT starts FROM span)) AS bucket,
           sum(n.base_net) FILTER (WHERE n.base_currency = span.base_currency) AS net,
           sum(n.base_net_with_cost) FILTER (WHERE n.base_currency = span.base_currency) AS net_with_cost,
           sum(n.base_cost) FILTER (WHERE n.base_currency = span.base_currency) AS cost,
           count(*) FILTER (WHERE n.base_currency <> span.base_currency) AS unconverted
    FROM span, refunded AS f
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v
                        WHERE v.customer_id = f.customer_id AND v.order_id = f.order_id OFFSET 0) AS n
    WHERE n.refunded_at >= span.begins AND n.refunded_at < span.ends
      AND n.status IN ('paid', 'fulfilled') AND NOT n.test
    GROUP BY 1
)
SELECT b.bucket,
       coalesce(s.orders, 0) AS orders,
       coalesce(s.converted_orders, 0) AS converted_orders,
       coalesce(s.sales, 0) AS sales,
       coalesce(s.sales, 0) - coalesce(r.net, 0) AS net_sales,
       coalesce(s.net_with_cost, 0) - coalesce(r.net_with_cost, 0) AS net_with_cost,
       coalesce(s.cost, 0) - coalesce(r.cost, 0) AS cost,
       coalesce(s.test_orders, 0) AS test_orders,
       coalesce(s.unconverted_orders, 0) AS unconverted_orders,
       coalesce(r.unconverted, 0) AS unconverted_refunds
FROM bucket AS b LEFT JOIN sold AS s USING (bucket) LEFT JOIN returned AS r USING (bucket)
ORDER BY b.bucket;
