-- Completed orders, sales, refunds and cost of goods by country (of the person). $1 first day, $2 day after the last (date[] of one).
-- A refund counts on its own day. Groups do not say what was left out, so tests make none.
SELECT 1 AS bucket, c.country AS key,
       coalesce(sum(d.orders), 0) AS orders,
       coalesce(sum(d.converted), 0) AS converted_orders,
       coalesce(sum(d.net), 0) AS sales,
       coalesce(sum(d.net), 0) + coalesce(sum((r.others ->> 'net_sales')::bigint), 0) AS net_sales,
       coalesce(sum(d.net_with_cost), 0) + coalesce(sum((r.others ->> 'net_with_cost')::bigint), 0) AS net_with_cost,
       coalesce(sum(d.cost), 0) + coalesce(sum((r.others ->> 'cost')::bigint), 0) AS cost,
       0 AS test_orders,
       coalesce(sum(d.orders - d.converted), 0) AS unconverted_orders,
       coalesce(sum((r.others ->> 'unconverted_refunds')::bigint), 0) AS unconverted_refunds
FROM customer_days AS d
-- Only days with refunds have these.
CROSS JOIN LATERAL (SELECT CASE WHEN d.others ? 'unconverted_refunds' THEN d.others END AS others) AS r
LEFT JOIN customers AS c USING (customer_id)
WHERE d.day >= ($1::date[])[1] AND d.day < ($2::date[])[1] AND (d.orders IS NOT NULL OR r.others IS NOT NULL)
GROUP BY 1, 2 ORDER BY c.country COLLATE "C"
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
