-- Months of the day itself are summed when they are over (data_version.rolled): most of what comes in is of today, and costs half
-- then. Any window is a few whole months before that, and days.

ALTER TABLE data_version ADD COLUMN rolled date NOT NULL DEFAULT '-infinity';
ALTER TABLE data_version ALTER COLUMN rolled DROP DEFAULT;
COMMENT ON COLUMN data_version.rolled IS 'Sums by month have the months before this day, which are over';

DROP FUNCTION day_grains(date);
DROP FUNCTION day_pieces(date, date);

CREATE FUNCTION day_grains(day date, rolled date) RETURNS TABLE (grain text, of date) LANGUAGE sql IMMUTABLE AS $$
SELECT 'day', $1
UNION ALL
SELECT 'month', date_trunc('month', $1::timestamp)::date WHERE $1 < $2
$$;
COMMENT ON FUNCTION day_grains IS 'A day as both grains have it, that of months before a day only';

CREATE FUNCTION day_pieces(first date, past date, rolled date) RETURNS TABLE (grain text, first date, past date) LANGUAGE sql IMMUTABLE ROWS 3 AS $$
SELECT p.grain, p.first, p.past
FROM (SELECT (date_trunc('month', $1::timestamp - interval '1 day') + interval '1 month')::date AS month_first,
             least(date_trunc('month', $2::timestamp)::date, $3) AS month_past) AS m
CROSS JOIN LATERAL (VALUES ('day', $1, CASE WHEN m.month_first < m.month_past THEN m.month_first ELSE $2 END),
                           ('month', m.month_first, m.month_past),
                           ('day', CASE WHEN m.month_first < m.month_past THEN m.month_past ELSE $2 END, $2)) AS p(grain, first, past)
WHERE p.first < p.past
$$;
COMMENT ON FUNCTION day_pieces IS 'A window as whole months before a day, and days before and behind them';

CREATE FUNCTION sum_pieces(first date, past date) RETURNS TABLE (grain text, first date, past date) LANGUAGE sql STABLE ROWS 3 AS $$
SELECT p.grain, p.first, p.past FROM data_version AS v CROSS JOIN LATERAL day_pieces($1, $2, v.rolled) AS p
$$;
COMMENT ON FUNCTION sum_pieces IS 'A window as sums have it on the axis of the day itself';

CREATE OR REPLACE FUNCTION daily_measure_sums(first date, past date) RETURNS SETOF daily_measures LANGUAGE sql STABLE AS $$
SELECT s.dimension, g.grain, g.of, s.measure, s.key, sum(s.amount)::bigint
FROM (SELECT a.dimension, a.day, a.measure, a.key, sum(a.amount) AS amount
      FROM (SELECT d.day, m.dimension, m.key, m.measure, m.amount
            FROM customer_days AS d CROSS JOIN LATERAL day_measures(d) AS m WHERE d.day >= first AND d.day < past
            UNION ALL
            SELECT c.day, '', '', m.measure, m.amount
            FROM cart_states AS c CROSS JOIN LATERAL cart_measures(c) AS m WHERE c.day >= first AND c.day < past) AS a
      GROUP BY 1, 2, 3, 4) AS s
CROSS JOIN data_version AS v CROSS JOIN LATERAL day_grains(s.day, v.rolled) AS g
GROUP BY 1, 2, 3, 4, 5 HAVING sum(s.amount) <> 0
$$;
COMMENT ON FUNCTION daily_measure_sums IS 'daily_measures of a window, from customer_days and cart_states';

CREATE OR REPLACE FUNCTION recency_sums(first date, past date) RETURNS SETOF recency LANGUAGE sql STABLE AS $$
SELECT g.grain || ' ' || h.grain, s.kind, g.of, h.of, sum(s.customers)::bigint
FROM (SELECT k.kind, d.day, k.previous_day, count(*) AS customers
      FROM customer_days AS d CROSS JOIN LATERAL day_cells(d) AS k WHERE d.day >= first AND d.day < past GROUP BY 1, 2, 3) AS s
CROSS JOIN data_version AS v CROSS JOIN LATERAL day_grains(s.day, v.rolled) AS g CROSS JOIN LATERAL day_grains(s.previous_day, 'infinity') AS h
GROUP BY 1, 2, 3, 4
$$;
COMMENT ON FUNCTION recency_sums IS 'recency of a window, from customer_days';

CREATE OR REPLACE FUNCTION cohort_day_sums(first date, past date) RETURNS SETOF cohort_days LANGUAGE sql STABLE AS $$
SELECT g.grain || ' ' || h.grain, g.of, h.of, sum(s.customers)::bigint, sum(s.first_us), sum(s.net)::bigint, sum(s.net_with_cost)::bigint,
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

-- From the sums of its days.
CREATE FUNCTION roll_next_month(from_day date) RETURNS date LANGUAGE plpgsql
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
    SELECT 'month ' || g.of, r.kind, first, r.previous_day, sum(r.customers)
    FROM unnest(ARRAY['day', 'month']) AS g(of)
    CROSS JOIN unnest(ARRAY['order', 'second', 'twice', 'member', 'visit', 'seen', 'gap']) AS k(kind)
    JOIN recency AS r ON r.grain = 'day ' || g.of AND r.kind = k.kind AND r.day >= first AND r.day < past
    GROUP BY g.of, r.kind, r.previous_day HAVING sum(r.customers) <> 0
    ON CONFLICT (grain, kind, day, previous_day) DO UPDATE SET customers = EXCLUDED.customers;
    INSERT INTO cohort_days AS t
    SELECT g.of || ' month', c.first_day, first, sum(c.customers), sum(c.first_us), sum(c.net), sum(c.net_with_cost), sum(c.cost),
           sum(c.unconverted), sum(c.costs), sum(c.unconverted_costs)
    FROM unnest(ARRAY['day', 'month']) AS g(of) JOIN cohort_days AS c ON c.grain = g.of || ' day' AND c.day >= first AND c.day < past
    GROUP BY g.of, c.first_day
    ON CONFLICT (grain, first_day, day) DO UPDATE SET customers = EXCLUDED.customers, first_us = EXCLUDED.first_us, net = EXCLUDED.net,
        net_with_cost = EXCLUDED.net_with_cost, cost = EXCLUDED.cost, unconverted = EXCLUDED.unconverted, costs = EXCLUDED.costs,
        unconverted_costs = EXCLUDED.unconverted_costs;
    RETURN past;
END $$;
COMMENT ON FUNCTION roll_next_month IS 'Sums the next month that is over, if there is one; the day after it, or the first of this month: nothing is left';
