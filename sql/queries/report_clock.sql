-- From when and until when time alone changes no report, as microseconds since 1970; NULL: always. Time abandons carts, makes
-- orders of carts that lay ahead count, and makes renewals due: what kpi_daily.sql, kpi_carts.sql, kpi_renewals.sql and kpi_programs.sql
-- compare with now().
-- One statement for each end of an index: the planner takes the last row alone.
WITH due AS MATERIALIZED (
    SELECT max(d.due_at) FILTER (WHERE d.due_at <= now()) AS last, min(d.due_at) FILTER (WHERE d.due_at > now()) AS next
    FROM subscription_dues AS d
), instant AS (
    SELECT greatest(
               (SELECT max(c.abandoned_at) FROM cart_states AS c WHERE c.abandoned_at <= now()),
               (SELECT max(c.ordered_at) FROM cart_states AS c WHERE c.ordered_at <= now()),
               due.last) AS last,
           least(
               (SELECT min(c.abandoned_at) FROM cart_states AS c WHERE c.abandoned_at > now()),
               (SELECT min(c.ordered_at) FROM cart_states AS c WHERE c.ordered_at > now()),
               due.next) AS next
    FROM due
)
SELECT (extract(epoch FROM i.last) * 1000000)::bigint AS since_us, (extract(epoch FROM i.next) * 1000000)::bigint AS until_us
FROM instant AS i;
