-- Persons per bucket, each counted once: who ordered, who is new, who came back, who visited. $1 first days, $2 days after the
-- last (date[], ascending, disjoint).
-- A person who was active from a to b has one cell there that lies before a: previous_day < a. Of those, the first order of all
-- has -infinity, and whoever had been active in the window of the same length right before (from p on) has p or later.
-- Two orders in a window: the second of them has an order two before it that lies before a (kind second), as has the first
-- of them, which is taken off: that is everybody who is active and not new.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first AS a, b.past AS b,
           -- Not before the first year: no fact is.
           b.first - least(b.past - b.first, b.first - date '0001-01-01') AS p
    FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), asked AS (
    -- Rectangles of the histogram.
    SELECT b.bucket, q.*
    FROM bucket AS b CROSS JOIN LATERAL (VALUES
        ('new', 'order', b.a, b.b, date '-infinity', date '0001-01-01'), ('older', 'order', b.a, b.b, '-infinity', b.p),
        ('retained', 'order', b.a, b.b, b.p, b.a), ('previous', 'order', b.p, b.a, '-infinity', b.p),
        ('second', 'second', b.a, b.b, '-infinity', b.a), ('new twice', 'twice', b.a, b.b, b.a, b.b),
        ('members', 'member', b.a, b.b, '-infinity', b.a), ('visitors', 'visit', b.a, b.b, '-infinity', b.a),
        ('seen', 'seen', b.a, b.b, '-infinity', b.a)) AS q(what, kind, first, past, previous_first, previous_past)
), side AS MATERIALIZED (
    SELECT q.bucket, q.what, q.kind, p.grain, p.first, p.past, o.grain AS previous_grain, o.first AS previous_first, o.past AS previous_past
    FROM asked AS q CROSS JOIN LATERAL sum_pieces(q.first, least(q.past, (SELECT max(d.day) + 1 FROM customer_days AS d))) AS p
    CROSS JOIN LATERAL day_pieces(q.previous_first, q.previous_past, 'infinity') AS o
), part AS (
    -- Of whole months before, most cells are asked for: all days in one go.
    SELECT s.bucket, s.what, r.customers
    FROM side AS s CROSS JOIN LATERAL (
        SELECT sum(c.customers) AS customers FROM recency AS c
        WHERE c.grain = s.grain || ' month' AND c.kind = s.kind AND c.day >= s.first AND c.day < s.past
          AND c.previous_day >= s.previous_first AND c.previous_day < s.previous_past) AS r
    WHERE s.previous_grain = 'month'
    UNION ALL
    -- Of single days before, few are: day by day.
    SELECT s.bucket, s.what, r.customers
    FROM side AS s CROSS JOIN LATERAL piece_days(s.grain, s.first, s.past) AS d(day) CROSS JOIN LATERAL (
        SELECT sum(c.customers) AS customers FROM recency AS c
        WHERE c.grain = s.grain || ' day' AND c.kind = s.kind AND c.day = d.day
          AND c.previous_day >= s.previous_first AND c.previous_day < s.previous_past) AS r
    WHERE s.previous_grain = 'day'
), counted AS (
    SELECT bucket, what, sum(customers)::bigint AS n FROM part GROUP BY bucket, what
), flat AS (
    SELECT b.bucket,
           coalesce(sum(c.n) FILTER (WHERE c.what IN ('older', 'retained')), 0) AS active,
           coalesce(sum(c.n) FILTER (WHERE c.what = 'new'), 0) AS new,
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
