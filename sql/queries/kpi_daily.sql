-- keep 2
-- Everything that adds up over days, per bucket: a row for each measure that is not 0. $1 first days, $2 days after the last
-- (date[], ascending, disjoint).
-- Carts are summed as if all had happened that will happen by time alone; what lies ahead is taken off again.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, b.past FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), ahead AS MATERIALIZED (
    SELECT s.day, m.measure, -m.amount AS amount
    FROM cart_states AS s CROSS JOIN LATERAL cart_measures(s) AS m WHERE s.abandoned_at > now()
    UNION ALL
    SELECT s.day, m.measure, m.amount
    FROM cart_states AS s CROSS JOIN LATERAL (VALUES
        ('decided_carts', -(s.abandoned_at IS NULL)::integer), ('recovered_carts', -(s.abandoned_at IS NOT NULL)::integer),
        ('abandoned_value', CASE WHEN s.abandoned_at IS NOT NULL THEN s.base_value END),
        ('unconverted_carts', (s.abandoned_at IS NOT NULL AND s.base_value IS NULL)::integer)) AS m(measure, amount)
    WHERE s.ordered_at > now() AND (s.abandoned_at <= now() OR s.abandoned_at IS NULL) AND m.amount <> 0
), part AS (
    SELECT b.bucket, d.measure, p.sign * d.amount AS amount
    FROM data_version AS v CROSS JOIN bucket AS b CROSS JOIN LATERAL near_pieces(b.first, b.past, v.rolled) AS p
    CROSS JOIN LATERAL (SELECT m.measure, m.amount FROM daily_measures AS m
                        WHERE m.dimension = '' AND m.grain = p.grain AND m.day >= p.first AND m.day < p.past OFFSET 0) AS d
    UNION ALL
    SELECT b.bucket, a.measure, a.amount FROM bucket AS b JOIN ahead AS a ON a.day >= b.first AND a.day < b.past
)
SELECT bucket, NULL AS key, measure, sum(amount) AS amount FROM part GROUP BY bucket, measure ORDER BY bucket;
