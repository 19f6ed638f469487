-- What reports add up: three tables hold sums of the rows of customer_days and follow it by differences, so that no report has to look
-- at the facts:
--   daily_measures  what can be added up over days: orders, sales, visits, scores ...
--   recency         persons by two days, for everything that counts persons once: whoever is active from a to b has a row of
--                   kind `order` there whose previous_day lies before a. That is exact for any window
--   cohort_days     money by the day of acquisition and the day when it came in
-- Their updates touch no index and stay in their page, so that a day on which much happens costs little; what has come to be 0 may
-- stay there. Each axis of days has two grains, days and months, so that any window is a few whole months and some days at its ends.
-- Months of the day itself are summed when they are over (data_version.rolled): most of what comes in is of today, and costs half then.

CREATE TABLE daily_measures (
    dimension text NOT NULL,
    grain     text NOT NULL,
    day       date NOT NULL,
    measure   text NOT NULL,
    key       text NOT NULL,
    amount    bigint NOT NULL,
    PRIMARY KEY (dimension, grain, day, measure, key)
) WITH (fillfactor = 70);
COMMENT ON TABLE daily_measures IS 'Derived: sums of day_measures and cart_measures';
COMMENT ON COLUMN daily_measures.grain IS 'day, or month: day is the first of the month';
COMMENT ON COLUMN daily_measures.dimension IS 'What key is a value of: discovery; empty for the whole shop';
COMMENT ON COLUMN daily_measures.key IS 'Empty for the whole shop, and where there is no value';

CREATE TABLE recency (
    grain        text NOT NULL,
    kind         text NOT NULL,
    day          date NOT NULL,
    previous_day date NOT NULL,
    customers    bigint NOT NULL,
    PRIMARY KEY (grain, kind, day, previous_day)
) WITH (fillfactor = 70);
COMMENT ON TABLE recency IS 'Derived: histogram of day_cells';
COMMENT ON COLUMN recency.grain IS 'day or month of day, and of previous_day: "month day" is a whole month of days by exact previous days';

CREATE TABLE cohort_days (
    grain             text NOT NULL,
    first_day         date NOT NULL,
    day               date NOT NULL,
    customers         bigint NOT NULL,
    first_us          numeric NOT NULL,
    net               bigint NOT NULL,
    net_with_cost     bigint NOT NULL,
    cost              bigint NOT NULL,
    unconverted       bigint NOT NULL,
    costs             bigint NOT NULL,
    unconverted_costs bigint NOT NULL,
    PRIMARY KEY (grain, first_day, day)
) WITH (fillfactor = 70);
COMMENT ON TABLE cohort_days IS 'Derived: customer_days by the day of acquisition and the day itself, net of refunds';
COMMENT ON COLUMN cohort_days.grain IS 'As in recency: of first_day, and of day';
COMMENT ON COLUMN cohort_days.first_us IS 'Sum of the instants of first orders, in microseconds since 1970';

-- ---- what a row adds to which sum ------------------------------------------------------------------------

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

CREATE FUNCTION piece_days(grain text, first date, past date) RETURNS SETOF date LANGUAGE sql IMMUTABLE ROWS 30 AS $$
SELECT d::date FROM generate_series(first::timestamp, past::timestamp - interval '1 day', ('1 ' || grain)::interval) AS d
$$;
COMMENT ON FUNCTION piece_days IS 'The days, or first days of months, of a piece';

CREATE FUNCTION day_cells(d customer_days) RETURNS TABLE (kind text, previous_day date) LANGUAGE sql IMMUTABLE AS $$
SELECT c.kind, c.previous_day FROM (VALUES
    ('order', d.previous_day),
    -- Orders that have one before them, by the one two before; of those of one day, the first two are enough.
    ('second', d.second_day),
    ('second', CASE WHEN d.orders > 1 THEN d.previous_day END),
    -- The second order of all, by the day of the first.
    ('twice', CASE WHEN d.second_day = '-infinity' OR (d.previous_day = '-infinity' AND d.orders > 1) THEN d.first_day END),
    ('member', d.previous_member_day), ('visit', d.previous_visit_day), ('seen', d.previous_seen_day),
    -- Each gap between two orders, as many days before 2000 as it is long.
    ('gap', date '2000-01-01' - (d.gap_us / 86400000000)::integer)) AS c(kind, previous_day)
WHERE c.previous_day IS NOT NULL
UNION ALL
SELECT 'gap', date '2000-01-01' - (g.us / 86400000000)::integer FROM (SELECT unnest(d.more_gaps)) AS g(us)
$$;
COMMENT ON FUNCTION day_cells IS 'The cells of recency that a row of customer_days is in';

CREATE FUNCTION day_measures(d customer_days) RETURNS TABLE (dimension text, key text, measure text, amount bigint) LANGUAGE sql IMMUTABLE AS $$
SELECT '', '', m.measure, m.amount FROM (VALUES
    ('orders', d.orders), ('converted_orders', d.converted), ('unconverted_orders', d.orders - d.converted),
    ('sales', d.net), ('net_sales', d.net), ('net_with_cost', d.net_with_cost), ('cost', d.cost),
    ('repeat_orders', d.converted), ('repeat_sales', d.net),
    ('gaps', (d.gap_us IS NOT NULL)::integer + cardinality(coalesce(d.more_gaps, '{}'))),
    ('gap_us', d.gap_us + coalesce((SELECT sum(g.us)::bigint FROM unnest(d.more_gaps) AS g(us)), 0))) AS m(measure, amount)
WHERE m.amount <> 0
UNION ALL
SELECT '', '', o.key, o.value::bigint FROM jsonb_each_text(d.others) AS o
UNION ALL
SELECT 'discovery', coalesce(d.discovered, ''), 'new_customers', 1 WHERE d.previous_day = '-infinity'
$$;
COMMENT ON FUNCTION day_measures IS 'What a row of customer_days adds to daily_measures';

-- As if it had all happened: reports take off again what lies ahead.
CREATE FUNCTION cart_measures(c cart_states) RETURNS TABLE (measure text, amount bigint) LANGUAGE sql IMMUTABLE AS $$
SELECT m.measure, m.amount FROM (VALUES
    ('decided_carts', 1), ('abandoned_carts', (c.abandoned_at IS NOT NULL)::integer),
    ('recovered_carts', (c.abandoned_at IS NOT NULL AND c.ordered_at IS NOT NULL)::integer),
    ('abandoned_value', CASE WHEN c.abandoned_at IS NOT NULL AND c.ordered_at IS NULL THEN c.base_value END),
    ('unconverted_carts', (c.abandoned_at IS NOT NULL AND c.ordered_at IS NULL AND c.base_value IS NULL)::integer)) AS m(measure, amount)
WHERE c.day IS NOT NULL AND m.amount <> 0
$$;
COMMENT ON FUNCTION cart_measures IS 'What a row of cart_states adds to daily_measures on its day';

CREATE FUNCTION day_cohort(d customer_days)
RETURNS TABLE (customers bigint, first_us bigint, net bigint, net_with_cost bigint, cost bigint, unconverted bigint, costs bigint,
               unconverted_costs bigint) LANGUAGE sql IMMUTABLE AS $$
SELECT (d.previous_day IS NOT NULL AND d.previous_day = '-infinity')::integer::bigint, coalesce(d.first_us, 0),
       coalesce(d.net, 0) - coalesce(d.returned, 0), coalesce(d.net_with_cost, 0) - coalesce(d.returned_with_cost, 0),
       coalesce(d.cost, 0) - coalesce(d.returned_cost, 0), coalesce(d.orders - d.converted, 0) + coalesce(d.unconverted_returns, 0),
       coalesce(d.costs, 0), coalesce(d.unconverted_costs, 0)
WHERE d.first_day IS NOT NULL AND coalesce(d.orders, d.unconverted_returns, d.returned, d.costs, d.unconverted_costs) IS NOT NULL
$$;
COMMENT ON FUNCTION day_cohort IS 'What a row of customer_days adds to cohort_days, at first_day and day';

-- ---- the sums as they have to be -----------------------------------------------------------------------------

CREATE FUNCTION daily_measure_sums(first date, past date) RETURNS SETOF daily_measures LANGUAGE sql STABLE AS $$
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

CREATE FUNCTION recency_sums(first date, past date) RETURNS SETOF recency LANGUAGE sql STABLE AS $$
SELECT g.grain || ' ' || h.grain, s.kind, g.of, h.of, sum(s.customers)::bigint
FROM (SELECT k.kind, d.day, k.previous_day, count(*) AS customers
      FROM customer_days AS d CROSS JOIN LATERAL day_cells(d) AS k WHERE d.day >= first AND d.day < past GROUP BY 1, 2, 3) AS s
CROSS JOIN data_version AS v CROSS JOIN LATERAL day_grains(s.day, v.rolled) AS g CROSS JOIN LATERAL day_grains(s.previous_day, 'infinity') AS h
GROUP BY 1, 2, 3, 4
$$;
COMMENT ON FUNCTION recency_sums IS 'recency of a window, from customer_days';

CREATE FUNCTION cohort_day_sums(first date, past date) RETURNS SETOF cohort_days LANGUAGE sql STABLE AS $$
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

-- A month at a time, so that no statement takes long. Sums that were there before go with the month.
CREATE FUNCTION sum_next_month(from_day date) RETURNS date LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET work_mem = '128MB' AS $$
DECLARE
    first date := date_trunc('month', least((SELECT min(d.day) FROM customer_days AS d WHERE d.day >= from_day),
                                            (SELECT min(c.day) FROM cart_states AS c WHERE c.day >= from_day))::timestamp)::date;
    past date := coalesce((first + interval '1 month')::date, 'infinity');
BEGIN
    DELETE FROM daily_measures AS m WHERE m.day >= from_day AND m.day < past;
    DELETE FROM recency AS r WHERE r.day >= from_day AND r.day < past;
    DELETE FROM cohort_days AS c WHERE c.day >= from_day AND c.day < past;
    IF first IS NOT NULL THEN
        -- In order, so that what is read together stands together.
        INSERT INTO daily_measures SELECT * FROM daily_measure_sums(first, past) AS m ORDER BY m.dimension, m.grain, m.day, m.measure;
        INSERT INTO recency SELECT * FROM recency_sums(first, past) AS r ORDER BY r.grain, r.kind, r.day, r.previous_day;
        INSERT INTO cohort_days SELECT * FROM cohort_day_sums(first, past) AS c ORDER BY c.grain, c.first_day, c.day;
    END IF;
    RETURN past;
END $$;
COMMENT ON FUNCTION sum_next_month IS 'Makes all sums of the next month with something in it again; the day after it, infinity: nothing is left';

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
