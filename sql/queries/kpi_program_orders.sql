-- What loyalty members and referred persons ordered by group. $1 first day, $2 day after the last (date[] of one); $3 what to
-- group by: channel, campaign, storefront or country (of the person).
-- A member is one at the instant of the order. Who came by referral counts so with all orders; a refund counts on its own
-- day, in the group of its order.
SELECT 1 AS bucket,
       CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign WHEN 'storefront' THEN o.storefront
                     WHEN 'country' THEN c.country END AS key,
       count(DISTINCT o.customer_id) FILTER (WHERE o.member) AS member_customers,
       count(*) FILTER (WHERE o.referred AND o.orders = 1 AND o.gap_us IS NULL) AS referred_customers,
       coalesce(sum(o.net) FILTER (WHERE o.referred), 0) AS referred_net,
       coalesce(sum(o.net_with_cost) FILTER (WHERE o.referred), 0) AS referred_net_with_cost,
       coalesce(sum(o.cost) FILTER (WHERE o.referred), 0) AS referred_cost,
       count(*) FILTER (WHERE o.referred AND o.converted = 0) AS unconverted_referred
FROM day_orders AS o LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = o.customer_id
WHERE o.day >= ($1::date[])[1] AND o.day < ($2::date[])[1] AND (o.member OR o.referred)
GROUP BY 2 ORDER BY 2
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
