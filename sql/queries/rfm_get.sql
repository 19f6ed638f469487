-- Persons by recency, frequency and monetary value. $1 the last day that counts, NULL for today; $2 the first one, or NULL.
-- Recency is days since the last completed order, frequency completed orders, monetary their net sales without what had
-- been refunded of them by then. A score is ceil(5 x cumulative distribution): equal values have equal scores, 5 is best.
-- One row per group of scores that has somebody, with the worst values in it; a single row without scores when nobody
-- ordered. Each row repeats the day, and how many test orders there were.
WITH shop AS MATERIALIZED (
    SELECT s.base_currency, s.time_zone, s.at, day_start(s.at + 1, s.time_zone) AS ends,
           coalesce(day_start($2::date, s.time_zone), '-infinity'::timestamptz) AS begins
    FROM (SELECT *, coalesce($1::date, local_day(now(), time_zone)) AS at FROM settings) AS s
), fact AS (
    SELECT o.customer_id, o.ordered_at, (NOT o.test)::integer AS orders, o.test::integer AS tests,
           CASE WHEN o.base_currency = shop.base_currency AND NOT o.test THEN o.base_net ELSE 0 END AS net,
           (o.base_currency <> shop.base_currency AND NOT o.test)::integer AS unconverted
    FROM shop JOIN orders AS o ON o.ordered_at >= shop.begins AND o.ordered_at < shop.ends
    WHERE o.status IN ('paid', 'fulfilled')
    UNION ALL
    SELECT n.customer_id, NULL, 0, 0, CASE WHEN n.base_currency = shop.base_currency THEN -n.base_net ELSE 0 END,
           (n.base_currency <> shop.base_currency)::integer
    FROM shop JOIN refund_nets AS n ON n.ordered_at >= shop.begins AND n.ordered_at < shop.ends
    WHERE n.refunded_at < shop.ends AND n.status IN ('paid', 'fulfilled') AND NOT n.test
), person AS MATERIALIZED (
    SELECT coalesce(p.person_id, f.customer_id) AS person_id, max(f.ordered_at) FILTER (WHERE f.orders > 0) AS last_at,
           sum(f.orders) AS orders, sum(f.net) AS sales, sum(f.tests) AS tests, sum(f.unconverted) AS unconverted
    FROM fact AS f LEFT JOIN customer_persons AS p USING (customer_id)
    GROUP BY 1
), counted AS (
    SELECT shop.at - local_day(p.last_at, shop.time_zone) AS days, p.orders, p.sales, p.unconverted
    FROM shop, person AS p WHERE p.orders > 0
), scored AS (
    -- count(*) OVER (ORDER BY ...) takes equal values in: it is n x the cumulative distribution, and this stays exact.
    SELECT c.*, (5 * count(*) OVER (ORDER BY days DESC) + count(*) OVER () - 1) / count(*) OVER () AS recency,
           (5 * count(*) OVER (ORDER BY orders) + count(*) OVER () - 1) / count(*) OVER () AS frequency,
           (5 * count(*) OVER (ORDER BY sales) + count(*) OVER () - 1) / count(*) OVER () AS monetary
    FROM counted AS c
), segment AS (
    SELECT recency, frequency, monetary, count(*) AS customers, sum(sales) AS sales, max(days) AS days_max,
           min(orders) AS orders_min, min(sales) AS sales_min, sum(unconverted) AS unconverted
    FROM scored GROUP BY recency, frequency, monetary
)
SELECT shop.at, t.tests, s.recency, s.frequency, s.monetary, s.customers, s.sales, s.days_max, s.orders_min, s.sales_min,
       s.unconverted
FROM shop CROSS JOIN (SELECT coalesce(sum(tests), 0) AS tests FROM person) AS t LEFT JOIN segment AS s ON true
ORDER BY s.recency DESC, s.frequency DESC, s.monetary DESC;
