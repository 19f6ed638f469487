-- What the persons that were acquired in a window (first completed order ever) brought in, and cost, until the end of a day.
-- $1 first day, $2 day after the last (date[] of one); $3 what to group by: channel, campaign or storefront, as the first order has
-- it, or country (of the person); $4 the last day whose facts count.
WITH acquired AS (
    SELECT d.customer_id,
           CASE $3::text WHEN 'channel' THEN d.channel WHEN 'campaign' THEN d.campaign WHEN 'storefront' THEN d.storefront
                         WHEN 'country' THEN c.country END AS key
    FROM customer_days AS d LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = d.customer_id
    WHERE d.previous_day = '-infinity' AND d.day >= ($1::date[])[1] AND d.day < least(($2::date[])[1], $4::date + 1)
)
SELECT 1 AS bucket, a.key,
       sum(c.customers) AS acquired_customers,
       trunc(sum(c.customers * shop.cut_us - c.first_us)) AS acquired_observed_us,
       sum(c.net) AS acquired_net,
       sum(c.net_with_cost) AS acquired_net_with_cost,
       sum(c.cost) AS acquired_cost,
       sum(c.unconverted) AS unconverted_acquired,
       sum(c.costs) AS acquired_costs,
       sum(c.unconverted_costs) AS unconverted_costs
FROM (SELECT extract(epoch FROM day_start($4::date + 1, time_zone)) * 1000000 AS cut_us FROM settings) AS shop
CROSS JOIN acquired AS a JOIN customer_days AS d USING (customer_id) CROSS JOIN LATERAL day_cohort(d) AS c
WHERE d.day <= $4::date
GROUP BY a.key ORDER BY a.key
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
