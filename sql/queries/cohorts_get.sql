-- Cohorts by the calendar period of the first completed order ever, and what they did in each period since.
-- $1 day, week, month, quarter or year; $2, $3 only cohorts whose first day is in [$2, $3), NULL for all until today;
-- $4 the most rows. Periods run to the one of today, or of the day before $3 if that is later.
WITH shop AS MATERIALIZED (
    -- date_trunc weeks begin on Monday; `shift` moves the days so that they begin where the shop's do.
    SELECT time_zone, base_currency, today, coalesce($3::date, today + 1) AS past,
           greatest(today, coalesce($3::date - 1, today)) AS last_day,
           CASE WHEN $1 = 'week' AND week_start = 'sunday' THEN 1 ELSE 0 END AS shift,
           CASE $1 WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || $1)::interval END AS step
    FROM (SELECT *, local_day(now(), time_zone) AS today FROM settings) AS s
), first_seen AS (
    SELECT customer_id, min(ordered_at) AS first_at FROM orders
    WHERE status IN ('paid', 'fulfilled') AND NOT test
    GROUP BY customer_id
), member AS MATERIALIZED (
    SELECT f.customer_id, c.cohort
    FROM shop, first_seen AS f
    CROSS JOIN LATERAL (SELECT date_trunc($1, (local_day(f.first_at, shop.time_zone) + shop.shift)::timestamp)::date
                               - shop.shift AS cohort) AS c
    WHERE c.cohort < shop.past AND ($2::date IS NULL OR c.cohort >= $2::date)
), cohort AS (
    SELECT cohort, count(*) AS customers FROM member GROUP BY cohort
), period AS (
    SELECT first::date - shop.shift AS first, (first + shop.step)::date - shop.shift AS past
    FROM shop, generate_series(
        (SELECT min(cohort) + shop.shift FROM cohort)::timestamp, (shop.last_day + shop.shift)::timestamp, shop.step)
        AS first
), fact AS (
    SELECT m.cohort, m.customer_id, o.ordered_at AS at, true AS ordered,
           CASE WHEN o.base_currency = shop.base_currency THEN o.base_net ELSE 0 END AS net
    FROM shop, member AS m JOIN orders AS o USING (customer_id)
    WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test
    UNION ALL
    SELECT m.cohort, m.customer_id, n.refunded_at, false,
           CASE WHEN n.base_currency = shop.base_currency THEN -n.base_net ELSE 0 END
    FROM shop, member AS m JOIN refund_nets AS n USING (customer_id)
    WHERE n.status IN ('paid', 'fulfilled') AND NOT n.test
), behaviour AS (
    -- One row per customer and period, so that customers are counted without a DISTINCT.
    SELECT f.cohort, date_trunc($1, (local_day(f.at, shop.time_zone) + shop.shift)::timestamp)::date - shop.shift
               AS first, f.customer_id, bool_or(f.ordered) AS ordered, sum(f.net) AS net
    FROM shop, fact AS f GROUP BY 1, 2, 3
), cell AS (
    SELECT cohort, first, count(*) FILTER (WHERE ordered) AS customers, sum(net) AS sales
    FROM behaviour GROUP BY cohort, first
)
SELECT c.cohort, c.customers AS cohort_customers,
       row_number() OVER (PARTITION BY c.cohort ORDER BY p.first) - 1 AS index,
       coalesce(cell.customers, 0) AS customers,
       coalesce(cell.sales, 0) AS sales,
       p.past <= shop.today AS complete
FROM shop, cohort AS c JOIN period AS p ON p.first >= c.cohort LEFT JOIN cell USING (cohort, first)
ORDER BY c.cohort, p.first LIMIT $4::bigint;
