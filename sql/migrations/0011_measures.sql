-- What reports add up. customer_days has a row for each day on which something of a person counts; three tables hold sums of its
-- rows and follow it by differences, so that no report has to look at the facts:
--   daily_measures  what can be added up over days: orders, sales, visits, scores ...
--   recency         persons by two days, for everything that counts persons once: whoever is active from a to b has a row of
--                   kind `order` there whose previous_day lies before a. That is exact for any window
--   cohort_days     money by the day of acquisition and the day when it came in
-- Their updates touch no index and stay in their page, so that a day on which much happens costs little; what has come to be 0 may
-- stay there. Each axis of days has two grains, days and months, so that any window is a few whole months and some days at its ends.

CREATE TABLE customer_days (
    customer_id         uuid NOT NULL,
    day                 date NOT NULL,
    first_day           date,
    previous_day        date,
    second_day          date,
    previous_member_day date,
    previous_visit_day  date,
    previous_seen_day   date,
    orders              bigint,
    converted           bigint,
    net                 bigint,
    net_with_cost       bigint,
    cost                bigint,
    gap_us              bigint,
    more_gaps           bigint[],
    first_us            bigint,
    discovered          text,
    returned            bigint,
    returned_with_cost  bigint,
    returned_cost       bigint,
    unconverted_returns bigint,
    costs               bigint,
    unconverted_costs   bigint,
    others              jsonb,
    PRIMARY KEY (customer_id, day)
);
COMMENT ON TABLE customer_days IS 'Derived: days of the shop on which something of a person counts; NULL in a column: nothing of that kind';
COMMENT ON COLUMN customer_days.first_day IS 'The day of the first completed order of all; the same in each row of the person';
COMMENT ON COLUMN customer_days.previous_day IS 'The day with an order before this one; -infinity: the first order of all is on this day; NULL: none is';
COMMENT ON COLUMN customer_days.second_day IS 'The day of the order two before the first of this day; -infinity: there is none, but one before it';
COMMENT ON COLUMN customer_days.previous_member_day IS 'As previous_day, of orders while a loyalty member';
COMMENT ON COLUMN customer_days.previous_visit_day IS 'As previous_day, of visits';
COMMENT ON COLUMN customer_days.previous_seen_day IS 'As previous_day, of visits and orders together';
COMMENT ON COLUMN customer_days.converted IS 'Orders whose money is in the base currency: the sums are of these';
COMMENT ON COLUMN customer_days.gap_us IS 'Microseconds between the first order of this day that has one before it, and that one';
COMMENT ON COLUMN customer_days.more_gaps IS 'The same of the further orders of this day';
COMMENT ON COLUMN customer_days.first_us IS 'On the day of the first order of all: its instant, in microseconds since 1970';
COMMENT ON COLUMN customer_days.discovered IS 'On the day of the first order: channel of the earliest touchpoint that has one, else of the profile';
COMMENT ON COLUMN customer_days.returned IS 'What refunds took off net sales, on their day but not before that of the order';
COMMENT ON COLUMN customer_days.others IS 'Measures that few days have, by name; they add to what the columns say';
-- The expression of kpi_gaps.sql; the rest makes it an index-only scan.
CREATE INDEX customer_days_gap ON customer_days ((gap_us / 86400000000), day) INCLUDE (gap_us);
COMMENT ON INDEX customer_days_gap IS 'kpi_gaps.sql: gaps of one length in whole days';
CREATE INDEX customer_days_day ON customer_days (day);
COMMENT ON INDEX customer_days_day IS 'derive_changed.sql: summing anew, month by month';
CREATE INDEX customer_days_first ON customer_days (day) INCLUDE (customer_id) WHERE previous_day = '-infinity';
COMMENT ON INDEX customer_days_first IS 'kpi_value.sql, kpi_costs.sql: who was acquired in a window';
CREATE INDEX customer_days_more_gaps ON customer_days (day) WHERE more_gaps IS NOT NULL;
COMMENT ON INDEX customer_days_more_gaps IS 'kpi_gaps.sql: gaps within a day';

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

-- ---- definitions: the days of persons, from facts alone ------------------------------------------------

CREATE FUNCTION person_days(persons uuid[]) RETURNS SETOF customer_days LANGUAGE sql STABLE AS $$
WITH shop AS MATERIALIZED (
    SELECT s.time_zone, s.base_currency FROM settings AS s
), node AS MATERIALIZED (
    SELECT n.person_id, n.customer_id FROM person_rows(persons) AS n
), member AS MATERIALIZED (
    SELECT n.person_id, m.joined_at, coalesce(m.left_at, 'infinity') AS left_at
    FROM node AS n JOIN loyalty_members AS m ON m.customer_id = n.customer_id
), referred AS MATERIALIZED (
    -- Nobody refers themselves, also when that shows later.
    SELECT DISTINCT n.person_id
    FROM node AS n CROSS JOIN LATERAL (
        SELECT r.referrer_id FROM referrals AS r WHERE r.customer_id = n.customer_id
        UNION ALL
        SELECT c.referred_by FROM customers AS c WHERE c.customer_id = n.customer_id AND c.referred_by IS NOT NULL) AS r
    LEFT JOIN customer_persons AS p ON p.customer_id = r.referrer_id
    WHERE coalesce(p.person_id, r.referrer_id) <> n.person_id
), bought AS MATERIALIZED (
    -- Orders of one instant are told apart by content, so that it does not matter which arrived first.
    SELECT o.*, row_number() OVER sequence AS n, o.ordered_at - lag(o.ordered_at) OVER sequence AS gap,
           coalesce(lag(o.day) OVER sequence, '-infinity') AS previous_day,
           coalesce(lag(o.day, 2) OVER sequence, '-infinity') AS second_day
    FROM (SELECT n.person_id, local_day(o.ordered_at, shop.time_zone) AS day, o.ordered_at, o.base_net, o.base_currency, o.external_id,
                 o.base_net_with_cost, o.base_cost, o.base_currency = shop.base_currency AS converted,
                 EXISTS (SELECT FROM member AS m
                         WHERE m.person_id = n.person_id AND m.joined_at <= o.ordered_at AND o.ordered_at < m.left_at) AS member
          FROM shop CROSS JOIN node AS n JOIN orders AS o ON o.customer_id = n.customer_id
          WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test) AS o
    WINDOW sequence AS (PARTITION BY o.person_id ORDER BY o.ordered_at, o.base_net, o.base_currency, o.external_id)
), ordered AS MATERIALIZED (
    SELECT b.person_id, b.day, min(b.n) = 1 AS is_first, min(b.previous_day) AS previous_day,
           CASE WHEN min(b.n) > 1 THEN min(b.second_day) END AS second_day, bool_or(b.member) AS member,
           count(*) AS orders, count(*) FILTER (WHERE b.converted) AS converted,
           coalesce(sum(b.base_net) FILTER (WHERE b.converted), 0)::bigint AS net,
           coalesce(sum(b.base_net_with_cost) FILTER (WHERE b.converted), 0)::bigint AS net_with_cost,
           coalesce(sum(b.base_cost) FILTER (WHERE b.converted), 0)::bigint AS cost,
           array_agg((extract(epoch FROM b.gap) * 1000000)::bigint ORDER BY b.n) FILTER (WHERE b.n > 1) AS gaps,
           min(b.ordered_at) AS first_at,
           count(*) FILTER (WHERE b.n = 1 AND b.converted) AS first_orders,
           coalesce(sum(b.base_net) FILTER (WHERE b.n = 1 AND b.converted), 0)::bigint AS first_sales
    FROM bought AS b GROUP BY b.person_id, b.day
), refund AS MATERIALIZED (
    SELECT n.person_id, local_day(r.refunded_at, shop.time_zone) AS day, local_day(r.ordered_at, shop.time_zone) AS ordered_day,
           r.base_currency = shop.base_currency AS converted, r.base_net, r.base_net_with_cost, r.base_cost
    FROM shop CROSS JOIN node AS n
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v WHERE v.customer_id = n.customer_id OFFSET 0) AS r
    WHERE r.status IN ('paid', 'fulfilled') AND NOT r.test
), refunded AS (
    SELECT r.person_id, r.day, count(*) FILTER (WHERE NOT r.converted) AS unconverted,
           sum(r.base_net) FILTER (WHERE r.converted)::bigint AS net,
           sum(r.base_net_with_cost) FILTER (WHERE r.converted)::bigint AS net_with_cost,
           sum(r.base_cost) FILTER (WHERE r.converted)::bigint AS cost
    FROM refund AS r GROUP BY r.person_id, r.day
), returned AS (
    SELECT r.person_id, greatest(r.day, r.ordered_day) AS day, count(*) FILTER (WHERE NOT r.converted) AS unconverted,
           sum(r.base_net) FILTER (WHERE r.converted)::bigint AS net,
           sum(r.base_net_with_cost) FILTER (WHERE r.converted)::bigint AS net_with_cost,
           sum(r.base_cost) FILTER (WHERE r.converted)::bigint AS cost
    FROM refund AS r GROUP BY 1, 2
), tested AS (
    SELECT n.person_id, local_day(o.ordered_at, shop.time_zone) AS day, count(*) AS tests
    FROM shop CROSS JOIN node AS n JOIN orders AS o ON o.customer_id = n.customer_id
    WHERE o.status IN ('paid', 'fulfilled') AND o.test GROUP BY 1, 2
), visited AS MATERIALIZED (
    -- A visit that does not say how long it took does not count where that is asked.
    SELECT v.*, coalesce(lag(v.day) OVER (PARTITION BY v.person_id ORDER BY v.day), '-infinity') AS previous_day
    FROM (SELECT n.person_id, local_day(t.at, shop.time_zone) AS day, count(*) AS visits, sum(t.pages) AS pages,
                 count(*) FILTER (WHERE t.pages = 1) AS bounces, count(t.duration_seconds) AS timed, sum(t.duration_seconds) AS seconds
          FROM shop CROSS JOIN node AS n JOIN touchpoints AS t ON t.customer_id = n.customer_id
          WHERE t.kind = 'visit' GROUP BY 1, 2) AS v
), seen AS (
    SELECT s.person_id, s.day, coalesce(lag(s.day) OVER (PARTITION BY s.person_id ORDER BY s.day), '-infinity') AS previous_day
    FROM (SELECT o.person_id, o.day FROM ordered AS o UNION SELECT v.person_id, v.day FROM visited AS v) AS s
), member_day AS (
    SELECT o.person_id, o.day, coalesce(lag(o.day) OVER (PARTITION BY o.person_id ORDER BY o.day), '-infinity') AS previous_day
    FROM ordered AS o WHERE o.member
), scored AS (
    SELECT a.person_id, a.day, jsonb_object_agg(a.measure, a.amount) AS measures
    FROM (SELECT n.person_id, local_day(r.answered_at, shop.time_zone) AS day, m.measure, sum(m.amount) AS amount
          FROM shop CROSS JOIN node AS n JOIN survey_responses AS r ON r.customer_id = n.customer_id JOIN surveys AS s USING (survey_id)
          CROSS JOIN LATERAL (VALUES
              ('nps', 'nps_' || r.score, 1), ('csat', 'csat_answers', 1), ('csat', 'csat_satisfied', (r.score >= 4)::integer),
              ('ces', 'ces_answers', 1), ('ces', 'ces_sum', r.score)) AS m(kind, measure, amount)
          WHERE m.kind = s.kind AND r.score IS NOT NULL GROUP BY 1, 2, 3) AS a
    GROUP BY a.person_id, a.day
), reviewed AS (
    SELECT n.person_id, local_day(r.reviewed_at, shop.time_zone) AS day, count(*) AS reviews, sum(r.rating) AS ratings
    FROM shop CROSS JOIN node AS n JOIN reviews AS r ON r.customer_id = n.customer_id GROUP BY 1, 2
), spent AS (
    SELECT n.person_id, local_day(c.incurred_at, shop.time_zone) AS day,
           sum(c.base_amount) FILTER (WHERE c.base_currency = shop.base_currency)::bigint AS costs,
           count(*) FILTER (WHERE c.base_currency <> shop.base_currency) AS unconverted
    FROM shop CROSS JOIN node AS n JOIN costs AS c ON c.customer_id = n.customer_id GROUP BY 1, 2
), touch AS (
    SELECT DISTINCT ON (n.person_id) n.person_id, t.channel
    FROM node AS n JOIN touchpoints AS t ON t.customer_id = n.customer_id WHERE t.channel IS NOT NULL
    ORDER BY n.person_id, t.at, t.channel COLLATE "C"
), profile AS (
    SELECT DISTINCT ON (n.person_id) n.person_id, c.acquisition_channel AS channel
    FROM node AS n JOIN customers AS c ON c.customer_id = n.customer_id WHERE c.acquisition_channel IS NOT NULL
    ORDER BY n.person_id, c.acquired_at, c.acquisition_channel COLLATE "C"
)
SELECT person_id, day, b.first_day, o.previous_day, o.second_day, m.previous_day, v.previous_day, k.previous_day,
       o.orders, o.converted, o.net, o.net_with_cost, o.cost, o.gaps[1], CASE WHEN cardinality(o.gaps) > 1 THEN o.gaps[2:] END,
       CASE WHEN o.is_first THEN (extract(epoch FROM o.first_at) * 1000000)::bigint END,
       CASE WHEN o.is_first THEN coalesce(h.channel, p.channel) END,
       r.net, r.net_with_cost, r.cost, nullif(r.unconverted, 0), c.costs, nullif(c.unconverted, 0),
       CASE WHEN o.is_first OR e.person_id IS NOT NULL OR coalesce(f.unconverted, t.tests, v.visits, w.reviews) IS NOT NULL OR s.measures IS NOT NULL
       THEN CASE WHEN o.is_first THEN jsonb_build_object('new_customers', 1, 'first_orders', o.first_orders, 'repeat_orders', -o.first_orders,
                                                         'first_sales', o.first_sales, 'repeat_sales', -o.first_sales) ELSE '{}' END
           || CASE WHEN f.unconverted IS NOT NULL THEN jsonb_build_object(
                  'net_sales', -coalesce(f.net, 0), 'net_with_cost', -coalesce(f.net_with_cost, 0), 'cost', -coalesce(f.cost, 0),
                  'unconverted_refunds', f.unconverted) ELSE '{}' END
           || CASE WHEN t.tests IS NOT NULL THEN jsonb_build_object('test_orders', t.tests) ELSE '{}' END
           || CASE WHEN v.visits IS NOT NULL THEN jsonb_build_object(
                  'visits', v.visits, 'visit_pages', coalesce(v.pages, 0), 'bounces', v.bounces, 'timed_visits', v.timed,
                  'visit_seconds', coalesce(v.seconds, 0)) ELSE '{}' END
           || CASE WHEN w.reviews IS NOT NULL THEN jsonb_build_object('reviews', w.reviews, 'rating_sum', w.ratings) ELSE '{}' END
           || CASE WHEN e.person_id IS NOT NULL THEN jsonb_build_object(
                  'referred_customers', CASE WHEN o.is_first THEN 1 ELSE 0 END,
                  'referred_net', coalesce(o.net, 0) - coalesce(f.net, 0),
                  'referred_net_with_cost', coalesce(o.net_with_cost, 0) - coalesce(f.net_with_cost, 0),
                  'referred_cost', coalesce(o.cost, 0) - coalesce(f.cost, 0),
                  'unconverted_referred', coalesce(o.orders - o.converted, 0) + coalesce(f.unconverted, 0)) ELSE '{}' END
           || coalesce(s.measures, '{}') END
FROM seen AS k LEFT JOIN ordered AS o USING (person_id, day) LEFT JOIN visited AS v USING (person_id, day)
LEFT JOIN member_day AS m USING (person_id, day)
FULL JOIN refunded AS f USING (person_id, day) FULL JOIN returned AS r USING (person_id, day)
FULL JOIN tested AS t USING (person_id, day) FULL JOIN scored AS s USING (person_id, day)
FULL JOIN reviewed AS w USING (person_id, day) FULL JOIN spent AS c USING (person_id, day)
LEFT JOIN (SELECT o.person_id, o.day AS first_day FROM ordered AS o WHERE o.is_first) AS b USING (person_id)
LEFT JOIN referred AS e USING (person_id) LEFT JOIN touch AS h USING (person_id) LEFT JOIN profile AS p USING (person_id)
$$;
COMMENT ON FUNCTION person_days IS 'The rows of customer_days of some persons';

-- ---- what a row adds to which sum ------------------------------------------------------------------------

CREATE FUNCTION day_grains(day date) RETURNS TABLE (grain text, of date) LANGUAGE sql IMMUTABLE AS $$
SELECT g.grain, g.of FROM (VALUES ('day', day), ('month', date_trunc('month', day::timestamp)::date)) AS g(grain, of)
$$;
COMMENT ON FUNCTION day_grains IS 'A day as both grains have it';

CREATE FUNCTION day_pieces(first date, past date) RETURNS TABLE (grain text, first date, past date) LANGUAGE sql IMMUTABLE ROWS 3 AS $$
SELECT p.grain, p.first, p.past
FROM (SELECT (date_trunc('month', $1::timestamp - interval '1 day') + interval '1 month')::date AS month_first,
             date_trunc('month', $2::timestamp)::date AS month_past) AS m
CROSS JOIN LATERAL (VALUES ('day', $1, CASE WHEN m.month_first < m.month_past THEN m.month_first ELSE $2 END),
                           ('month', m.month_first, m.month_past),
                           ('day', CASE WHEN m.month_first < m.month_past THEN m.month_past ELSE $2 END, $2)) AS p(grain, first, past)
WHERE p.first < p.past
$$;
COMMENT ON FUNCTION day_pieces IS 'A window as whole months, and days before and behind them';

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

-- ---- deriving ----------------------------------------------------------------------------------------------

-- What a row was is taken off the sums, what it is goes onto them.
CREATE FUNCTION derive_days(persons uuid[], summed date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
WITH pair AS MATERIALIZED (
    SELECT f, s FROM person_days(persons) AS f
    FULL JOIN (SELECT * FROM customer_days AS d WHERE d.customer_id = ANY (persons)) AS s ON s.customer_id = f.customer_id AND s.day = f.day
    WHERE f IS DISTINCT FROM s
), added AS (
    SELECT (p.f).* FROM pair AS p WHERE (p.f).customer_id IS NOT NULL
), removed AS (
    SELECT (p.s).* FROM pair AS p WHERE (p.s).customer_id IS NOT NULL
), changed AS MATERIALIZED (
    SELECT 1 AS sign, a::customer_days AS d FROM added AS a WHERE a.day < summed
    UNION ALL
    SELECT -1, r::customer_days FROM removed AS r WHERE r.day < summed
), gone AS (
    DELETE FROM customer_days AS d USING pair AS p
    WHERE (p.f).customer_id IS NULL AND d.customer_id = (p.s).customer_id AND d.day = (p.s).day
), kept AS (
    INSERT INTO customer_days SELECT * FROM added
    ON CONFLICT (customer_id, day) DO UPDATE SET first_day = EXCLUDED.first_day, previous_day = EXCLUDED.previous_day,
        second_day = EXCLUDED.second_day, previous_member_day = EXCLUDED.previous_member_day,
        previous_visit_day = EXCLUDED.previous_visit_day, previous_seen_day = EXCLUDED.previous_seen_day, orders = EXCLUDED.orders,
        converted = EXCLUDED.converted, net = EXCLUDED.net, net_with_cost = EXCLUDED.net_with_cost, cost = EXCLUDED.cost,
        gap_us = EXCLUDED.gap_us, more_gaps = EXCLUDED.more_gaps, first_us = EXCLUDED.first_us, discovered = EXCLUDED.discovered,
        returned = EXCLUDED.returned, returned_with_cost = EXCLUDED.returned_with_cost, returned_cost = EXCLUDED.returned_cost,
        unconverted_returns = EXCLUDED.unconverted_returns, costs = EXCLUDED.costs, unconverted_costs = EXCLUDED.unconverted_costs,
        others = EXCLUDED.others
), cells AS (
    INSERT INTO recency AS r
    SELECT g.grain || ' ' || h.grain, k.kind, g.of, h.of, sum(k.customers)
    FROM (SELECT k.kind, (c.d).day, k.previous_day, sum(c.sign) AS customers
          FROM changed AS c CROSS JOIN LATERAL day_cells(c.d) AS k GROUP BY 1, 2, 3 HAVING sum(c.sign) <> 0) AS k
    CROSS JOIN LATERAL day_grains(k.day) AS g CROSS JOIN LATERAL day_grains(k.previous_day) AS h
    GROUP BY 1, 2, 3, 4 HAVING sum(k.customers) <> 0
    ON CONFLICT (grain, kind, day, previous_day) DO UPDATE SET customers = r.customers + EXCLUDED.customers
), measures AS (
    INSERT INTO daily_measures AS t
    SELECT m.dimension, g.grain, g.of, m.measure, m.key, sum(m.amount)
    FROM (SELECT m.dimension, (c.d).day, m.measure, m.key, sum(c.sign * m.amount) AS amount
          FROM changed AS c CROSS JOIN LATERAL day_measures(c.d) AS m GROUP BY 1, 2, 3, 4 HAVING sum(c.sign * m.amount) <> 0) AS m
    CROSS JOIN LATERAL day_grains(m.day) AS g
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(m.amount) <> 0
    ON CONFLICT (dimension, grain, day, measure, key) DO UPDATE SET amount = t.amount + EXCLUDED.amount
)
INSERT INTO cohort_days AS t
SELECT g.grain || ' ' || h.grain, g.of, h.of, sum(c.sign * s.customers), sum(c.sign * s.first_us), sum(c.sign * s.net),
       sum(c.sign * s.net_with_cost), sum(c.sign * s.cost), sum(c.sign * s.unconverted), sum(c.sign * s.costs),
       sum(c.sign * s.unconverted_costs)
FROM changed AS c CROSS JOIN LATERAL day_cohort(c.d) AS s
CROSS JOIN LATERAL day_grains((c.d).first_day) AS g CROSS JOIN LATERAL day_grains((c.d).day) AS h
GROUP BY 1, 2, 3
ON CONFLICT (grain, first_day, day) DO UPDATE SET customers = t.customers + EXCLUDED.customers, first_us = t.first_us + EXCLUDED.first_us,
    net = t.net + EXCLUDED.net, net_with_cost = t.net_with_cost + EXCLUDED.net_with_cost, cost = t.cost + EXCLUDED.cost,
    unconverted = t.unconverted + EXCLUDED.unconverted, costs = t.costs + EXCLUDED.costs,
    unconverted_costs = t.unconverted_costs + EXCLUDED.unconverted_costs;
END $$;
COMMENT ON FUNCTION derive_days IS 'Makes customer_days of some persons again, and the sums of days before one';

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
CROSS JOIN LATERAL day_grains(s.day) AS g
GROUP BY 1, 2, 3, 4, 5 HAVING sum(s.amount) <> 0
$$;
COMMENT ON FUNCTION daily_measure_sums IS 'daily_measures of a window, from customer_days and cart_states';

CREATE FUNCTION recency_sums(first date, past date) RETURNS SETOF recency LANGUAGE sql STABLE AS $$
SELECT g.grain || ' ' || h.grain, s.kind, g.of, h.of, sum(s.customers)::bigint
FROM (SELECT k.kind, d.day, k.previous_day, count(*) AS customers
      FROM customer_days AS d CROSS JOIN LATERAL day_cells(d) AS k WHERE d.day >= first AND d.day < past GROUP BY 1, 2, 3) AS s
CROSS JOIN LATERAL day_grains(s.day) AS g CROSS JOIN LATERAL day_grains(s.previous_day) AS h
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
CROSS JOIN LATERAL day_grains(s.first_day) AS g CROSS JOIN LATERAL day_grains(s.day) AS h
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

-- Carts of these persons, and carts that became their orders.
CREATE FUNCTION derive_carts(persons uuid[], summed date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
WITH cart AS MATERIALIZED (
    SELECT u.cart_id FROM person_rows(persons) AS n JOIN cart_updates AS u ON u.customer_id = n.customer_id
    UNION
    SELECT e.id FROM person_rows(persons) AS n JOIN orders AS o ON o.customer_id = n.customer_id
    JOIN external_ids AS e ON e.resource = 'carts' AND e.external_id = o.cart
), fresh AS MATERIALIZED (
    SELECT f.customer_id, f.cart_id, f.started_at, f.abandoned_at, f.ordered_at, f.order_id, f.day, f.base_value
    FROM cart AS c CROSS JOIN LATERAL (SELECT * FROM cart_state_facts AS v WHERE v.cart_id = c.cart_id OFFSET 0) AS f
), stale AS MATERIALIZED (
    SELECT s.* FROM cart AS c JOIN cart_states AS s ON s.cart_id = c.cart_id
), added AS MATERIALIZED (
    TABLE fresh EXCEPT TABLE stale
), removed AS MATERIALIZED (
    TABLE stale EXCEPT TABLE fresh
), changed AS MATERIALIZED (
    SELECT 1 AS sign, a::cart_states AS c FROM added AS a WHERE a.day < summed
    UNION ALL
    SELECT -1, r::cart_states FROM removed AS r WHERE r.day < summed
), gone AS (
    DELETE FROM cart_states AS s
    USING (SELECT r.customer_id, r.cart_id FROM removed AS r EXCEPT SELECT a.customer_id, a.cart_id FROM added AS a) AS k
    WHERE s.customer_id = k.customer_id AND s.cart_id = k.cart_id
), kept AS (
    INSERT INTO cart_states SELECT * FROM added
    ON CONFLICT (customer_id, cart_id) DO UPDATE SET started_at = EXCLUDED.started_at, abandoned_at = EXCLUDED.abandoned_at,
        ordered_at = EXCLUDED.ordered_at, order_id = EXCLUDED.order_id, day = EXCLUDED.day, base_value = EXCLUDED.base_value
)
INSERT INTO daily_measures AS t
SELECT '', g.grain, g.of, m.measure, '', sum(c.sign * m.amount)
FROM changed AS c CROSS JOIN LATERAL cart_measures(c.c) AS m CROSS JOIN LATERAL day_grains((c.c).day) AS g
GROUP BY 2, 3, 4 HAVING sum(c.sign * m.amount) <> 0
ON CONFLICT (dimension, grain, day, measure, key) DO UPDATE SET amount = t.amount + EXCLUDED.amount;
END $$;
COMMENT ON FUNCTION derive_carts IS 'Makes cart_states again where facts of some persons have a part in them, and the sums of days before one';

-- Many persons at once are joined by hashing, which the connections of requests are told not to do. Compiling the statement
-- takes longer than running it ever does.
CREATE FUNCTION derive_customers(changed uuid[], summed date) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    persons uuid[] := touched_persons(changed);
BEGIN
    PERFORM derive_carts(persons, summed);
    PERFORM derive_days(persons, summed);
    PERFORM derive_stages(persons);
    UPDATE data_version SET version = version + 1;
END $$;
COMMENT ON FUNCTION derive_customers IS 'Makes everything derived of some customers again, and of the persons that depend on them';

-- One at a time: what one has claimed and not committed yet, another could take for settled. Claims first, reads then, in
-- statements of their own: a fact that is committed in between has left its own row, and is derived next time.
-- While a large part of the shop waits, sums are left as they are, and made again when nothing waits any more.
CREATE FUNCTION derive_changed(most integer, INOUT until bigint, OUT customers bigint) LANGUAGE plpgsql AS $$
DECLARE
    everybody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    -- Summing anew takes about as long as following the changes of a fifth of all customers.
    large CONSTANT integer := 20000;
    claimed uuid[];
    summed_before date;
    summed_now date;
BEGIN
    PERFORM pg_advisory_xact_lock(426835799152);
    WITH taken AS (
        DELETE FROM changed_customers AS c
        WHERE c.change_id <= (SELECT max(o.change_id) FROM (
            SELECT f.change_id FROM changed_customers AS f
            WHERE until IS NULL OR f.change_id <= until ORDER BY f.change_id LIMIT most) AS o)
        RETURNING c.customer_id)
    SELECT array_agg(DISTINCT t.customer_id) INTO claimed FROM taken AS t;
    customers := coalesce(cardinality(claimed), 0);
    SELECT v.summed INTO summed_before FROM data_version AS v;
    summed_now := summed_before;
    IF everybody = ANY (claimed) THEN
        INSERT INTO changed_customers (customer_id) SELECT c.customer_id FROM customers AS c;
        until := coalesce((SELECT max(c.change_id) FROM changed_customers AS c), until);
        summed_now := '-infinity';
    ELSIF customers >= most AND EXISTS (
        SELECT FROM changed_customers
        OFFSET greatest(large, (SELECT c.reltuples / 5 FROM pg_class AS c WHERE c.oid = 'customers'::regclass))::bigint) THEN
        summed_now := '-infinity';
    END IF;
    IF customers > 0 THEN
        PERFORM derive_customers(claimed, summed_now);
    ELSIF summed_before < 'infinity' THEN
        -- As many months as make no long statement.
        LOOP
            summed_now := sum_next_month(summed_now);
            EXIT WHEN summed_now = 'infinity' OR clock_timestamp() > statement_timestamp() + interval '200 ms';
        END LOOP;
        UPDATE data_version SET version = version + 1;
        customers := 1;
    END IF;
    UPDATE data_version AS v SET summed = summed_now WHERE summed_now <> summed_before;
END $$;
COMMENT ON FUNCTION derive_changed IS 'Derives from the oldest changes; for how many customers, and up to which change there is more to do';

CREATE FUNCTION derive_person(id uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(426835799152);
    changed := person_changes(id);
    IF changed IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM changed_customers AS c
    WHERE c.customer_id = ANY (changed) AND c.customer_id <> '00000000-0000-0000-0000-000000000000';
    PERFORM derive_customers(changed || id, (SELECT summed FROM data_version));
    RETURN 0;
END $$;
COMMENT ON FUNCTION derive_person IS 'Derives one customer ahead of all others';

-- ---- proof ----------------------------------------------------------------------------------------------------

-- Rebuilds everything beside the live tables and counts the rows that only one side has. Persons with changes that wait
-- are left out, as their rows are allowed to be old; so are all carts then, which belong to more persons than one, and sums.
CREATE FUNCTION derive_check() RETURNS TABLE (name text, live bigint, missing bigint, surplus bigint) LANGUAGE plpgsql STABLE
SET jit = off SET enable_seqscan = on SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    waiting uuid[] := touched_persons((SELECT array_agg(DISTINCT c.customer_id) FROM changed_customers AS c));
    all_summed boolean := (SELECT v.summed = 'infinity' FROM data_version AS v);
    persons uuid[];
    days bigint[] := '{0,0,0}';
    stages bigint[] := '{0,0,0}';
    n bigint[];
BEGIN
    -- So many at a time that each rebuild stays in memory.
    FOR persons IN
        SELECT array_agg(c.customer_id)
        FROM (SELECT k.customer_id, row_number() OVER (ORDER BY k.customer_id) / 1000 AS chunk FROM customers AS k
              WHERE waiting IS NULL OR k.customer_id <> ALL (waiting)) AS c
        GROUP BY c.chunk
    LOOP
        WITH fresh AS MATERIALIZED (SELECT * FROM person_days(persons)),
             stale AS MATERIALIZED (SELECT * FROM customer_days AS d WHERE d.customer_id = ANY (persons))
        SELECT ARRAY[(SELECT count(*) FROM stale), (SELECT count(*) FROM (TABLE fresh EXCEPT ALL TABLE stale) AS m),
                     (SELECT count(*) FROM (TABLE stale EXCEPT ALL TABLE fresh) AS m)] INTO n;
        days := ARRAY[days[1] + n[1], days[2] + n[2], days[3] + n[3]];
        WITH fresh AS MATERIALIZED (SELECT * FROM person_stages(persons)),
             stale AS MATERIALIZED (SELECT * FROM customer_stages AS s WHERE s.customer_id = ANY (persons))
        SELECT ARRAY[(SELECT count(*) FROM stale), (SELECT count(*) FROM (TABLE fresh EXCEPT ALL TABLE stale) AS m),
                     (SELECT count(*) FROM (TABLE stale EXCEPT ALL TABLE fresh) AS m)] INTO n;
        stages := ARRAY[stages[1] + n[1], stages[2] + n[2], stages[3] + n[3]];
    END LOOP;
    RETURN QUERY VALUES ('customer_days', days[1], days[2], days[3]), ('customer_stages', stages[1], stages[2], stages[3]);
    RETURN QUERY
    WITH carts AS MATERIALIZED (SELECT f.* FROM cart_state_facts AS f WHERE waiting IS NULL),
    known AS MATERIALIZED (SELECT * FROM cart_states WHERE waiting IS NULL)
    SELECT 'cart_states', (SELECT count(*) FROM cart_states), (SELECT count(*) FROM (TABLE carts EXCEPT ALL TABLE known) AS m),
           (SELECT count(*) FROM (TABLE known EXCEPT ALL TABLE carts) AS m);
    RETURN QUERY
    WITH fresh AS MATERIALIZED (SELECT * FROM daily_measure_sums('-infinity', 'infinity') WHERE all_summed),
    known AS MATERIALIZED (SELECT * FROM daily_measures WHERE amount <> 0)
    SELECT 'daily_measures', (SELECT count(*) FROM known), (SELECT count(*) FROM (TABLE fresh EXCEPT ALL TABLE known) AS m),
           (SELECT count(*) FROM (TABLE known EXCEPT ALL TABLE fresh) AS m WHERE all_summed);
    RETURN QUERY
    WITH fresh AS MATERIALIZED (SELECT * FROM recency_sums('-infinity', 'infinity') WHERE all_summed),
    known AS MATERIALIZED (SELECT * FROM recency WHERE customers <> 0)
    SELECT 'recency', (SELECT count(*) FROM known), (SELECT count(*) FROM (TABLE fresh EXCEPT ALL TABLE known) AS m),
           (SELECT count(*) FROM (TABLE known EXCEPT ALL TABLE fresh) AS m WHERE all_summed);
    RETURN QUERY
    WITH fresh AS MATERIALIZED (SELECT * FROM cohort_day_sums('-infinity', 'infinity') WHERE all_summed),
    known AS MATERIALIZED (SELECT * FROM cohort_days WHERE (customers, first_us, net, net_with_cost, cost, unconverted, costs, unconverted_costs) <> (0, 0, 0, 0, 0, 0, 0, 0))
    SELECT 'cohort_days', (SELECT count(*) FROM known), (SELECT count(*) FROM (TABLE fresh EXCEPT ALL TABLE known) AS m),
           (SELECT count(*) FROM (TABLE known EXCEPT ALL TABLE fresh) AS m WHERE all_summed);
END $$;
COMMENT ON FUNCTION derive_check IS 'What derived tables lack, or have too much, against a rebuild from the facts';
