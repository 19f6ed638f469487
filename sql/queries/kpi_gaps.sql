-- The median gap between two orders in a row of one person, per bucket (the bucket of the later one), twice it, which is a whole
-- number of microseconds. $1 first days, $2 days after the last (date[], ascending, disjoint).
-- The histogram of whole days says of which length the middle ones are; only gaps of that length are looked at.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, b.past FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), piece AS MATERIALIZED (
    SELECT s.bucket, g.grain, g.first, g.past
    FROM (SELECT *, (date_trunc('month', first::timestamp - interval '1 day') + interval '1 month')::date AS month_first,
                 date_trunc('month', past::timestamp)::date AS month_past FROM bucket) AS s
    CROSS JOIN LATERAL (VALUES ('day', s.first, CASE WHEN s.month_first < s.month_past THEN s.month_first ELSE s.past END),
                               ('month', s.month_first, s.month_past),
                               ('day', CASE WHEN s.month_first < s.month_past THEN s.month_past ELSE s.past END, s.past)) AS g(grain, first, past)
    WHERE g.first < g.past
), length AS (
    -- Cells of kind gap say how many whole days a gap has by how many previous_day lies before 2000.
    SELECT p.bucket, c.days, sum(c.gaps) AS gaps
    FROM piece AS p CROSS JOIN LATERAL (
        SELECT date '2000-01-01' - r.previous_day AS days, sum(r.customers) AS gaps FROM recency AS r
        WHERE r.grain = p.grain AND r.kind = 'gap' AND r.day >= p.first AND r.day < p.past GROUP BY 1) AS c
    GROUP BY p.bucket, c.days
), ranked AS (
    SELECT bucket, days, gaps, sum(gaps) OVER (PARTITION BY bucket ORDER BY days) - gaps AS shorter,
           sum(gaps) OVER (PARTITION BY bucket) AS total
    FROM length
), middle AS MATERIALIZED (
    -- The two middle ones, from 0; of an odd number they are one.
    SELECT r.bucket, r.days, m.rank - r.shorter AS rank
    FROM ranked AS r CROSS JOIN LATERAL (VALUES (div(r.total - 1, 2)), (div(r.total, 2))) AS m(rank)
    WHERE m.rank >= r.shorter AND m.rank < r.shorter + r.gaps
), candidate AS MATERIALIZED (
    SELECT m.bucket, m.days, g.us, row_number() OVER (PARTITION BY m.bucket, m.days ORDER BY g.us) - 1 AS rank
    FROM (SELECT DISTINCT bucket, days FROM middle) AS m JOIN bucket AS b USING (bucket)
    CROSS JOIN LATERAL (
        SELECT d.gap_us AS us FROM customer_days AS d
        WHERE d.gap_us / 86400000000 = m.days AND d.day >= b.first AND d.day < b.past
        UNION ALL
        -- Of one day, which has at most 25 hours.
        SELECT g.us FROM customer_days AS d CROSS JOIN LATERAL unnest(d.more_gaps) AS g(us)
        WHERE m.days <= 1 AND d.more_gaps IS NOT NULL AND d.day >= b.first AND d.day < b.past AND g.us / 86400000000 = m.days) AS g
)
SELECT b.bucket, NULL AS key, coalesce(sum(c.us), 0) AS gap_median_half_us
FROM bucket AS b LEFT JOIN (middle JOIN candidate AS c USING (bucket, days, rank)) USING (bucket)
GROUP BY b.bucket ORDER BY b.bucket;
