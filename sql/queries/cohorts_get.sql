-- Cohorts of persons by the calendar period of the first completed order ever, and what they did in each period since.
-- $1 day, week, month, quarter or year; $2, $3 only cohorts whose first day is in [$2, $3), NULL for all until today;
-- $4 the most rows. Periods run to the one of today, or of the day before $3 if that is later.
WITH shop AS MATERIALIZED (
    -- date_trunc weeks begin on Monday; `shift` moves the days so that they begin where the shop's do.
    SELECT time_zone, base_currency, today, coalesce($3::date, today + 1) AS past,
           greatest(today, coalesce($3::date - 1, today)) AS last_day,
           CASE WHEN $1 = 'week' AND week_start = 'sunday' THEN 1 ELSE 0 END AS shift,
           CASE $1 WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || $1)::interval END AS step
    FROM (SELECT *, local_day(now(), time_zone) AS today FROM settings) AS s
), period AS MATERIALIZED (
    -- From the one of the first order of all, numbered from 1.
    SELECT p.n, p.first::date - shop.shift AS first, (p.first + shop.step)::date - shop.shift AS past,
           day_start(p.first::date - shop.shift, shop.time_zone) AS begins,
           day_start((p.first + shop.step)::date - shop.shift, shop.time_zone) AS ends
    FROM shop, generate_series(
        date_trunc($1, (SELECT local_day(min(o.ordered_at), shop.time_zone) + shop.shift FROM orders AS o
                        WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test)::timestamp),
        (shop.last_day + shop.shift)::timestamp, shop.step) WITH ORDINALITY AS p(first, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY n) AS starts, max(ends) AS ends FROM period
), first_seen AS (
    SELECT person_id, min(ordered_at) AS first_at FROM completed_orders GROUP BY person_id
), member AS MATERIALIZED (
    SELECT f.person_id, p.n AS cohort
    FROM shop, span CROSS JOIN first_seen AS f
    JOIN period AS p ON p.n = width_bucket(f.first_at, (SELECT starts FROM span))
    WHERE p.first < shop.past AND ($2::date IS NULL OR p.first >= $2::date) AND f.first_at < span.ends
), cohort AS (
    SELECT cohort, count(*) AS customers FROM member GROUP BY cohort
), known AS (
    -- All rows of a person: its own, and those that are linked to it.
    SELECT cohort, person_id, person_id AS customer_id FROM member
    UNION ALL
    SELECT m.cohort, m.person_id, p.customer_id FROM member AS m JOIN customer_persons AS p USING (person_id)
), fact AS (
    SELECT k.cohort, k.person_id, o.ordered_at AS at, true AS ordered,
           CASE WHEN o.base_currency = shop.base_currency THEN o.base_net ELSE 0 END AS net
    FROM shop, known AS k JOIN orders AS o USING (customer_id)
    WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test
    UNION ALL
    SELECT k.cohort, k.person_id, n.refunded_at, false,
           CASE WHEN n.base_currency = shop.base_currency THEN -n.base_net ELSE 0 END
    FROM shop, known AS k JOIN refund_nets AS n USING (customer_id)
    WHERE n.status IN ('paid', 'fulfilled') AND NOT n.test
), behaviour AS (
    -- One row per person and period, so that persons are counted without a DISTINCT.
    SELECT f.cohort, width_bucket(f.at, (SELECT starts FROM span)) AS n, f.person_id, bool_or(f.ordered) AS ordered,
           sum(f.net) AS net
    FROM span, fact AS f WHERE f.at < span.ends GROUP BY 1, 2, 3
), cell AS (
    SELECT cohort, n, count(*) FILTER (WHERE ordered) AS customers, sum(net) AS sales
    FROM behaviour GROUP BY cohort, n
)
SELECT start.first AS cohort, c.customers AS cohort_customers, p.n - c.cohort AS index,
       coalesce(cell.customers, 0) AS customers,
       coalesce(cell.sales, 0) AS sales,
       p.past <= shop.today AS complete
FROM shop, cohort AS c JOIN period AS start ON start.n = c.cohort JOIN period AS p ON p.n >= c.cohort
LEFT JOIN cell ON cell.cohort = c.cohort AND cell.n = p.n
ORDER BY c.cohort, p.n LIMIT $4::bigint;
