-- keep 2
-- The median gap between two orders in a row of one person, per bucket (the bucket of the later one), twice it, which is a whole
-- number of microseconds. $1 first days, $2 days after the last (date[], ascending, disjoint).
-- The histogram says how long the middle ones are, by calendar months and then by whole days: cells of kind gap lie as many
-- days before 2000 as a gap is long. Only gaps of that length are looked at.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, b.past FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), last AS MATERIALIZED (
    SELECT v.rolled, (SELECT max(d.day) + 1 FROM customer_days AS d) AS past FROM data_version AS v
), piece AS MATERIALIZED (
    SELECT b.bucket, p.* FROM last AS l CROSS JOIN bucket AS b CROSS JOIN LATERAL near_pieces(b.first, least(b.past, l.past), l.rolled) AS p
), month AS (
    SELECT p.bucket, c.month, sum(p.sign * c.gaps) AS gaps
    FROM piece AS p CROSS JOIN LATERAL (
        SELECT r.previous_day AS month, sum(r.customers) AS gaps FROM recency AS r
        WHERE r.grain = (p.grain || ' month')::sum_grain AND r.kind = 'gap' AND r.day >= p.first AND r.day < p.past GROUP BY 1) AS c
    GROUP BY p.bucket, c.month
), placed AS (
    SELECT bucket, month, gaps, sum(gaps) OVER (PARTITION BY bucket ORDER BY month DESC) - gaps AS shorter,
           sum(gaps) OVER (PARTITION BY bucket) AS total
    FROM month
), middle_month AS MATERIALIZED (
    -- The two middle ones, from 0; of an odd number they are one.
    SELECT p.bucket, p.month, m.which, m.rank - p.shorter AS rank
    FROM placed AS p CROSS JOIN LATERAL (VALUES (1, div(p.total - 1, 2)), (2, div(p.total, 2))) AS m(which, rank)
    WHERE m.rank >= p.shorter AND m.rank < p.shorter + p.gaps
), length AS (
    SELECT m.bucket, m.month, date '2000-01-01' - r.previous_day AS days, sum(p.sign * r.gaps) AS gaps
    FROM (SELECT DISTINCT bucket, month FROM middle_month) AS m JOIN piece AS p USING (bucket)
    CROSS JOIN LATERAL piece_days(p.grain, p.first, p.past) AS d(day)
    CROSS JOIN LATERAL (
        SELECT r.previous_day, r.customers AS gaps FROM recency AS r
        WHERE r.grain = (p.grain || ' day')::sum_grain AND r.kind = 'gap' AND r.day = d.day
          AND r.previous_day >= m.month AND r.previous_day < (m.month + interval '1 month')::date OFFSET 0) AS r
    GROUP BY 1, 2, 3
), ranked AS (
    SELECT bucket, month, days, gaps, sum(gaps) OVER (PARTITION BY bucket, month ORDER BY days) - gaps AS shorter FROM length
), middle AS MATERIALIZED (
    SELECT m.bucket, m.which, r.days, m.rank - r.shorter AS rank
    FROM middle_month AS m JOIN ranked AS r USING (bucket, month) WHERE m.rank >= r.shorter AND m.rank < r.shorter + r.gaps
), candidate AS MATERIALIZED (
    SELECT m.bucket, m.days, array_agg(g.us ORDER BY g.us) AS us
    FROM (SELECT DISTINCT bucket, days FROM middle) AS m JOIN bucket AS b USING (bucket)
    CROSS JOIN LATERAL (
        SELECT d.gap_us AS us FROM customer_days AS d
        WHERE d.gap_us / 86400000000 = m.days AND d.day >= b.first AND d.day < b.past
        UNION ALL
        -- Of one day, which has at most 25 hours.
        SELECT g.us FROM customer_days AS d CROSS JOIN LATERAL unnest(d.more_gaps) AS g(us)
        WHERE m.days <= 1 AND d.more_gaps IS NOT NULL AND d.day >= b.first AND d.day < b.past AND g.us / 86400000000 = m.days) AS g
    GROUP BY m.bucket, m.days
)
SELECT b.bucket, NULL AS key, coalesce(sum(c.us[m.rank::integer + 1]), 0) AS gap_median_half_us
FROM bucket AS b LEFT JOIN (middle AS m JOIN candidate AS c USING (bucket, days)) USING (bucket)
GROUP BY b.bucket ORDER BY b.bucket;
