-- Persons by recency, frequency and monetary value. $1 the last day that counts, NULL for today; $2 the first one, or NULL.
-- Recency is days since the last completed order, frequency completed orders, monetary their net sales without what had
-- been refunded of them by then. A score is ceil(5 x cumulative distribution): equal values have equal scores, 5 is best.
-- One row per group of scores that has somebody, with the worst values in it; a single row without scores when nobody
-- ordered. Each row repeats the day, and how many test orders there were.
-- Orders are read as days of persons. So are their refunds, as long as all orders before the end count; after a first day, a refund
-- may be of an order that lies before it, which only the refund itself says.
WITH shop AS MATERIALIZED (
    SELECT s.base_currency, s.time_zone, s.at, v.rolled
    FROM (SELECT *, coalesce($1::date, local_day(now(), time_zone)) AS at FROM settings) AS s CROSS JOIN data_version AS v
), test AS (
    SELECT coalesce(sum(p.sign * m.amount), 0) AS tests
    FROM shop CROSS JOIN LATERAL near_pieces(coalesce($2::date, '-infinity'), shop.at + 1, shop.rolled) AS p
    JOIN daily_measures AS m ON m.dimension = '' AND m.grain = p.grain AND m.day >= p.first AND m.day < p.past AND m.measure = 'test_orders'
), returned AS (
    SELECT coalesce(p.person_id, n.customer_id) AS customer_id, sum(n.base_net) FILTER (WHERE n.base_currency = shop.base_currency) AS net,
           count(*) FILTER (WHERE n.base_currency <> shop.base_currency) AS unconverted
    FROM shop JOIN refund_nets AS n ON n.ordered_at >= day_start($2::date, shop.time_zone) AND n.ordered_at < day_start(shop.at + 1, shop.time_zone)
    LEFT JOIN customer_persons AS p USING (customer_id)
    WHERE n.refunded_at < day_start(shop.at + 1, shop.time_zone) AND n.status IN ('paid', 'fulfilled') AND NOT n.test
    GROUP BY 1
), person AS (
    SELECT d.customer_id, max(d.day) FILTER (WHERE d.orders > 0) AS last_day, sum(d.orders)::bigint AS orders, sum(d.net) AS net,
           sum(d.returned) AS returned, coalesce(sum(d.orders - d.converted), 0) AS unconverted,
           coalesce(sum(d.unconverted_returns), 0) AS unconverted_returns
    FROM customer_days AS d
    -- + 0: most days are before the end, so no index is of use.
    WHERE d.day + 0 <= (SELECT at FROM shop) AND ($2::date IS NULL OR d.day >= $2::date)
    GROUP BY d.customer_id HAVING sum(d.orders) > 0
), counted AS (
    SELECT shop.at - p.last_day AS days, p.orders, p.net - coalesce(CASE WHEN $2::date IS NULL THEN p.returned ELSE r.net END, 0) AS sales,
           p.unconverted + CASE WHEN $2::date IS NULL THEN p.unconverted_returns ELSE coalesce(r.unconverted, 0) END AS unconverted
    FROM shop CROSS JOIN person AS p LEFT JOIN returned AS r ON $2::date IS NOT NULL AND r.customer_id = p.customer_id
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
FROM shop CROSS JOIN test AS t LEFT JOIN segment AS s ON true
ORDER BY s.recency DESC, s.frequency DESC, s.monetary DESC;
