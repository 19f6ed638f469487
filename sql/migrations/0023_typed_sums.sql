-- What sums are of is one of a few words: as numbers, these are found in an index in half the time.

CREATE TYPE sum_grain AS ENUM ('day day', 'day month', 'month day', 'month month');
COMMENT ON TYPE sum_grain IS 'The grains of both axes of days of a sum: in recency of day and previous_day, in cohort_days of first_day and day';
CREATE TYPE recency_kind AS ENUM ('order', 'second', 'twice', 'member', 'visit', 'seen', 'gap');
COMMENT ON TYPE recency_kind IS 'What cells of recency count; sum_days and recency_sums say of what';
ALTER TABLE recency ALTER COLUMN grain TYPE sum_grain USING grain::sum_grain, ALTER COLUMN kind TYPE recency_kind USING kind::recency_kind;
ALTER TABLE cohort_days ALTER COLUMN grain TYPE sum_grain USING grain::sum_grain;

CREATE OR REPLACE FUNCTION recency_sums(first date, past date) RETURNS SETOF recency LANGUAGE sql STABLE AS $$
WITH day AS MATERIALIZED (
    SELECT d.day, d.first_day, d.previous_day, d.second_day, d.previous_member_day, d.previous_visit_day, d.previous_seen_day,
           d.orders > 1 AS several, d.gap_us, d.more_gaps
    FROM customer_days AS d WHERE d.day >= first AND d.day < past
), cell (kind, day, previous_day, customers) AS MATERIALIZED (
    (SELECT 'order'::recency_kind, d.day, d.previous_day, count(*) FROM day AS d WHERE d.previous_day IS NOT NULL GROUP BY 2, 3 ORDER BY 2, 3)
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
SELECT 'day day'::sum_grain, c.kind, c.day, c.previous_day, c.customers FROM cell AS c
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

CREATE OR REPLACE FUNCTION cohort_day_sums(first date, past date) RETURNS SETOF cohort_days LANGUAGE sql STABLE AS $$
SELECT (g.grain || ' ' || h.grain)::sum_grain, g.of, h.of, sum(s.customers)::bigint, sum(s.first_us), sum(s.net)::bigint, sum(s.net_with_cost)::bigint,
       sum(s.cost)::bigint, sum(s.unconverted)::bigint, sum(s.costs)::bigint, sum(s.unconverted_costs)::bigint
FROM (SELECT d.first_day, d.day, sum(s.customers) AS customers, sum(s.first_us) AS first_us, sum(s.net) AS net,
             sum(s.net_with_cost) AS net_with_cost, sum(s.cost) AS cost, sum(s.unconverted) AS unconverted, sum(s.costs) AS costs,
             sum(s.unconverted_costs) AS unconverted_costs
      FROM customer_days AS d CROSS JOIN LATERAL day_cohort(d) AS s WHERE d.day >= first AND d.day < past GROUP BY 1, 2) AS s
CROSS JOIN data_version AS v CROSS JOIN LATERAL day_grains(s.first_day, 'infinity') AS g CROSS JOIN LATERAL day_grains(s.day, v.rolled) AS h
GROUP BY 1, 2, 3
HAVING (sum(s.customers), sum(s.first_us), sum(s.net), sum(s.net_with_cost), sum(s.cost), sum(s.unconverted), sum(s.costs),
        sum(s.unconverted_costs)) <> (0, 0, 0, 0, 0, 0, 0, 0)
$$;
COMMENT ON FUNCTION cohort_day_sums IS 'cohort_days of a window, from customer_days';

-- A month at a time, so that no statement takes long. Sums that were there before go with the month: keys begin with what they are
-- of, which has few values.
CREATE OR REPLACE FUNCTION sum_next_month(from_day date) RETURNS date LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET enable_mergejoin = off SET work_mem = '128MB' AS $$
DECLARE
    first date := date_trunc('month', least((SELECT min(d.day) FROM customer_days AS d WHERE d.day >= from_day),
                                            (SELECT min(c.day) FROM cart_states AS c WHERE c.day >= from_day))::timestamp)::date;
    past date := coalesce((first + interval '1 month')::date, 'infinity');
BEGIN
    DELETE FROM daily_measures AS m USING unnest(ARRAY['', 'discovery']) AS d(dimension), unnest(ARRAY['day', 'month']) AS g(grain)
    WHERE m.dimension = d.dimension AND m.grain = g.grain AND m.day >= from_day AND m.day < past;
    DELETE FROM recency AS r USING unnest(enum_range(NULL::sum_grain)) AS g(grain), unnest(enum_range(NULL::recency_kind)) AS k(kind)
    WHERE r.grain = g.grain AND r.kind = k.kind AND r.day >= from_day AND r.day < past;
    DELETE FROM cohort_days AS c
    USING unnest(enum_range(NULL::sum_grain)) AS g(grain),
          (SELECT date_trunc('month', min(k.first_day)::timestamp) AS first, max(k.first_day)::timestamp AS last
           FROM cohort_days AS k WHERE k.grain = 'day day') AS f CROSS JOIN LATERAL generate_series(f.first, f.last, '1 day') AS a(day)
    WHERE c.grain = g.grain AND c.first_day = a.day::date AND c.day >= from_day AND c.day < past;
    IF first IS NOT NULL THEN
        -- In order, so that what is read together stands together.
        INSERT INTO daily_measures SELECT * FROM daily_measure_sums(first, past) AS m
        ORDER BY m.dimension COLLATE "C", m.grain COLLATE "C", m.day, m.measure COLLATE "C";
        INSERT INTO recency SELECT * FROM recency_sums(first, past);
        INSERT INTO cohort_days SELECT * FROM cohort_day_sums(first, past) AS c ORDER BY c.grain, c.first_day, c.day;
    END IF;
    RETURN past;
END $$;
COMMENT ON FUNCTION sum_next_month IS 'Makes all sums of the next month with something in it again; the day after it, infinity: nothing is left';

-- From the sums of its days.
CREATE OR REPLACE FUNCTION roll_next_month(from_day date) RETURNS date LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET work_mem = '64MB' AS $$
DECLARE
    over date := (SELECT date_trunc('month', local_day(now(), s.time_zone)::timestamp)::date FROM settings AS s);
    first date := from_day;
    past date;
BEGIN
    IF first = '-infinity' THEN
        first := date_trunc('month', least((SELECT min(d.day) FROM customer_days AS d), (SELECT min(c.day) FROM cart_states AS c))::timestamp)::date;
    END IF;
    past := (first + interval '1 month')::date;
    IF first IS NULL OR past > over THEN
        RETURN greatest(over, from_day);
    END IF;
    INSERT INTO daily_measures AS t
    SELECT m.dimension, 'month', first, m.measure, m.key, sum(m.amount)
    FROM unnest(ARRAY['', 'discovery']) AS d(dimension)
    JOIN daily_measures AS m ON m.dimension = d.dimension AND m.grain = 'day' AND m.day >= first AND m.day < past
    GROUP BY m.dimension, m.measure, m.key HAVING sum(m.amount) <> 0
    ON CONFLICT (dimension, grain, day, measure, key) DO UPDATE SET amount = EXCLUDED.amount;
    INSERT INTO recency AS t
    SELECT ('month ' || g.of)::sum_grain, r.kind, first, r.previous_day, sum(r.customers)
    FROM unnest(ARRAY['day', 'month']) AS g(of)
    CROSS JOIN unnest(enum_range(NULL::recency_kind)) AS k(kind)
    JOIN recency AS r ON r.grain = ('day ' || g.of)::sum_grain AND r.kind = k.kind AND r.day >= first AND r.day < past
    GROUP BY g.of, r.kind, r.previous_day HAVING sum(r.customers) <> 0
    ON CONFLICT (grain, kind, day, previous_day) DO UPDATE SET customers = EXCLUDED.customers;
    INSERT INTO cohort_days AS t
    SELECT (g.of || ' month')::sum_grain, c.first_day, first, sum(c.customers), sum(c.first_us), sum(c.net), sum(c.net_with_cost), sum(c.cost),
           sum(c.unconverted), sum(c.costs), sum(c.unconverted_costs)
    FROM unnest(ARRAY['day', 'month']) AS g(of) JOIN cohort_days AS c ON c.grain = (g.of || ' day')::sum_grain AND c.day >= first AND c.day < past
    GROUP BY g.of, c.first_day
    ON CONFLICT (grain, first_day, day) DO UPDATE SET customers = EXCLUDED.customers, first_us = EXCLUDED.first_us, net = EXCLUDED.net,
        net_with_cost = EXCLUDED.net_with_cost, cost = EXCLUDED.cost, unconverted = EXCLUDED.unconverted, costs = EXCLUDED.costs,
        unconverted_costs = EXCLUDED.unconverted_costs;
    RETURN past;
END $$;
COMMENT ON FUNCTION roll_next_month IS 'Sums the next month that is over, if there is one; the day after it, or the first of this month: nothing is left';
