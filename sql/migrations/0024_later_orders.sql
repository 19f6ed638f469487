-- An order that comes in, cheaply: when it is the last of its customer, or all there is, its day follows from the rows that are there.
-- Everything else is made again as before.

ALTER TABLE changed_customers ADD COLUMN order_id uuid;
COMMENT ON COLUMN changed_customers.order_id IS 'The new order without a cart that is all that has changed; NULL: something else';

-- ---- days change, and sums follow -----------------------------------------------------------------------

CREATE FUNCTION sum_days(added customer_days[], removed customer_days[], summed date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rolled CONSTANT date := (SELECT v.rolled FROM data_version AS v);
BEGIN
WITH changed AS MATERIALIZED (
    SELECT 1 AS sign, a.* FROM unnest(added) AS a WHERE a.day < summed
    UNION ALL
    SELECT -1, r.* FROM unnest(removed) AS r WHERE r.day < summed
), cell AS MATERIALIZED (
    SELECT k.kind, k.day, k.previous_day, sum(k.sign) AS customers
    FROM (SELECT c.sign, c.day, unnest('{order,second,second,twice,member,visit,seen,gap}'::recency_kind[]) AS kind,
                 unnest(ARRAY[c.previous_day,
                     -- Orders that have one before them, by the one two before; of those of one day, the first two are enough.
                     c.second_day, CASE WHEN c.orders > 1 THEN c.previous_day END,
                     -- The second order of all, by the day of the first.
                     CASE WHEN c.second_day = '-infinity' OR (c.previous_day = '-infinity' AND c.orders > 1) THEN c.first_day END,
                     c.previous_member_day, c.previous_visit_day, c.previous_seen_day,
                     -- Each gap between two orders, as many days before 2000 as it is long.
                     date '2000-01-01' - (c.gap_us / 86400000000)::integer]) AS previous_day
          FROM changed AS c
          UNION ALL
          SELECT c.sign, c.day, 'gap', date '2000-01-01' - (unnest(c.more_gaps) / 86400000000)::integer
          FROM changed AS c WHERE c.more_gaps IS NOT NULL) AS k
    WHERE k.previous_day IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(k.sign) <> 0
), month AS MATERIALIZED (
    SELECT c.kind, c.day, date_trunc('month', c.previous_day::timestamp)::date AS previous_day, sum(c.customers) AS customers
    FROM cell AS c GROUP BY 1, 2, 3 HAVING sum(c.customers) <> 0
), cells AS (
    INSERT INTO recency AS r
    SELECT 'day day'::sum_grain, c.kind, c.day, c.previous_day, c.customers FROM cell AS c
    UNION ALL
    SELECT 'day month', m.kind, m.day, m.previous_day, m.customers FROM month AS m
    UNION ALL
    SELECT 'month day', c.kind, date_trunc('month', c.day::timestamp)::date, c.previous_day, sum(c.customers)
    FROM cell AS c WHERE c.day < rolled GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'month month', m.kind, date_trunc('month', m.day::timestamp)::date, m.previous_day, sum(m.customers)
    FROM month AS m WHERE m.day < rolled GROUP BY 2, 3, 4
    ON CONFLICT (grain, kind, day, previous_day) DO UPDATE SET customers = r.customers + EXCLUDED.customers
), measured AS (
    -- Of each day the sums of columns first, which are few, and then a row for each.
    SELECT s.day, m.measure, m.amount
    FROM (SELECT c.day, sum(c.sign * c.orders)::bigint AS orders, sum(c.sign * c.converted)::bigint AS converted,
                 sum(c.sign * c.net)::bigint AS net, sum(c.sign * c.net_with_cost)::bigint AS net_with_cost, sum(c.sign * c.cost)::bigint AS cost,
                 sum(c.sign * ((c.gap_us IS NOT NULL)::integer + coalesce(cardinality(c.more_gaps), 0)))::bigint AS gaps,
                 sum(c.sign * (c.gap_us + CASE WHEN c.more_gaps IS NULL THEN 0
                               ELSE (SELECT sum(g.us) FROM unnest(c.more_gaps) AS g(us)) END))::bigint AS gap_us
          FROM changed AS c GROUP BY 1) AS s
    CROSS JOIN LATERAL column_measures(s.orders, s.converted, s.net, s.net_with_cost, s.cost, s.gaps, s.gap_us) AS m
), measures AS (
    INSERT INTO daily_measures AS t
    SELECT m.dimension, g.grain, g.of, m.measure, m.key, sum(m.amount)
    FROM (SELECT '' AS dimension, m.day, m.measure, '' AS key, m.amount FROM measured AS m
          UNION ALL
          SELECT m.dimension, a.day, m.measure, m.key, m.amount
          FROM unnest(added) AS a CROSS JOIN LATERAL other_measures(a) AS m WHERE a.day < summed
          UNION ALL
          SELECT m.dimension, r.day, m.measure, m.key, -m.amount
          FROM unnest(removed) AS r CROSS JOIN LATERAL other_measures(r) AS m WHERE r.day < summed) AS m
    CROSS JOIN LATERAL day_grains(m.day, rolled) AS g
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(m.amount) <> 0
    ON CONFLICT (dimension, grain, day, measure, key) DO UPDATE SET amount = t.amount + EXCLUDED.amount
)
INSERT INTO cohort_days AS t
SELECT (g.grain || ' ' || h.grain)::sum_grain, g.of, h.of, sum(c.sign * c.customers), sum(c.sign * c.first_us), sum(c.sign * c.net),
       sum(c.sign * c.net_with_cost), sum(c.sign * c.cost), sum(c.sign * c.unconverted), sum(c.sign * c.costs),
       sum(c.sign * c.unconverted_costs)
FROM (SELECT c.first_day, c.day, 1 AS sign, s.* FROM unnest(added) AS c CROSS JOIN LATERAL day_cohort(c) AS s WHERE c.day < summed
      UNION ALL
      SELECT c.first_day, c.day, -1, s.* FROM unnest(removed) AS c CROSS JOIN LATERAL day_cohort(c) AS s WHERE c.day < summed) AS c
CROSS JOIN LATERAL day_grains(c.first_day, 'infinity') AS g CROSS JOIN LATERAL day_grains(c.day, rolled) AS h
GROUP BY 1, 2, 3
ON CONFLICT (grain, first_day, day) DO UPDATE SET customers = t.customers + EXCLUDED.customers, first_us = t.first_us + EXCLUDED.first_us,
    net = t.net + EXCLUDED.net, net_with_cost = t.net_with_cost + EXCLUDED.net_with_cost, cost = t.cost + EXCLUDED.cost,
    unconverted = t.unconverted + EXCLUDED.unconverted, costs = t.costs + EXCLUDED.costs,
    unconverted_costs = t.unconverted_costs + EXCLUDED.unconverted_costs;
END $$;
COMMENT ON FUNCTION sum_days IS 'What rows of customer_days were is taken off the sums of days before one, what they are goes onto them';

CREATE FUNCTION change_days(fresh customer_days[], stale customer_days[], summed date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF stale IS NOT NULL THEN
        DELETE FROM customer_days AS d USING unnest(stale) AS s
        WHERE d.customer_id = s.customer_id AND d.day = s.day
          AND NOT EXISTS (SELECT FROM unnest(fresh) AS f WHERE f.customer_id = s.customer_id AND f.day = s.day);
    END IF;
    INSERT INTO customer_days SELECT * FROM unnest(fresh)
    ON CONFLICT (customer_id, day) DO UPDATE SET first_day = EXCLUDED.first_day, previous_day = EXCLUDED.previous_day,
        second_day = EXCLUDED.second_day, previous_member_day = EXCLUDED.previous_member_day,
        previous_visit_day = EXCLUDED.previous_visit_day, previous_seen_day = EXCLUDED.previous_seen_day, orders = EXCLUDED.orders,
        converted = EXCLUDED.converted, net = EXCLUDED.net, net_with_cost = EXCLUDED.net_with_cost, cost = EXCLUDED.cost,
        gap_us = EXCLUDED.gap_us, more_gaps = EXCLUDED.more_gaps, first_us = EXCLUDED.first_us, discovered = EXCLUDED.discovered,
        returned = EXCLUDED.returned, returned_with_cost = EXCLUDED.returned_with_cost, returned_cost = EXCLUDED.returned_cost,
        unconverted_returns = EXCLUDED.unconverted_returns, costs = EXCLUDED.costs, unconverted_costs = EXCLUDED.unconverted_costs,
        others = EXCLUDED.others, channel = EXCLUDED.channel, campaign = EXCLUDED.campaign, storefront = EXCLUDED.storefront,
        parts = EXCLUDED.parts, last_us = EXCLUDED.last_us;
    IF summed > '-infinity' THEN
        PERFORM sum_days(fresh, stale, summed);
    END IF;
END $$;
COMMENT ON FUNCTION change_days IS 'Puts rows of customer_days in the place of others, and follows with the sums of days before one';

CREATE OR REPLACE FUNCTION derive_days(persons uuid[], since date[], summed date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fresh customer_days[];
    stale customer_days[];
BEGIN
    SELECT array_agg(f) FILTER (WHERE f.customer_id IS NOT NULL), array_agg(s.d) FILTER (WHERE s.customer_id IS NOT NULL) INTO fresh, stale
    FROM person_days(persons, since) AS f
    FULL JOIN (SELECT d.customer_id, d.day, d FROM unnest(persons, since) AS p(person_id, since)
               JOIN customer_days AS d ON d.customer_id = p.person_id AND d.day >= p.since) AS s ON s.customer_id = f.customer_id AND s.day = f.day
    WHERE f IS DISTINCT FROM s.d;
    IF fresh IS NOT NULL OR stale IS NOT NULL THEN
        PERFORM change_days(fresh, stale, summed);
    END IF;
END $$;
COMMENT ON FUNCTION derive_days IS 'Makes customer_days of some persons again, each from one day on, and the sums of days before one';

-- ---- new orders -----------------------------------------------------------------------------------------

CREATE FUNCTION completed_order(customer uuid, new_order uuid)
RETURNS TABLE (customer_id uuid, day date, at_us bigint, converted bigint, net bigint, net_with_cost bigint, cost bigint,
               channel text, campaign text, storefront text, member boolean) LANGUAGE sql STABLE ROWS 1 AS $$
SELECT o.customer_id, o.day, o.at_us, o.converted, o.base_net * o.converted, o.base_net_with_cost * o.converted, o.base_cost * o.converted,
       o.channel, o.campaign, o.storefront,
       EXISTS (SELECT FROM loyalty_members AS m WHERE m.customer_id = o.customer_id
               AND m.joined_at <= o.ordered_at AND o.ordered_at < coalesce(m.left_at, 'infinity'))
FROM (SELECT o.*, local_day(o.ordered_at, s.time_zone) AS day, (extract(epoch FROM o.ordered_at) * 1000000)::bigint AS at_us,
             (o.base_currency = s.base_currency)::integer::bigint AS converted
      FROM settings AS s, orders AS o
      WHERE o.customer_id = customer AND o.order_id = new_order AND o.status IN ('paid', 'fulfilled') AND NOT o.test) AS o
-- Each is computed once.
OFFSET 0
$$;
COMMENT ON FUNCTION completed_order IS 'An order as days have orders; nothing when it is a test or not completed';

-- b is the last day with an order before this one, s the row that is there of the order's own.
CREATE FUNCTION later_day(customer uuid, new_order uuid) RETURNS TABLE (fresh customer_days, stale customer_days) LANGUAGE sql STABLE ROWS 1 AS $$
SELECT (o.customer_id, o.day, b.first_day,
        CASE WHEN b.again THEN s.previous_day ELSE b.day END,
        CASE WHEN b.again THEN s.second_day WHEN b.orders > 1 THEN b.day ELSE b.previous_day END,
        CASE WHEN s.previous_member_day IS NULL AND o.member THEN coalesce(
            (SELECT d.day FROM customer_days AS d WHERE d.customer_id = o.customer_id AND d.previous_member_day IS NOT NULL
             ORDER BY d.day DESC LIMIT 1), '-infinity') ELSE s.previous_member_day END,
        s.previous_visit_day,
        CASE WHEN s.previous_seen_day IS NULL THEN
            (SELECT d.day FROM customer_days AS d WHERE d.customer_id = o.customer_id AND d.previous_seen_day IS NOT NULL
             ORDER BY d.day DESC LIMIT 1) ELSE s.previous_seen_day END,
        coalesce(s.orders, 0) + 1, coalesce(s.converted, 0) + o.converted, coalesce(s.net, 0) + o.net,
        coalesce(s.net_with_cost, 0) + o.net_with_cost, coalesce(s.cost, 0) + o.cost,
        coalesce(s.gap_us, o.at_us - b.last_us),
        CASE WHEN s.gap_us IS NOT NULL THEN s.more_gaps || (o.at_us - b.last_us) END,
        s.first_us, s.discovered, s.returned, s.returned_with_cost, s.returned_cost, s.unconverted_returns, s.costs, s.unconverted_costs, s.others,
        CASE WHEN b.again THEN s.channel ELSE o.channel END, CASE WHEN b.again THEN s.campaign ELSE o.campaign END,
        CASE WHEN b.again THEN s.storefront ELSE o.storefront END,
        CASE WHEN b.again THEN
            CASE WHEN s.orders > 1 THEN s.parts
            ELSE ARRAY[(1, s.converted, s.net, s.net_with_cost, s.cost, s.gap_us, s.channel, s.campaign, s.storefront,
                        s.previous_member_day IS NOT NULL)::order_part] END
            || (1, o.converted, o.net, o.net_with_cost, o.cost, o.at_us - b.last_us, o.channel, o.campaign, o.storefront, o.member)::order_part
        ELSE s.parts END,
        o.at_us)::customer_days, s
FROM completed_order(customer, new_order) AS o
CROSS JOIN LATERAL (
    SELECT d.day, d.others FROM customer_days AS d WHERE d.customer_id = o.customer_id ORDER BY d.day DESC LIMIT 1) AS l
CROSS JOIN LATERAL (
    SELECT d.day, d.first_day, d.previous_day, d.orders, d.last_us, d.day = o.day AS again FROM customer_days AS d
    WHERE d.customer_id = o.customer_id AND d.previous_day IS NOT NULL ORDER BY d.day DESC LIMIT 1) AS b
LEFT JOIN customer_days AS s ON s.customer_id = o.customer_id AND s.day = o.day
WHERE l.day <= o.day AND b.last_us < o.at_us
  -- Refunds stand behind the orders of a day.
  AND NOT (b.again AND coalesce(cardinality(s.parts), 0) > CASE WHEN s.orders > 1 THEN s.orders ELSE 0 END)
  -- Who was referred has more measures, who came from several customers more facts.
  AND NOT (coalesce(l.others ? 'referred_customers', false)
           OR EXISTS (SELECT FROM customer_persons AS p WHERE p.customer_id = o.customer_id)
           OR EXISTS (SELECT FROM customer_persons AS p WHERE p.person_id = o.customer_id))
$$;
COMMENT ON FUNCTION later_day IS
    'The row of customer_days with a new order that comes last of all, and the row in its place; nothing when it takes more than the rows before';

CREATE FUNCTION earliest_day(customer uuid, new_order uuid) RETURNS SETOF customer_days LANGUAGE sql STABLE ROWS 1 AS $$
SELECT o.customer_id, o.day, o.day, '-infinity'::date, NULL::date, CASE WHEN o.member THEN '-infinity'::date END, NULL::date, '-infinity'::date,
       1::bigint, o.converted, o.net, o.net_with_cost, o.cost, NULL::bigint, NULL::bigint[], o.at_us, c.acquisition_channel,
       NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
       jsonb_build_object('new_customers', 1, 'first_orders', o.converted, 'repeat_orders', -o.converted,
                          'first_sales', o.net, 'repeat_sales', -o.net),
       o.channel, o.campaign, o.storefront, NULL::order_part[], o.at_us
FROM completed_order(customer, new_order) AS o JOIN customers AS c ON c.customer_id = o.customer_id
WHERE c.referred_by IS NULL
  AND NOT (EXISTS (SELECT FROM customer_days AS d WHERE d.customer_id = o.customer_id)
           OR EXISTS (SELECT FROM touchpoints AS t WHERE t.customer_id = o.customer_id)
           OR EXISTS (SELECT FROM cart_updates AS u WHERE u.customer_id = o.customer_id)
           OR EXISTS (SELECT FROM referrals AS r WHERE r.customer_id = o.customer_id)
           OR EXISTS (SELECT FROM customer_persons AS p WHERE p.customer_id = o.customer_id)
           OR EXISTS (SELECT FROM customer_persons AS p WHERE p.person_id = o.customer_id))
$$;
COMMENT ON FUNCTION earliest_day IS 'The row of customer_days of a customer with one order and nothing else';

-- The others are left.
CREATE FUNCTION derive_later(changed uuid[], changed_since timestamptz[], changed_orders uuid[], summed date,
                             OUT later uuid[], OUT others uuid[], OUT others_since timestamptz[]) LANGUAGE plpgsql AS $$
DECLARE
    fresh customer_days[];
    stale customer_days[];
BEGIN
    SELECT array_agg(n.fresh) FILTER (WHERE (n.fresh).day IS NOT NULL), array_agg(n.stale) FILTER (WHERE (n.stale).day IS NOT NULL),
           array_agg(n.customer_id) FILTER (WHERE (n.fresh).day IS NOT NULL),
           array_agg(n.customer_id) FILTER (WHERE (n.fresh).day IS NULL), array_agg(n.since) FILTER (WHERE (n.fresh).day IS NULL)
    INTO fresh, stale, later, others, others_since
    FROM (SELECT l.customer_id, l.since, coalesce(l.fresh, e) AS fresh, l.stale
          FROM (SELECT c.*, l.* FROM unnest(changed, changed_since, changed_orders) AS c(customer_id, since, order_id)
                LEFT JOIN LATERAL later_day(c.customer_id, c.order_id) AS l ON true OFFSET 0) AS l
          LEFT JOIN LATERAL earliest_day(l.customer_id, CASE WHEN (l.fresh).day IS NULL THEN l.order_id END) AS e ON true OFFSET 0) AS n;
    IF fresh IS NOT NULL THEN
        PERFORM change_days(fresh, stale, summed);
    END IF;
END $$;
COMMENT ON FUNCTION derive_later IS 'Derives what is only new orders, where that is simple; says of whom, and who is left';

DROP FUNCTION derive_customers(uuid[], timestamptz[], date);
CREATE FUNCTION derive_customers(changed uuid[], changed_since timestamptz[], changed_orders uuid[], summed date) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    l record := derive_later(changed, changed_since, changed_orders, summed);
    persons uuid[];
    since date[];
    whole uuid[];
    touched uuid[];
BEGIN
    IF l.others IS NOT NULL THEN
        SELECT array_agg(p.person_id), array_agg(p.since), array_agg(p.person_id) FILTER (WHERE p.since = '-infinity')
        INTO persons, since, whole FROM changed_persons(l.others, l.others_since) AS p;
        touched := touched_persons(l.others);
        IF whole IS NOT NULL THEN
            PERFORM derive_carts(whole, summed);
            PERFORM derive_referred(touched);
        END IF;
        PERFORM derive_days(persons, since, summed);
    END IF;
    INSERT INTO stale_stages (customer_id) SELECT unnest(l.later || touched);
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
    orders uuid[];
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
        RETURNING c.customer_id, coalesce(c.since, '-infinity') AS since, c.order_id
    ), customer AS (
        SELECT t.customer_id, min(t.since) AS since, CASE WHEN count(*) = 1 THEN (array_agg(t.order_id))[1] END AS order_id
        FROM taken AS t GROUP BY t.customer_id
    )
    SELECT array_agg(c.customer_id), array_agg(c.since), array_agg(c.order_id) INTO claimed, since, orders FROM customer AS c;
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
        PERFORM derive_customers(claimed, since, orders, summed_now);
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
        PERFORM derive_customers(changed || id, NULL, NULL, (SELECT summed FROM data_version));
    END IF;
    DELETE FROM stale_stages AS s WHERE s.customer_id = id;
    IF FOUND THEN
        PERFORM derive_person_stages(ARRAY[id]);
    END IF;
    RETURN 0;
END $$;
COMMENT ON FUNCTION derive_person IS 'Derives one customer ahead of all others';

-- sum_days says it itself.
DROP FUNCTION day_cells(customer_days);

-- To plan all this takes a hundred times as long as to follow an order.
CREATE FUNCTION derive_nothing() RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_hashjoin = on SET enable_mergejoin = on SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM derive_later('{}', '{}', '{}', '-infinity'), changed_persons('{}', '{}'), touched_persons('{}'), derive_carts('{}', '-infinity'),
            derive_referred('{}'), derive_days('{}', '{}', '-infinity'), change_days('{}', '{}', 'infinity'), derive_person_stages('{}');
END $$;
COMMENT ON FUNCTION derive_nothing IS 'Derives of nobody, so that the session has the plans of it';

-- When the last order of each day was placed.
INSERT INTO changed_customers (customer_id) VALUES ('00000000-0000-0000-0000-000000000000');
