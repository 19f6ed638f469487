-- Cohorts of persons by the calendar period of the first completed order ever, and what they did in each period since.
-- $1 day, week, month, quarter or year; $2, $3 only cohorts whose first day is in [$2, $3), NULL for all until today;
-- $4 the most rows. Periods run to the one of today, or of the day before $3 if that is later.
WITH shop AS MATERIALIZED (
    -- date_trunc weeks begin on Monday; `shift` moves the days so that they begin where the shop's do.
    SELECT today, coalesce($3::date, today + 1) AS past,
           greatest(today, coalesce($3::date - 1, today)) AS last_day,
           CASE WHEN $1 = 'week' AND week_start = 'sunday' THEN 1 ELSE 0 END AS shift,
           CASE $1 WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || $1)::interval END AS step
    FROM (SELECT *, local_day(now(), time_zone) AS today FROM settings) AS s
), period AS MATERIALIZED (
    -- From the one of the first order of all, numbered from 1.
    SELECT p.n, p.first::date - shop.shift AS first, (p.first + shop.step)::date - shop.shift AS past
    FROM shop, generate_series(
        date_trunc($1, (SELECT min(d.day) + shop.shift FROM customer_days AS d WHERE d.previous_day = '-infinity')::timestamp),
        (shop.last_day + shop.shift)::timestamp, shop.step) WITH ORDINALITY AS p(first, n)
), calendar AS MATERIALIZED (
    -- A day is in one period; grouped, so that the planner does not take it for being in a thousand.
    SELECT d::date AS day, min(p.n) AS n, min(p.first) AS first
    FROM period AS p CROSS JOIN generate_series(p.first::timestamp, p.past - interval '1 day', interval '1 day') AS d GROUP BY 1
), cell AS (
    -- Of the days with orders in a period, the first of a person has its last order before it: persons are counted without a
    -- DISTINCT. A refund takes off on its own day. + 0: all days are read, so no index is of use.
    SELECT m.n AS cohort, c.n, count(*) FILTER (WHERE d.previous_day < c.first) AS customers,
           sum(coalesce(d.net, 0) + coalesce((d.others ->> 'net_sales')::bigint, 0)) AS sales
    FROM customer_days AS d JOIN calendar AS m ON m.day = d.first_day JOIN calendar AS c ON c.day = d.day + 0
    WHERE m.first < (SELECT past FROM shop) AND ($2::date IS NULL OR m.first >= $2::date)
    GROUP BY m.n, c.n
), cohort AS (
    -- All of them ordered in their first period.
    SELECT cohort, customers FROM cell WHERE n = cohort
)
SELECT start.first AS cohort, c.customers AS cohort_customers, p.n - c.cohort AS index,
       coalesce(cell.customers, 0) AS customers,
       coalesce(cell.sales, 0) AS sales,
       p.past <= shop.today AS complete
FROM shop, cohort AS c JOIN period AS start ON start.n = c.cohort JOIN period AS p ON p.n >= c.cohort
LEFT JOIN cell ON cell.cohort = c.cohort AND cell.n = p.n
ORDER BY c.cohort, p.n LIMIT $4::bigint;
