-- Deriving what has changed, cheaper: only what is new or different is written, nothing is planned anew in each call, and who waits
-- for a change is told when nothing is left.

-- What a row was is taken off the sums, what it is goes onto them.
CREATE OR REPLACE FUNCTION derive_days(persons uuid[], since date[], summed date) RETURNS void LANGUAGE plpgsql AS $$
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
    UPDATE customer_days AS d SET first_day = (p.f).first_day, previous_day = (p.f).previous_day, second_day = (p.f).second_day,
        previous_member_day = (p.f).previous_member_day, previous_visit_day = (p.f).previous_visit_day,
        previous_seen_day = (p.f).previous_seen_day, orders = (p.f).orders, converted = (p.f).converted, net = (p.f).net,
        net_with_cost = (p.f).net_with_cost, cost = (p.f).cost, gap_us = (p.f).gap_us, more_gaps = (p.f).more_gaps,
        first_us = (p.f).first_us, discovered = (p.f).discovered, returned = (p.f).returned,
        returned_with_cost = (p.f).returned_with_cost, returned_cost = (p.f).returned_cost,
        unconverted_returns = (p.f).unconverted_returns, costs = (p.f).costs, unconverted_costs = (p.f).unconverted_costs,
        others = (p.f).others, channel = (p.f).channel, campaign = (p.f).campaign, storefront = (p.f).storefront, parts = (p.f).parts
    FROM pair AS p WHERE (p.f).customer_id IS NOT NULL AND d.customer_id = (p.s).customer_id AND d.day = (p.s).day
), new AS (
    -- Nobody else writes here: there is nothing to be in conflict with.
    INSERT INTO customer_days SELECT (p.f).* FROM pair AS p WHERE (p.s).customer_id IS NULL
), cells AS (
    INSERT INTO recency AS r
    SELECT g.grain || ' ' || h.grain, k.kind, g.of, h.of, sum(k.customers)
    FROM (SELECT k.kind, (c.d).day, k.previous_day, sum(c.sign) AS customers
          FROM changed AS c CROSS JOIN LATERAL day_cells(c.d) AS k GROUP BY 1, 2, 3 HAVING sum(c.sign) <> 0) AS k
    CROSS JOIN LATERAL day_grains(k.day, rolled) AS g CROSS JOIN LATERAL day_grains(k.previous_day, 'infinity') AS h
    GROUP BY 1, 2, 3, 4 HAVING sum(k.customers) <> 0
    ON CONFLICT (grain, kind, day, previous_day) DO UPDATE SET customers = r.customers + EXCLUDED.customers
), measured AS (
    -- Of each day the sums of columns first, which are few, and then a row for each.
    SELECT s.day, m.measure, m.amount
    FROM (SELECT (c.d).day, sum(c.sign * (c.d).orders)::bigint AS orders, sum(c.sign * (c.d).converted)::bigint AS converted,
                 sum(c.sign * (c.d).net)::bigint AS net, sum(c.sign * (c.d).net_with_cost)::bigint AS net_with_cost,
                 sum(c.sign * (c.d).cost)::bigint AS cost,
                 sum(c.sign * (((c.d).gap_us IS NOT NULL)::integer + coalesce(cardinality((c.d).more_gaps), 0)))::bigint AS gaps,
                 sum(c.sign * ((c.d).gap_us + CASE WHEN (c.d).more_gaps IS NULL THEN 0
                               ELSE (SELECT sum(g.us) FROM unnest((c.d).more_gaps) AS g(us)) END))::bigint AS gap_us
          FROM changed AS c GROUP BY 1) AS s
    CROSS JOIN LATERAL column_measures(s.orders, s.converted, s.net, s.net_with_cost, s.cost, s.gaps, s.gap_us) AS m
), measures AS (
    INSERT INTO daily_measures AS t
    SELECT m.dimension, g.grain, g.of, m.measure, m.key, sum(m.amount)
    FROM (SELECT '' AS dimension, m.day, m.measure, '' AS key, m.amount FROM measured AS m
          UNION ALL
          SELECT m.dimension, (c.d).day, m.measure, m.key, c.sign * m.amount
          FROM changed AS c CROSS JOIN LATERAL other_measures(c.d) AS m) AS m
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

-- A function of SQL that is given a sub-select is planned anew each time: hence variables here and below.
CREATE OR REPLACE FUNCTION touched_persons(changed uuid[]) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    roots uuid[] := ARRAY(SELECT c.id FROM unnest(changed) AS c(id)
                          UNION
                          SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = ANY (changed));
BEGIN
    RETURN nullif(ARRAY(
        SELECT r.id FROM unnest(roots) AS r(id)
        UNION
        -- Who referred them.
        SELECT coalesce((SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = f.id), f.id)
        FROM person_rows(roots) AS n CROSS JOIN LATERAL (
            SELECT r.referrer_id AS id FROM referrals AS r WHERE r.customer_id = n.customer_id
            UNION ALL
            SELECT c.referred_by FROM customers AS c WHERE c.customer_id = n.customer_id AND c.referred_by IS NOT NULL) AS f), '{}');
END $$;
COMMENT ON FUNCTION touched_persons IS 'The persons whose derived rows depend on facts of some customers; NULL: none';

CREATE OR REPLACE FUNCTION derive_referred(persons uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    came uuid[] := ARRAY(SELECT DISTINCT n.person_id FROM person_rows(persons) AS n JOIN customers AS c USING (customer_id)
                         WHERE c.referred_by IS NOT NULL);
BEGIN
    DELETE FROM referred_persons AS r WHERE r.customer_id = ANY (persons);
    IF cardinality(came) > 0 THEN
        INSERT INTO referred_persons SELECT k.person_id, k.at FROM person_known(came) AS k;
    END IF;
END $$;
COMMENT ON FUNCTION derive_referred IS 'Makes referred_persons of some persons again';

CREATE OR REPLACE FUNCTION derive_customers(changed uuid[], changed_since timestamptz[], summed date) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    persons uuid[];
    since date[];
    whole uuid[];
    touched uuid[];
BEGIN
    SELECT array_agg(p.person_id), array_agg(p.since), array_agg(p.person_id) FILTER (WHERE p.since = '-infinity')
    INTO persons, since, whole FROM changed_persons(changed, changed_since) AS p;
    touched := touched_persons(changed);
    IF whole IS NOT NULL THEN
        PERFORM derive_carts(whole, summed);
        PERFORM derive_referred(touched);
    END IF;
    PERFORM derive_days(persons, since, summed);
    INSERT INTO stale_stages (customer_id) SELECT unnest(touched);
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
    END IF;
    -- Who waits for this need not ask whether there is more.
    IF EXISTS (SELECT FROM changed_customers AS c WHERE until IS NULL OR c.change_id <= until) THEN
        customers := greatest(customers, 1);
    ELSIF summed_now < 'infinity' THEN
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
COMMENT ON FUNCTION derive_changed IS 'Derives from the oldest changes; 0 when nothing is left, and up to which change there is more to do';

-- derive_days asked it.
DROP FUNCTION day_measures(customer_days);

-- What orders can be grouped by is derived once for all that are there.
INSERT INTO changed_customers (customer_id) VALUES ('00000000-0000-0000-0000-000000000000');
