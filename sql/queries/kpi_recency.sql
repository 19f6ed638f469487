-- keep 3
-- Persons per bucket, each counted once: who ordered, who is new, who came back, who visited. $1 first days, $2 days after the
-- last (date[], ascending, disjoint); $3 the measures that are asked for (text[]); others may be 0.
-- A person who was active from a to b has one cell there that lies before a: previous_day < a. Of those, the first order of all
-- has -infinity, and whoever had been active in the window of the same length right before (from p on) has p or later.
-- Two orders in a window: the second of them has an order two before it that lies before a (kind second), as has the first
-- of them, which is taken off: that is everybody who is active and not new.
WITH last AS MATERIALIZED (
    SELECT v.rolled, (SELECT max(d.day) + 1 FROM customer_days AS d) AS past FROM data_version AS v
), bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first AS a, b.past AS b,
           -- Not before the first year: no fact is.
           b.first - least(b.past - b.first, b.first - date '0001-01-01') AS p
    FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT b.bucket, w.earlier, s.*
    FROM last CROSS JOIN bucket AS b CROSS JOIN LATERAL (VALUES (false, b.a, b.b), (true, b.p, b.a)) AS w(earlier, first, past)
    CROSS JOIN LATERAL near_pieces(w.first, least(w.past, last.past), last.rolled) AS s
), asked AS (
    -- Rectangles of the histogram.
    SELECT b.bucket, q.what, q.kind, q.earlier, p.*
    FROM bucket AS b CROSS JOIN LATERAL (VALUES
        ('older', 'order'::recency_kind, false, date '-infinity', b.p,
         '{active_customers,repeat_customers,returning_customers,reactivated_customers,ordering_visitors}'::text[]),
        ('retained', 'order', false, b.p, b.a,
         '{active_customers,repeat_customers,returning_customers,retained_customers,lost_customers,reactivated_customers,ordering_visitors}'),
        ('previous', 'order', true, '-infinity', b.p, '{previous_customers,lost_customers}'),
        ('second', 'second', false, '-infinity', b.a, '{repeat_customers}'), ('new twice', 'twice', false, b.a, b.b, '{returning_customers}'),
        ('members', 'member', false, '-infinity', b.a, '{member_customers}'),
        ('visitors', 'visit', false, '-infinity', b.a, '{unique_visitors,ordering_visitors}'),
        ('seen', 'seen', false, '-infinity', b.a, '{ordering_visitors}')) AS q(what, kind, earlier, first, past, measures)
    CROSS JOIN LATERAL near_pieces(q.first, q.past, 'infinity') AS p WHERE q.measures && $3::text[]
), part AS (
    -- Of whole months before, most cells are asked for: all days in one go.
    SELECT q.bucket, q.what, r.previous_day = '-infinity' AS first, q.sign * s.sign * r.customers AS customers
    FROM asked AS q JOIN span AS s USING (bucket, earlier) CROSS JOIN LATERAL (
        SELECT c.previous_day, c.customers FROM recency AS c
        WHERE c.grain = (s.grain || ' month')::sum_grain AND c.kind = q.kind AND c.day >= s.first AND c.day < s.past
          AND c.previous_day >= q.first AND c.previous_day < q.past OFFSET 0) AS r
    WHERE q.grain = 'month'
    UNION ALL
    -- Of single days before, few are: day by day.
    SELECT q.bucket, q.what, false, q.sign * s.sign * r.customers
    FROM asked AS q JOIN span AS s USING (bucket, earlier)
    CROSS JOIN LATERAL piece_days(s.grain, s.first, s.past) AS d(day) CROSS JOIN LATERAL (
        SELECT c.customers FROM recency AS c
        WHERE c.grain = (s.grain || ' day')::sum_grain AND c.kind = q.kind AND c.day = d.day
          AND c.previous_day >= q.first AND c.previous_day < q.past OFFSET 0) AS r
    WHERE q.grain = 'day'
), counted AS (
    SELECT bucket, what, sum(customers)::bigint AS n, sum(customers) FILTER (WHERE first)::bigint AS first
    FROM part GROUP BY bucket, what
), flat AS (
    SELECT b.bucket,
           coalesce(sum(c.n) FILTER (WHERE c.what IN ('older', 'retained')), 0) AS active,
           coalesce(sum(c.first) FILTER (WHERE c.what = 'older'), 0) AS new,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'retained'), 0) AS retained,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'previous'), 0) AS previous,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'second'), 0) AS second,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'new twice'), 0) AS new_twice,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'members'), 0) AS members,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'visitors'), 0) AS visitors,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'seen'), 0) AS seen
    FROM bucket AS b LEFT JOIN counted AS c USING (bucket) GROUP BY b.bucket
)
SELECT bucket, NULL AS key,
       active AS active_customers,
       second - (active - new) AS repeat_customers,
       active - new + new_twice AS returning_customers,
       previous AS previous_customers,
       retained AS retained_customers,
       previous - retained AS lost_customers,
       active - new - retained AS reactivated_customers,
       members AS member_customers,
       visitors AS unique_visitors,
       visitors + active - seen AS ordering_visitors
FROM flat ORDER BY bucket;
