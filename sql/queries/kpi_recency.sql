-- Persons per bucket, each counted once: who ordered, who is new, who came back, who visited. $1 first days, $2 days after the
-- last (date[], ascending, disjoint).
-- A person who was active from a to b has one cell there that lies before a: previous_day < a. Of those, the first order of all
-- has -infinity, and whoever had been active in the window of the same length right before (from p on) has p or later.
-- Two orders in a window: the second of them has an order two before it that lies before a (kind second), as has the first
-- of them, which is taken off: that is everybody who is active and not new.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, b.past,
           -- Not before the first year: no fact is.
           b.first - least(b.past - b.first, b.first - date '0001-01-01') AS previous_first
    FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS (
    SELECT bucket, 'now' AS part, first, past, first AS a, previous_first AS p FROM bucket
    UNION ALL
    SELECT bucket, 'before', previous_first, first, previous_first, previous_first FROM bucket
), piece AS MATERIALIZED (
    -- Whole months, and days before and behind them.
    SELECT s.bucket, s.part, s.a, s.p, g.grain, g.first, g.past
    FROM (SELECT *, (date_trunc('month', first::timestamp - interval '1 day') + interval '1 month')::date AS month_first,
                 date_trunc('month', past::timestamp)::date AS month_past FROM span) AS s
    CROSS JOIN LATERAL (VALUES ('day', s.first, CASE WHEN s.month_first < s.month_past THEN s.month_first ELSE s.past END),
                               ('month', s.month_first, s.month_past),
                               ('day', CASE WHEN s.month_first < s.month_past THEN s.month_past ELSE s.past END, s.past)) AS g(grain, first, past)
    WHERE g.first < g.past
), counted AS (
    SELECT p.bucket, p.part || ' ' || k.kind AS kind,
           sum(r.before)::bigint AS before, sum(r.new)::bigint AS new, sum(r.retained)::bigint AS retained, sum(r.inside)::bigint AS inside
    FROM piece AS p CROSS JOIN unnest(ARRAY['order', 'second', 'twice', 'member', 'visit', 'seen']) AS k(kind)
    CROSS JOIN LATERAL (
        SELECT sum(c.customers) FILTER (WHERE c.previous_day < p.a) AS before,
               sum(c.customers) FILTER (WHERE c.previous_day = '-infinity') AS new,
               sum(c.customers) FILTER (WHERE c.previous_day >= p.p AND c.previous_day < p.a) AS retained,
               sum(c.customers) FILTER (WHERE c.previous_day >= p.a) AS inside
        FROM recency AS c WHERE c.grain = p.grain AND c.kind = k.kind AND c.day >= p.first AND c.day < p.past) AS r
    WHERE p.part = 'now' OR k.kind = 'order'
    GROUP BY 1, 2
), flat AS (
    SELECT b.bucket,
           coalesce(sum(c.before) FILTER (WHERE c.kind = 'now order'), 0) AS active,
           coalesce(sum(c.new) FILTER (WHERE c.kind = 'now order'), 0) AS new,
           coalesce(sum(c.retained) FILTER (WHERE c.kind = 'now order'), 0) AS retained,
           coalesce(sum(c.before) FILTER (WHERE c.kind = 'now second'), 0) AS second,
           coalesce(sum(c.inside) FILTER (WHERE c.kind = 'now twice'), 0) AS new_twice,
           coalesce(sum(c.before) FILTER (WHERE c.kind = 'now member'), 0) AS members,
           coalesce(sum(c.before) FILTER (WHERE c.kind = 'now visit'), 0) AS visitors,
           coalesce(sum(c.before) FILTER (WHERE c.kind = 'now seen'), 0) AS seen,
           coalesce(sum(c.before) FILTER (WHERE c.kind = 'before order'), 0) AS previous
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
