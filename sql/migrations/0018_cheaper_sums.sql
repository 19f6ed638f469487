-- Sums, cheaper: the same rows. Keys are compared byte by byte, columns are added up before they are taken apart, and sums that are
-- made anew are deleted and made kind by kind.

-- Keys of sums are compared byte by byte: by the rules of a language, each step down an index costs several times as much.
ALTER TABLE recency ALTER COLUMN grain TYPE text COLLATE "C", ALTER COLUMN kind TYPE text COLLATE "C";
ALTER TABLE cohort_days ALTER COLUMN grain TYPE text COLLATE "C";
ALTER TABLE daily_measures ALTER COLUMN dimension TYPE text COLLATE "C", ALTER COLUMN grain TYPE text COLLATE "C",
    ALTER COLUMN measure TYPE text COLLATE "C", ALTER COLUMN key TYPE text COLLATE "C";

-- ---- what a row adds to which measure -----------------------------------------------------------------

-- Columns can be added up before they are taken apart.
CREATE FUNCTION column_measures(orders bigint, converted bigint, net bigint, net_with_cost bigint, cost bigint, gaps bigint, gap_us bigint)
RETURNS TABLE (measure text, amount bigint) LANGUAGE sql IMMUTABLE AS $$
SELECT m.measure, m.amount FROM (VALUES
    ('orders', $1), ('converted_orders', $2), ('unconverted_orders', $1 - $2), ('sales', $3), ('net_sales', $3),
    ('net_with_cost', $4), ('cost', $5), ('repeat_orders', $2), ('repeat_sales', $3), ('gaps', $6), ('gap_us', $7)) AS m(measure, amount)
WHERE m.amount <> 0
$$;
COMMENT ON FUNCTION column_measures IS 'What columns of customer_days, or sums of them, add to daily_measures';

CREATE FUNCTION other_measures(d customer_days) RETURNS TABLE (dimension text, key text, measure text, amount bigint)
LANGUAGE sql IMMUTABLE AS $$
SELECT '', '', o.key, o.value::bigint FROM jsonb_each_text(d.others) AS o
UNION ALL
SELECT 'discovery', coalesce(d.discovered, ''), 'new_customers', 1 WHERE d.previous_day = '-infinity'
$$;
COMMENT ON FUNCTION other_measures IS 'What else a row of customer_days adds to daily_measures';

-- ---- the sums as they have to be --------------------------------------------------------------------

CREATE OR REPLACE FUNCTION daily_measure_sums(first date, past date) RETURNS SETOF daily_measures LANGUAGE sql STABLE AS $$
SELECT s.dimension, g.grain, g.of, s.measure, s.key, sum(s.amount)::bigint
FROM (SELECT a.dimension, a.day, a.measure, a.key, sum(a.amount) AS amount FROM (
      SELECT '' AS dimension, c.day, m.measure, '' AS key, m.amount
      FROM (SELECT d.day, sum(d.orders)::bigint AS orders, sum(d.converted)::bigint AS converted, sum(d.net)::bigint AS net,
                   sum(d.net_with_cost)::bigint AS net_with_cost, sum(d.cost)::bigint AS cost,
                   sum(((d.gap_us IS NOT NULL)::integer + coalesce(cardinality(d.more_gaps), 0)))::bigint AS gaps,
                   sum(d.gap_us + CASE WHEN d.more_gaps IS NULL THEN 0
                                  ELSE (SELECT sum(g.us) FROM unnest(d.more_gaps) AS g(us)) END)::bigint AS gap_us
            FROM customer_days AS d WHERE d.day >= first AND d.day < past GROUP BY d.day) AS c
      CROSS JOIN LATERAL column_measures(c.orders, c.converted, c.net, c.net_with_cost, c.cost, c.gaps, c.gap_us) AS m
      UNION ALL
      SELECT m.dimension, d.day, m.measure, m.key, m.amount
      FROM customer_days AS d CROSS JOIN LATERAL other_measures(d) AS m
      WHERE d.day >= first AND d.day < past AND (d.others IS NOT NULL OR d.previous_day = '-infinity')
      UNION ALL
      SELECT '', c.day, m.measure, '', m.amount
      FROM cart_states AS c CROSS JOIN LATERAL cart_measures(c) AS m WHERE c.day >= first AND c.day < past) AS a GROUP BY 1, 2, 3, 4) AS s
CROSS JOIN data_version AS v CROSS JOIN LATERAL day_grains(s.day, v.rolled) AS g
GROUP BY 1, 2, 3, 4, 5 HAVING sum(s.amount) <> 0
$$;
COMMENT ON FUNCTION daily_measure_sums IS 'daily_measures of a window, from customer_days and cart_states';

-- The cells of day_cells, of which there are many: kind by kind.
CREATE OR REPLACE FUNCTION recency_sums(first date, past date) RETURNS SETOF recency LANGUAGE sql STABLE AS $$
WITH day AS MATERIALIZED (
    SELECT d.day, d.first_day, d.previous_day, d.second_day, d.previous_member_day, d.previous_visit_day, d.previous_seen_day,
           d.orders > 1 AS several, d.gap_us, d.more_gaps
    FROM customer_days AS d WHERE d.day >= first AND d.day < past
), cell (kind, day, previous_day, customers) AS MATERIALIZED (
    (SELECT 'order', d.day, d.previous_day, count(*) FROM day AS d WHERE d.previous_day IS NOT NULL GROUP BY 2, 3 ORDER BY 2, 3)
    UNION ALL
    (SELECT 'second', s.day, s.previous_day, count(*)
     FROM (SELECT d.day, d.second_day AS previous_day FROM day AS d WHERE d.second_day IS NOT NULL
           UNION ALL
           SELECT d.day, d.previous_day FROM day AS d WHERE d.several AND d.previous_day IS NOT NULL) AS s GROUP BY 2, 3 ORDER BY 2, 3)
    UNION ALL
    (SELECT 'twice', d.day, d.first_day, count(*) FROM day AS d
     WHERE (d.second_day = '-infinity' OR (d.previous_day = '-infinity' AND d.several)) AND d.first_day IS NOT NULL GROUP BY 2, 3 ORDER BY 2, 3)
    UNION ALL
    (SELECT 'member', d.day, d.previous_member_day, count(*) FROM day AS d
     WHERE d.previous_member_day IS NOT NULL GROUP BY 2, 3 ORDER BY 2, 3)
    UNION ALL
    (SELECT 'visit', d.day, d.previous_visit_day, count(*) FROM day AS d
     WHERE d.previous_visit_day IS NOT NULL GROUP BY 2, 3 ORDER BY 2, 3)
    UNION ALL
    (SELECT 'seen', d.day, d.previous_seen_day, count(*) FROM day AS d
     WHERE d.previous_seen_day IS NOT NULL GROUP BY 2, 3 ORDER BY 2, 3)
    UNION ALL
    (SELECT 'gap', g.day, date '2000-01-01' - (g.us / 86400000000)::integer, count(*)
     FROM (SELECT d.day, d.gap_us AS us FROM day AS d WHERE d.gap_us IS NOT NULL
           UNION ALL
           SELECT d.day, unnest(d.more_gaps) FROM day AS d WHERE d.more_gaps IS NOT NULL) AS g GROUP BY 2, 3 ORDER BY 2, 3)
), month AS MATERIALIZED (
    SELECT c.kind, c.day, date_trunc('month', c.previous_day::timestamp)::date AS previous_day, sum(c.customers) AS customers
    FROM cell AS c GROUP BY 1, 2, 3
)
SELECT 'day day', c.kind, c.day, c.previous_day, c.customers FROM cell AS c
UNION ALL
SELECT 'day month', m.kind, m.day, m.previous_day, m.customers::bigint FROM month AS m
UNION ALL
SELECT 'month day', c.kind, date_trunc('month', c.day::timestamp)::date, c.previous_day, sum(c.customers)::bigint
FROM data_version AS v JOIN cell AS c ON c.day < v.rolled GROUP BY 2, 3, 4
UNION ALL
SELECT 'month month', m.kind, date_trunc('month', m.day::timestamp)::date, m.previous_day, sum(m.customers)::bigint
FROM data_version AS v JOIN month AS m ON m.day < v.rolled GROUP BY 2, 3, 4
$$;
COMMENT ON FUNCTION recency_sums IS 'recency of a window, from customer_days';

-- A month at a time, so that no statement takes long. Sums that were there before go with the month: keys begin with what they are
-- of, which has few values.
CREATE OR REPLACE FUNCTION sum_next_month(from_day date) RETURNS date LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET work_mem = '128MB' AS $$
DECLARE
    first date := date_trunc('month', least((SELECT min(d.day) FROM customer_days AS d WHERE d.day >= from_day),
                                            (SELECT min(c.day) FROM cart_states AS c WHERE c.day >= from_day))::timestamp)::date;
    past date := coalesce((first + interval '1 month')::date, 'infinity');
BEGIN
    DELETE FROM daily_measures AS m USING unnest(ARRAY['', 'discovery']) AS d(dimension), unnest(ARRAY['day', 'month']) AS g(grain)
    WHERE m.dimension = d.dimension AND m.grain = g.grain AND m.day >= from_day AND m.day < past;
    DELETE FROM recency AS r
    USING unnest(ARRAY['day day', 'day month', 'month day', 'month month']) AS g(grain),
          unnest(ARRAY['order', 'second', 'twice', 'member', 'visit', 'seen', 'gap']) AS k(kind)
    WHERE r.grain = g.grain AND r.kind = k.kind AND r.day >= from_day AND r.day < past;
    DELETE FROM cohort_days AS c WHERE c.day >= from_day AND c.day < past;
    IF first IS NOT NULL THEN
        -- In order, so that what is read together stands together.
        INSERT INTO daily_measures SELECT * FROM daily_measure_sums(first, past) AS m
        ORDER BY m.dimension COLLATE "C", m.grain COLLATE "C", m.day, m.measure COLLATE "C";
        INSERT INTO recency SELECT * FROM recency_sums(first, past);
        INSERT INTO cohort_days SELECT * FROM cohort_day_sums(first, past) AS c ORDER BY c.grain COLLATE "C", c.first_day, c.day;
    END IF;
    RETURN past;
END $$;
COMMENT ON FUNCTION sum_next_month IS 'Makes all sums of the next month with something in it again; the day after it, infinity: nothing is left';
