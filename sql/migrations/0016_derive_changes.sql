-- Deriving what has changed: days, sums, carts and stages follow the facts, customer by customer; and the proof that they do.
-- One transaction derives at a time. Sums have the days before data_version.summed, and only those are followed; sums by month have
-- the days before data_version.rolled.

DROP FUNCTION derive_days(uuid[], date);
DROP FUNCTION derive_customers(uuid[], date);

-- What a row was is taken off the sums, what it is goes onto them.
CREATE FUNCTION derive_days(persons uuid[], since date[], summed date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rolled CONSTANT date := (SELECT v.rolled FROM data_version AS v);
BEGIN
WITH pair AS MATERIALIZED (
    SELECT f, s FROM person_days(persons, since) AS f
    FULL JOIN (SELECT d.* FROM unnest(persons, since) AS p(person_id, since)
               JOIN customer_days AS d ON d.customer_id = p.person_id AND d.day >= p.since) AS s ON s.customer_id = f.customer_id AND s.day = f.day
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
    CROSS JOIN LATERAL day_grains(k.day, rolled) AS g CROSS JOIN LATERAL day_grains(k.previous_day, 'infinity') AS h
    GROUP BY 1, 2, 3, 4 HAVING sum(k.customers) <> 0
    ON CONFLICT (grain, kind, day, previous_day) DO UPDATE SET customers = r.customers + EXCLUDED.customers
), measures AS (
    INSERT INTO daily_measures AS t
    SELECT m.dimension, g.grain, g.of, m.measure, m.key, sum(m.amount)
    FROM (SELECT m.dimension, (c.d).day, m.measure, m.key, sum(c.sign * m.amount) AS amount
          FROM changed AS c CROSS JOIN LATERAL day_measures(c.d) AS m GROUP BY 1, 2, 3, 4 HAVING sum(c.sign * m.amount) <> 0) AS m
    CROSS JOIN LATERAL day_grains(m.day, rolled) AS g
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(m.amount) <> 0
    ON CONFLICT (dimension, grain, day, measure, key) DO UPDATE SET amount = t.amount + EXCLUDED.amount
)
INSERT INTO cohort_days AS t
SELECT g.grain || ' ' || h.grain, g.of, h.of, sum(c.sign * s.customers), sum(c.sign * s.first_us), sum(c.sign * s.net),
       sum(c.sign * s.net_with_cost), sum(c.sign * s.cost), sum(c.sign * s.unconverted), sum(c.sign * s.costs),
       sum(c.sign * s.unconverted_costs)
FROM changed AS c CROSS JOIN LATERAL day_cohort(c.d) AS s
CROSS JOIN LATERAL day_grains((c.d).first_day, 'infinity') AS g CROSS JOIN LATERAL day_grains((c.d).day, rolled) AS h
GROUP BY 1, 2, 3
ON CONFLICT (grain, first_day, day) DO UPDATE SET customers = t.customers + EXCLUDED.customers, first_us = t.first_us + EXCLUDED.first_us,
    net = t.net + EXCLUDED.net, net_with_cost = t.net_with_cost + EXCLUDED.net_with_cost, cost = t.cost + EXCLUDED.cost,
    unconverted = t.unconverted + EXCLUDED.unconverted, costs = t.costs + EXCLUDED.costs,
    unconverted_costs = t.unconverted_costs + EXCLUDED.unconverted_costs;
END $$;
COMMENT ON FUNCTION derive_days IS 'Makes customer_days of some persons again, each from one day on, and the sums of days before one';

-- Carts of these persons, and carts that became their orders.
CREATE OR REPLACE FUNCTION derive_carts(persons uuid[], summed date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rolled CONSTANT date := (SELECT v.rolled FROM data_version AS v);
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
FROM changed AS c CROSS JOIN LATERAL cart_measures(c.c) AS m CROSS JOIN LATERAL day_grains((c.c).day, rolled) AS g
GROUP BY 2, 3, 4 HAVING sum(c.sign * m.amount) <> 0
ON CONFLICT (dimension, grain, day, measure, key) DO UPDATE SET amount = t.amount + EXCLUDED.amount;
END $$;
COMMENT ON FUNCTION derive_carts IS 'Makes cart_states again where facts of some persons have a part in them, and the sums of days before one';

CREATE FUNCTION person_referred(persons uuid[]) RETURNS SETOF referred_persons LANGUAGE sql STABLE AS $$
SELECT k.person_id, k.at FROM person_known((
    SELECT array_agg(DISTINCT n.person_id) FROM person_rows(persons) AS n JOIN customers AS c USING (customer_id) WHERE c.referred_by IS NOT NULL)) AS k
$$;
COMMENT ON FUNCTION person_referred IS 'The rows of referred_persons of some persons';

CREATE FUNCTION derive_referred(persons uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM referred_persons AS r WHERE r.customer_id = ANY (persons);
    INSERT INTO referred_persons SELECT * FROM person_referred(persons);
END $$;
COMMENT ON FUNCTION derive_referred IS 'Makes referred_persons of some persons again';

-- Of each person the earliest day that can be different now: -infinity, unless it had an order before that.
CREATE FUNCTION changed_persons(changed uuid[], changed_since timestamptz[]) RETURNS TABLE (person_id uuid, since date)
LANGUAGE sql STABLE AS $$
WITH change AS MATERIALIZED (
    SELECT c.id, local_day(coalesce(c.since, '-infinity'), s.time_zone) AS since
    FROM settings AS s CROSS JOIN unnest(changed, changed_since) AS c(id, since)
), person AS (
    SELECT p.id, min(p.since) AS since
    FROM (SELECT c.id, c.since FROM change AS c
          UNION ALL
          SELECT l.person_id, c.since FROM change AS c JOIN customer_persons AS l ON l.customer_id = c.id) AS p
    GROUP BY p.id
)
SELECT p.id, CASE WHEN EXISTS (SELECT FROM customer_days AS d WHERE d.customer_id = p.id AND d.first_day < p.since)
             THEN p.since ELSE '-infinity' END
FROM person AS p
$$;
COMMENT ON FUNCTION changed_persons IS 'Whose days depend on facts of some customers, and from which day on';

-- Many persons at once are joined by hashing, which the connections of requests are told not to do. Compiling the statement
-- takes longer than running it ever does.
CREATE FUNCTION derive_customers(changed uuid[], changed_since timestamptz[], summed date) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    persons uuid[];
    since date[];
    whole uuid[];
BEGIN
    SELECT array_agg(p.person_id), array_agg(p.since), array_agg(p.person_id) FILTER (WHERE p.since = '-infinity')
    INTO persons, since, whole FROM changed_persons(changed, changed_since) AS p;
    IF whole IS NOT NULL THEN
        PERFORM derive_carts(whole, summed);
        PERFORM derive_referred(whole);
    END IF;
    PERFORM derive_days(persons, since, summed);
    INSERT INTO stale_stages (customer_id) SELECT unnest(touched_persons(changed));
    UPDATE data_version SET version = version + 1;
END $$;
COMMENT ON FUNCTION derive_customers IS 'Makes days, carts and sums of some customers again, and notes that their stages are old';

-- One at a time: what one has claimed and not committed yet, another could take for settled. Claims first, reads then, in
-- statements of their own: a fact that is committed in between has left its own row, and is derived next time.
-- While a large part of the shop waits, sums are left as they are, and made again when nothing waits any more.
CREATE OR REPLACE FUNCTION derive_changed(most integer, INOUT until bigint, OUT customers bigint) LANGUAGE plpgsql AS $$
DECLARE
    everybody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    -- Summing anew takes about as long as following the changes of a fifth of all customers.
    large CONSTANT integer := 20000;
    claimed uuid[];
    since timestamptz[];
    summed_before date;
    summed_now date;
    rolled_before date;
    rolled_now date;
BEGIN
    PERFORM pg_advisory_xact_lock(426835799152);
    WITH taken AS (
        DELETE FROM changed_customers AS c
        WHERE c.change_id <= (SELECT max(o.change_id) FROM (
            SELECT f.change_id FROM changed_customers AS f
            WHERE until IS NULL OR f.change_id <= until ORDER BY f.change_id LIMIT most) AS o)
        RETURNING c.customer_id, coalesce(c.since, '-infinity') AS since
    ), customer AS (
        SELECT t.customer_id, min(t.since) AS since FROM taken AS t GROUP BY t.customer_id
    )
    SELECT array_agg(c.customer_id), array_agg(c.since) INTO claimed, since FROM customer AS c;
    customers := coalesce(cardinality(claimed), 0);
    SELECT v.summed, v.rolled INTO summed_before, rolled_before FROM data_version AS v;
    summed_now := summed_before;
    rolled_now := rolled_before;
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
        PERFORM derive_customers(claimed, since, summed_now);
    ELSIF summed_before < 'infinity' THEN
        -- As many months as make no long statement.
        LOOP
            summed_now := sum_next_month(summed_now);
            EXIT WHEN summed_now = 'infinity' OR clock_timestamp() > statement_timestamp() + interval '200 ms';
        END LOOP;
        UPDATE data_version SET version = version + 1;
        customers := 1;
    ELSE
        rolled_now := roll_next_month(rolled_before);
        customers := (rolled_now <> rolled_before)::integer;
    END IF;
    IF summed_now < summed_before THEN
        rolled_now := (SELECT date_trunc('month', local_day(now(), s.time_zone)::timestamp)::date FROM settings AS s);
    END IF;
    UPDATE data_version AS v SET summed = summed_now, rolled = greatest(rolled_now, rolled_before)
    WHERE summed_now <> summed_before OR rolled_now > rolled_before;
END $$;
COMMENT ON FUNCTION derive_changed IS 'Derives from the oldest changes; for how many customers, and up to which change there is more to do';

-- ---- stages ------------------------------------------------------------------------------------------------------

-- EXCEPT is hashed, whatever the planner believes of the sizes; an anti-join of two such lists would not be.
CREATE FUNCTION derive_person_stages(persons uuid[]) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
BEGIN
WITH fresh AS MATERIALIZED (
    SELECT * FROM person_stages(persons)
), stale AS MATERIALIZED (
    SELECT * FROM customer_stages AS s WHERE s.customer_id = ANY (persons)
), gone AS (
    DELETE FROM customer_stages AS c
    USING (SELECT s.customer_id, s.entered_at FROM stale AS s EXCEPT SELECT f.customer_id, f.entered_at FROM fresh AS f) AS k
    WHERE c.customer_id = k.customer_id AND c.entered_at = k.entered_at
)
INSERT INTO customer_stages SELECT * FROM (TABLE fresh EXCEPT TABLE stale) AS f
ON CONFLICT (customer_id, entered_at) DO UPDATE SET left_at = EXCLUDED.left_at, stage = EXCLUDED.stage,
    previous = EXCLUDED.previous, rule = EXCLUDED.rule, fact_kind = EXCLUDED.fact_kind, fact_id = EXCLUDED.fact_id;
END $$;
COMMENT ON FUNCTION derive_person_stages IS 'Makes customer_stages of some persons again';

-- As derive_changed, but these have a turn of their own: nobody who waits for days waits for stages.
CREATE FUNCTION derive_stages(most integer, INOUT until bigint, OUT customers bigint) LANGUAGE plpgsql AS $$
DECLARE
    claimed uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(426835799154);
    until := coalesce(until, (SELECT max(s.change_id) FROM stale_stages AS s));
    claimed := ARRAY(SELECT DISTINCT o.customer_id FROM (
        SELECT s.customer_id FROM stale_stages AS s WHERE s.change_id <= until ORDER BY s.change_id LIMIT most) AS o);
    customers := cardinality(claimed);
    IF customers > 0 THEN
        DELETE FROM stale_stages AS s WHERE s.customer_id = ANY (claimed);
        PERFORM derive_person_stages(claimed);
    END IF;
END $$;
COMMENT ON FUNCTION derive_stages IS 'Makes the oldest stale stages again; of how many persons, and up to which note there is more to do';

-- Locks in this order, always.
CREATE OR REPLACE FUNCTION derive_person(id uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(426835799152);
    PERFORM pg_advisory_xact_lock(426835799154);
    changed := person_changes(id);
    IF changed IS NOT NULL THEN
        DELETE FROM changed_customers AS c
        WHERE c.customer_id = ANY (changed) AND c.customer_id <> '00000000-0000-0000-0000-000000000000';
        PERFORM derive_customers(changed || id, NULL, (SELECT summed FROM data_version));
    END IF;
    DELETE FROM stale_stages AS s WHERE s.customer_id = id;
    IF FOUND THEN
        PERFORM derive_person_stages(ARRAY[id]);
    END IF;
    RETURN 0;
END $$;
COMMENT ON FUNCTION derive_person IS 'Derives one customer ahead of all others';

-- ---- proof ----------------------------------------------------------------------------------------------------

-- Rebuilds everything beside the live tables and counts the rows that only one side has. Persons with changes that wait
-- are left out, as their rows are allowed to be old; so are all carts then, which belong to more persons than one, and sums;
-- and the stages that are known to be old.
CREATE OR REPLACE FUNCTION derive_check() RETURNS TABLE (name text, live bigint, missing bigint, surplus bigint) LANGUAGE plpgsql STABLE
SET jit = off SET enable_seqscan = on SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    waiting uuid[] := touched_persons((SELECT array_agg(DISTINCT c.customer_id) FROM changed_customers AS c));
    all_summed boolean := (SELECT v.summed = 'infinity' FROM data_version AS v);
    persons uuid[];
    days bigint[] := '{0,0,0}';
    stages bigint[] := '{0,0,0}';
    referred bigint[] := '{0,0,0}';
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
        WITH fresh AS MATERIALIZED (SELECT * FROM person_referred(persons)),
             stale AS MATERIALIZED (SELECT * FROM referred_persons AS r WHERE r.customer_id = ANY (persons))
        SELECT ARRAY[(SELECT count(*) FROM stale), (SELECT count(*) FROM (TABLE fresh EXCEPT ALL TABLE stale) AS m),
                     (SELECT count(*) FROM (TABLE stale EXCEPT ALL TABLE fresh) AS m)] INTO n;
        referred := ARRAY[referred[1] + n[1], referred[2] + n[2], referred[3] + n[3]];
        persons := ARRAY(SELECT p.id FROM unnest(persons) AS p(id) WHERE NOT EXISTS (SELECT FROM stale_stages AS s WHERE s.customer_id = p.id));
        WITH fresh AS MATERIALIZED (SELECT * FROM person_stages(persons)),
             stale AS MATERIALIZED (SELECT * FROM customer_stages AS s WHERE s.customer_id = ANY (persons))
        SELECT ARRAY[(SELECT count(*) FROM stale), (SELECT count(*) FROM (TABLE fresh EXCEPT ALL TABLE stale) AS m),
                     (SELECT count(*) FROM (TABLE stale EXCEPT ALL TABLE fresh) AS m)] INTO n;
        stages := ARRAY[stages[1] + n[1], stages[2] + n[2], stages[3] + n[3]];
    END LOOP;
    RETURN QUERY VALUES ('customer_days', days[1], days[2], days[3]), ('customer_stages', stages[1], stages[2], stages[3]),
                        ('referred_persons', referred[1], referred[2], referred[3]);
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

-- Sums of months that are not over are no longer followed: all sums are made again once.
INSERT INTO changed_customers (customer_id) VALUES ('00000000-0000-0000-0000-000000000000');
