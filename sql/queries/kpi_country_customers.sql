-- Persons with completed orders by country (of the person): who is new, who came back, and after how long.
-- $1 first day, $2 day after the last (date[] of one).
-- As kpi_recency.sql and kpi_gaps.sql count them for the whole shop, but from the days of persons, of the window and the one before it.
WITH shop AS MATERIALIZED (
    SELECT b.first AS a, b.past AS b,
           -- Not before the first year: no fact is.
           b.first - least(b.past - b.first, b.first - date '0001-01-01') AS p
    FROM unnest($1::date[], $2::date[]) AS b(first, past)
), day AS MATERIALIZED (
    SELECT c.country AS key, d.day >= s.a AS inside, d.previous_day, d.second_day, d.first_day, d.orders, d.converted, d.net,
           d.gap_us, d.more_gaps, CASE WHEN d.previous_day = '-infinity' THEN d.others END AS others
    FROM shop AS s JOIN customer_days AS d ON d.day >= s.p AND d.day < s.b LEFT JOIN customers AS c USING (customer_id)
    -- For the planner, which cannot see what the exact bounds will be.
    WHERE d.day >= ($1::date[])[1] - (($2::date[])[1] - ($1::date[])[1]) AND d.day < ($2::date[])[1] AND d.previous_day IS NOT NULL
), middle AS (
    SELECT g.key, (2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY g.us::float8))::bigint AS half_us
    FROM (SELECT d.key, d.gap_us AS us FROM day AS d WHERE d.inside AND d.gap_us IS NOT NULL
          UNION ALL
          SELECT d.key, unnest(d.more_gaps) FROM day AS d WHERE d.inside AND d.more_gaps IS NOT NULL) AS g
    GROUP BY g.key
), counted AS (
    SELECT d.key,
           count(*) FILTER (WHERE d.inside AND d.previous_day < s.a) AS active,
           count(*) FILTER (WHERE d.inside AND d.previous_day = '-infinity') AS new,
           count(*) FILTER (WHERE d.inside AND d.previous_day >= s.p AND d.previous_day < s.a) AS retained,
           count(*) FILTER (WHERE NOT d.inside AND d.previous_day < s.p) AS previous,
           -- As day_cells has them.
           count(*) FILTER (WHERE d.inside AND d.second_day < s.a)
               + count(*) FILTER (WHERE d.inside AND d.orders > 1 AND d.previous_day < s.a) AS second,
           count(*) FILTER (WHERE d.inside AND d.first_day >= s.a
                            AND (d.second_day = '-infinity' OR (d.previous_day = '-infinity' AND d.orders > 1))) AS new_twice,
           sum(d.converted) FILTER (WHERE d.inside) AS converted,
           sum(d.net) FILTER (WHERE d.inside) AS net,
           sum((d.others ->> 'first_orders')::bigint) FILTER (WHERE d.inside) AS first_orders,
           sum((d.others ->> 'first_sales')::bigint) FILTER (WHERE d.inside) AS first_sales,
           count(d.gap_us) FILTER (WHERE d.inside) + coalesce(sum(cardinality(d.more_gaps)) FILTER (WHERE d.inside), 0) AS gaps,
           coalesce(sum(d.gap_us) FILTER (WHERE d.inside), 0)
               + coalesce(sum((SELECT sum(g.us) FROM unnest(d.more_gaps) AS g(us))) FILTER (WHERE d.inside), 0) AS gap_us
    FROM shop AS s CROSS JOIN day AS d GROUP BY d.key
)
SELECT 1 AS bucket, c.key,
       c.active AS active_customers,
       c.new AS new_customers,
       c.second - (c.active - c.new) AS repeat_customers,
       c.active - c.new + c.new_twice AS returning_customers,
       c.previous AS previous_customers,
       c.retained AS retained_customers,
       c.previous - c.retained AS lost_customers,
       c.active - c.new - c.retained AS reactivated_customers,
       coalesce(c.first_orders, 0) AS first_orders,
       coalesce(c.first_sales, 0) AS first_sales,
       coalesce(c.converted, 0) - coalesce(c.first_orders, 0) AS repeat_orders,
       coalesce(c.net, 0) - coalesce(c.first_sales, 0) AS repeat_sales,
       c.gaps, c.gap_us,
       coalesce(m.half_us, 0) AS gap_median_half_us
FROM counted AS c LEFT JOIN middle AS m ON m.key IS NOT DISTINCT FROM c.key
ORDER BY c.key COLLATE "C"
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
