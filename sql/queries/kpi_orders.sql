-- Completed orders, sales, refunds and cost of goods by group.
-- $1 first day, $2 day after the last (date[] of one); $3 what to group by: channel, campaign, storefront or country
-- (of the person).
-- A refund counts on its own day, in the group of its order. Groups do not say what was left out, so tests make none.
SELECT 1 AS bucket,
       CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign WHEN 'storefront' THEN o.storefront
                     WHEN 'country' THEN c.country END AS key,
       sum(o.orders) AS orders,
       coalesce(sum(o.converted) FILTER (WHERE o.orders = 1), 0) AS converted_orders,
       coalesce(sum(o.net) FILTER (WHERE o.orders = 1), 0) AS sales,
       sum(o.net) AS net_sales,
       sum(o.net_with_cost) AS net_with_cost,
       sum(o.cost) AS cost,
       0 AS test_orders,
       count(*) FILTER (WHERE o.orders = 1 AND o.converted = 0) AS unconverted_orders,
       count(*) FILTER (WHERE o.orders = 0 AND o.converted = 0) AS unconverted_refunds
FROM day_orders AS o LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = o.customer_id
WHERE o.day >= ($1::date[])[1] AND o.day < ($2::date[])[1]
GROUP BY 2 ORDER BY 2
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
