-- Persons with completed orders by group: who is new, who came back, and after how long.
-- $1 first day, $2 day after the last (date[] of one); $3 what to group by: channel, campaign, storefront or country
-- (of the person).
-- As kpi_recency.sql and kpi_gaps.sql count them for the whole shop, but from the days of persons, of the window and the one before it.
-- A person counts in each group that it ordered in; what is said of it is about all its orders. Retained is who ordered again,
-- anywhere, of those who ordered in the group in the window before.
WITH bounds AS NOT MATERIALIZED (
    -- Known to the planner; p not before the first year: no fact is.
    SELECT w.a, w.b, w.a - least(w.b - w.a, w.a - date '0001-01-01') AS p
    FROM (SELECT ($1::date[])[1] AS a, ($2::date[])[1] AS b) AS w
), placed AS MATERIALIZED (
    SELECT o.customer_id, o.day >= s.a AS inside, o.previous_day, o.converted, o.net, o.gap_us,
           CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign WHEN 'storefront' THEN o.storefront
                         WHEN 'country' THEN c.country END AS key
    FROM bounds AS s JOIN day_orders AS o ON o.day >= s.p AND o.day < s.b AND o.orders = 1
    LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = o.customer_id
), customer AS MATERIALIZED (
    -- Of each person in each group; last_day is the last one before the window.
    SELECT o.customer_id, o.key, bool_or(NOT o.inside) AS before, count(*) FILTER (WHERE o.inside) AS orders,
           min(o.previous_day) FILTER (WHERE o.inside) AS last_day
    FROM placed AS o GROUP BY o.customer_id, o.key
), person AS (
    SELECT c.customer_id, sum(c.orders) > 1 AS twice, min(c.last_day) AS last_day
    FROM customer AS c WHERE c.orders > 0 GROUP BY c.customer_id
), counted AS (
    SELECT c.key,
           count(*) FILTER (WHERE c.orders > 0) AS active,
           count(*) FILTER (WHERE c.orders > 0 AND p.twice) AS twice,
           count(*) FILTER (WHERE c.orders > 0 AND (p.twice OR p.last_day > '-infinity')) AS returning,
           count(*) FILTER (WHERE c.orders > 0 AND p.last_day > '-infinity' AND p.last_day < s.p) AS reactivated,
           count(*) FILTER (WHERE c.before) AS previous,
           count(*) FILTER (WHERE c.before AND p.customer_id IS NOT NULL) AS retained
    FROM bounds AS s CROSS JOIN customer AS c LEFT JOIN person AS p USING (customer_id) GROUP BY c.key
), gained AS (
    SELECT o.key,
           count(*) FILTER (WHERE o.gap_us IS NULL) AS new,
           sum(o.converted) FILTER (WHERE o.gap_us IS NULL) AS first_orders,
           sum(o.net) FILTER (WHERE o.gap_us IS NULL) AS first_sales,
           sum(o.converted) FILTER (WHERE o.gap_us IS NOT NULL) AS repeat_orders,
           sum(o.net) FILTER (WHERE o.gap_us IS NOT NULL) AS repeat_sales,
           count(o.gap_us) AS gaps,
           sum(o.gap_us) AS gap_us,
           -- Twice the median is a whole number.
           (2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY o.gap_us::float8))::bigint AS gap_median_half_us
    FROM placed AS o WHERE o.inside GROUP BY o.key
)
SELECT 1 AS bucket, c.key,
       c.active AS active_customers,
       coalesce(g.new, 0) AS new_customers,
       c.twice AS repeat_customers,
       c.returning AS returning_customers,
       c.previous AS previous_customers,
       c.retained AS retained_customers,
       c.previous - c.retained AS lost_customers,
       c.reactivated AS reactivated_customers,
       coalesce(g.first_orders, 0) AS first_orders,
       coalesce(g.first_sales, 0) AS first_sales,
       coalesce(g.repeat_orders, 0) AS repeat_orders,
       coalesce(g.repeat_sales, 0) AS repeat_sales,
       coalesce(g.gaps, 0) AS gaps,
       coalesce(g.gap_us, 0) AS gap_us,
       coalesce(g.gap_median_half_us, 0) AS gap_median_half_us
FROM counted AS c LEFT JOIN gained AS g ON g.key IS NOT DISTINCT FROM c.key
ORDER BY c.key
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
