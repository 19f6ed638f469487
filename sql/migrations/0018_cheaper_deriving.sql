-- Deriving, cheaper: the same rows and the same sums; and what orders can be grouped by stands in the days of their persons.

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

-- ---- groups --------------------------------------------------------------------------------------------

CREATE TYPE order_part AS (orders bigint, converted bigint, net bigint, net_with_cost bigint, cost bigint, gap_us bigint,
                           channel text, campaign text, storefront text, member boolean);
COMMENT ON TYPE order_part IS 'An order (orders 1) or what a refund took off (orders 0), as customer_days has days; member: of a loyalty member';
ALTER TABLE customer_days ADD COLUMN channel text, ADD COLUMN campaign text, ADD COLUMN storefront text, ADD COLUMN parts order_part[];
COMMENT ON COLUMN customer_days.channel IS 'Of the first order of this day, as campaign and storefront';
COMMENT ON COLUMN customer_days.parts IS 'Each order of a day with several, in their sequence; then each refund of the day, with what its order has';

-- What the order of a refund has, behind what was there.
CREATE OR REPLACE VIEW refund_nets AS
SELECT customer_id, order_id, refund_id, refunded_at, ordered_at, base_currency, test, status,
       round(base_net::numeric * so_far / total)::bigint
         - round(base_net::numeric * (so_far - amount) / total)::bigint AS base_net,
       round(base_cost::numeric * so_far / total)::bigint
         - round(base_cost::numeric * (so_far - amount) / total)::bigint AS base_cost,
       round(base_net_with_cost::numeric * so_far / total)::bigint
         - round(base_net_with_cost::numeric * (so_far - amount) / total)::bigint AS base_net_with_cost,
       channel, campaign, storefront
FROM (SELECT r.customer_id, r.order_id, r.refund_id, r.refunded_at, r.amount, o.ordered_at, o.base_currency, o.test, o.status,
             o.base_net, o.base_cost, o.base_net_with_cost, o.total, o.channel, o.campaign, o.storefront,
             sum(r.amount) OVER (PARTITION BY r.customer_id, r.order_id ORDER BY r.refunded_at, r.refund_id) AS so_far
      FROM refunds r JOIN orders o USING (customer_id, order_id)) AS running;

-- ---- days of persons -----------------------------------------------------------------------------------

-- Of each person the days from one on (-infinity, or nothing: all), which has an order before it. What such a day takes from
-- earlier ones stands in the rows of those: so a new order costs the same however many the customer has. The order before the first of
-- a day, and the one before that, are among those of the last two days with orders.
CREATE OR REPLACE FUNCTION person_days(persons uuid[], since date[] DEFAULT '{}') RETURNS SETOF customer_days LANGUAGE sql STABLE AS $$
WITH shop AS MATERIALIZED (
    SELECT s.time_zone, s.base_currency FROM settings AS s
), start AS MATERIALIZED (
    SELECT p.person_id, coalesce(p.since, '-infinity') AS since,
           CASE WHEN p.since > '-infinity' THEN day_start(p.since, shop.time_zone) ELSE '-infinity' END AS since_at,
           CASE WHEN b.order_day IS NULL THEN '-infinity' ELSE day_start(b.order_day, shop.time_zone) END AS orders_from,
           -- Orders are counted from 1; where some are not read, from 2.
           (b.order_day > b.first_day)::integer AS more, b.first_day
    FROM shop CROSS JOIN unnest(persons, since) AS p(person_id, since)
    LEFT JOIN LATERAL (
        SELECT min(o.day) AS order_day, min(o.first_day) AS first_day
        FROM (SELECT d.day, d.first_day FROM customer_days AS d
              WHERE d.customer_id = p.person_id AND d.day < p.since AND d.previous_day IS NOT NULL
              ORDER BY d.day DESC LIMIT 2) AS o
    ) AS b ON p.since > '-infinity'
), node AS MATERIALIZED (
    -- As person_rows.
    SELECT s.*, s.person_id AS customer_id FROM start AS s
    WHERE NOT EXISTS (SELECT FROM customer_persons AS l WHERE l.customer_id = s.person_id)
    UNION ALL
    SELECT s.*, l.customer_id FROM start AS s JOIN customer_persons AS l ON l.person_id = s.person_id
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
), sold AS MATERIALIZED (
    SELECT n.person_id, n.since, n.more, local_day(o.ordered_at, shop.time_zone) AS day, o.ordered_at, o.base_net,
           o.base_currency, o.external_id, o.base_net_with_cost, o.base_cost, o.base_currency = shop.base_currency AS converted, o.test,
           o.channel, o.campaign, o.storefront
    FROM shop CROSS JOIN node AS n JOIN orders AS o ON o.customer_id = n.customer_id
    WHERE o.status IN ('paid', 'fulfilled') AND o.ordered_at >= n.orders_from
), bought AS MATERIALIZED (
    -- Orders of one instant are told apart by content, so that it does not matter which arrived first.
    SELECT o.*, coalesce(o.more, 0) + row_number() OVER sequence AS n,
           (extract(epoch FROM o.ordered_at - lag(o.ordered_at) OVER sequence) * 1000000)::bigint AS gap_us,
           coalesce(lag(o.day) OVER sequence, '-infinity') AS previous_day,
           coalesce(lag(o.day, 2) OVER sequence, '-infinity') AS second_day
    FROM (SELECT o.*, EXISTS (SELECT FROM member AS m
                              WHERE m.person_id = o.person_id AND m.joined_at <= o.ordered_at AND o.ordered_at < m.left_at) AS member
          FROM sold AS o WHERE NOT o.test) AS o
    WINDOW sequence AS (PARTITION BY o.person_id ORDER BY o.ordered_at, o.base_net, o.base_currency, o.external_id,
                                                          o.channel, o.campaign, o.storefront, o.base_net_with_cost, o.base_cost)
), ordered AS MATERIALIZED (
    SELECT b.person_id, b.day, min(b.since) AS since, min(b.n) = 1 AS is_first, min(b.previous_day) AS previous_day,
           CASE WHEN min(b.n) > 1 THEN min(b.second_day) END AS second_day, bool_or(b.member) AS member,
           count(*) AS orders, count(*) FILTER (WHERE b.converted) AS converted,
           coalesce(sum(b.base_net) FILTER (WHERE b.converted), 0)::bigint AS net,
           coalesce(sum(b.base_net_with_cost) FILTER (WHERE b.converted), 0)::bigint AS net_with_cost,
           coalesce(sum(b.base_cost) FILTER (WHERE b.converted), 0)::bigint AS cost,
           array_agg(CASE WHEN b.converted
                     THEN (1, 1, b.base_net, b.base_net_with_cost, b.base_cost, b.gap_us, b.channel, b.campaign, b.storefront, b.member)::order_part
                     ELSE (1, 0, 0, 0, 0, b.gap_us, b.channel, b.campaign, b.storefront, b.member)::order_part END ORDER BY b.n) AS parts,
           min(b.ordered_at) AS first_at,
           count(*) FILTER (WHERE b.n = 1 AND b.converted) AS first_orders,
           coalesce(sum(b.base_net) FILTER (WHERE b.n = 1 AND b.converted), 0)::bigint AS first_sales
    FROM bought AS b GROUP BY b.person_id, b.day
), refund AS MATERIALIZED (
    SELECT n.person_id, n.since, local_day(r.refunded_at, shop.time_zone) AS day, local_day(r.ordered_at, shop.time_zone) AS ordered_day,
           r.base_currency = shop.base_currency AS converted, r.base_net, r.base_net_with_cost, r.base_cost,
           CASE WHEN r.base_currency = shop.base_currency
           THEN (0, 1, -r.base_net, -r.base_net_with_cost, -r.base_cost, NULL, r.channel, r.campaign, r.storefront, false)::order_part
           ELSE (0, 0, 0, 0, 0, NULL, r.channel, r.campaign, r.storefront, false)::order_part END AS part
    FROM shop CROSS JOIN (SELECT DISTINCT n.person_id, n.customer_id, n.since
                          FROM node AS n JOIN refunds AS r ON r.customer_id = n.customer_id) AS n
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v WHERE v.customer_id = n.customer_id OFFSET 0) AS r
    WHERE r.status IN ('paid', 'fulfilled') AND NOT r.test
), refunded AS (
    SELECT r.person_id, r.day, count(*) FILTER (WHERE NOT r.converted) AS unconverted,
           sum(r.base_net) FILTER (WHERE r.converted)::bigint AS net,
           sum(r.base_net_with_cost) FILTER (WHERE r.converted)::bigint AS net_with_cost,
           sum(r.base_cost) FILTER (WHERE r.converted)::bigint AS cost, array_agg(r.part ORDER BY r.part) AS parts
    FROM refund AS r WHERE r.day >= r.since GROUP BY r.person_id, r.day
), returned AS (
    SELECT r.person_id, greatest(r.day, r.ordered_day) AS day, count(*) FILTER (WHERE NOT r.converted) AS unconverted,
           sum(r.base_net) FILTER (WHERE r.converted)::bigint AS net,
           sum(r.base_net_with_cost) FILTER (WHERE r.converted)::bigint AS net_with_cost,
           sum(r.base_cost) FILTER (WHERE r.converted)::bigint AS cost
    FROM refund AS r WHERE greatest(r.day, r.ordered_day) >= r.since GROUP BY 1, 2
), tested AS (
    SELECT o.person_id, o.day, count(*) AS tests FROM sold AS o WHERE o.test AND o.day >= o.since GROUP BY 1, 2
), visited AS MATERIALIZED (
    -- A visit that does not say how long it took does not count where that is asked.
    SELECT v.*, coalesce(lag(v.day) OVER (PARTITION BY v.person_id ORDER BY v.day),
                         (SELECT d.day FROM customer_days AS d
                          WHERE d.customer_id = v.person_id AND d.day < v.since AND d.previous_visit_day IS NOT NULL
                          ORDER BY d.day DESC LIMIT 1), '-infinity') AS previous_day
    FROM (SELECT n.person_id, min(n.since) AS since, local_day(t.at, shop.time_zone) AS day, count(*) AS visits, sum(t.pages) AS pages,
                 count(*) FILTER (WHERE t.pages = 1) AS bounces, count(t.duration_seconds) AS timed, sum(t.duration_seconds) AS seconds
          FROM shop CROSS JOIN node AS n JOIN touchpoints AS t ON t.customer_id = n.customer_id
          WHERE t.kind = 'visit' AND t.at >= n.since_at GROUP BY n.person_id, local_day(t.at, shop.time_zone)) AS v
), seen AS (
    SELECT k.person_id, k.day, coalesce(lag(k.day) OVER (PARTITION BY k.person_id ORDER BY k.day),
                                        (SELECT d.day FROM customer_days AS d
                                         WHERE d.customer_id = k.person_id AND d.day < k.since AND d.previous_seen_day IS NOT NULL
                                         ORDER BY d.day DESC LIMIT 1), '-infinity') AS previous_day
    FROM (SELECT o.person_id, o.day, o.since FROM ordered AS o WHERE o.day >= o.since
          UNION
          SELECT v.person_id, v.day, v.since FROM visited AS v) AS k
), member_day AS (
    SELECT o.person_id, o.day, coalesce(lag(o.day) OVER (PARTITION BY o.person_id ORDER BY o.day),
                                        (SELECT d.day FROM customer_days AS d
                                         WHERE d.customer_id = o.person_id AND d.day < o.since AND d.previous_member_day IS NOT NULL
                                         ORDER BY d.day DESC LIMIT 1), '-infinity') AS previous_day
    FROM ordered AS o WHERE o.member AND o.day >= o.since
), scored AS (
    SELECT a.person_id, a.day, jsonb_object_agg(a.measure, a.amount) AS measures
    FROM (SELECT n.person_id, local_day(r.answered_at, shop.time_zone) AS day, m.measure, sum(m.amount) AS amount
          FROM shop CROSS JOIN node AS n JOIN survey_responses AS r ON r.customer_id = n.customer_id JOIN surveys AS s USING (survey_id)
          CROSS JOIN LATERAL (VALUES
              ('nps', 'nps_' || r.score, 1), ('csat', 'csat_answers', 1), ('csat', 'csat_satisfied', (r.score >= 4)::integer),
              ('ces', 'ces_answers', 1), ('ces', 'ces_sum', r.score)) AS m(kind, measure, amount)
          WHERE m.kind = s.kind AND r.score IS NOT NULL AND r.answered_at >= n.since_at GROUP BY 1, 2, 3) AS a
    GROUP BY a.person_id, a.day
), reviewed AS (
    SELECT n.person_id, local_day(r.reviewed_at, shop.time_zone) AS day, count(*) AS reviews, sum(r.rating) AS ratings
    FROM shop CROSS JOIN node AS n JOIN reviews AS r ON r.customer_id = n.customer_id WHERE r.reviewed_at >= n.since_at GROUP BY 1, 2
), spent AS (
    SELECT n.person_id, local_day(c.incurred_at, shop.time_zone) AS day,
           sum(c.base_amount) FILTER (WHERE c.base_currency = shop.base_currency)::bigint AS costs,
           count(*) FILTER (WHERE c.base_currency <> shop.base_currency) AS unconverted
    FROM shop CROSS JOIN node AS n JOIN costs AS c ON c.customer_id = n.customer_id WHERE c.incurred_at >= n.since_at GROUP BY 1, 2
), touch AS (
    SELECT DISTINCT ON (n.person_id) n.person_id, t.channel
    FROM node AS n JOIN touchpoints AS t ON t.customer_id = n.customer_id WHERE n.since_at = '-infinity' AND t.channel IS NOT NULL
    ORDER BY n.person_id, t.at, t.channel COLLATE "C"
), profile AS (
    SELECT DISTINCT ON (n.person_id) n.person_id, c.acquisition_channel AS channel
    FROM node AS n JOIN customers AS c ON c.customer_id = n.customer_id WHERE c.acquisition_channel IS NOT NULL
    ORDER BY n.person_id, c.acquired_at, c.acquisition_channel COLLATE "C"
)
SELECT person_id, day, b.first_day, o.previous_day, o.second_day, m.previous_day, v.previous_day, k.previous_day,
       o.orders, o.converted, o.net, o.net_with_cost, o.cost,
       (o.parts[1 + o.is_first::integer]).gap_us,
       CASE WHEN o.orders > 1 + o.is_first::integer
       THEN ARRAY(SELECT p.gap_us FROM unnest(o.parts[2 + o.is_first::integer:]) WITH ORDINALITY AS p ORDER BY p.ordinality) END,
       CASE WHEN o.is_first THEN (extract(epoch FROM o.first_at) * 1000000)::bigint END,
       CASE WHEN o.is_first THEN coalesce(h.channel, q.channel) END,
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
           || coalesce(s.measures, '{}') END,
       (o.parts[1]).channel, (o.parts[1]).campaign, (o.parts[1]).storefront, CASE WHEN o.orders > 1 THEN o.parts || f.parts ELSE f.parts END
FROM seen AS k LEFT JOIN ordered AS o USING (person_id, day) LEFT JOIN visited AS v USING (person_id, day)
LEFT JOIN member_day AS m USING (person_id, day)
FULL JOIN refunded AS f USING (person_id, day) FULL JOIN returned AS r USING (person_id, day)
FULL JOIN tested AS t USING (person_id, day) FULL JOIN scored AS s USING (person_id, day)
FULL JOIN reviewed AS w USING (person_id, day) FULL JOIN spent AS c USING (person_id, day)
LEFT JOIN (SELECT o.person_id, o.day AS first_day FROM ordered AS o WHERE o.is_first AND o.since = '-infinity'
           UNION ALL SELECT s.person_id, s.first_day FROM start AS s WHERE s.first_day IS NOT NULL) AS b USING (person_id)
LEFT JOIN referred AS e USING (person_id) LEFT JOIN touch AS h USING (person_id) LEFT JOIN profile AS q USING (person_id)
$$;
COMMENT ON FUNCTION person_days IS 'The rows of customer_days of some persons';

-- ---- deriving ------------------------------------------------------------------------------------------

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

-- A function of SQL that is given a sub-select is planned anew each time: hence variables.
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
BEGIN
    SELECT array_agg(p.person_id), array_agg(p.since), array_agg(p.person_id) FILTER (WHERE p.since = '-infinity')
    INTO persons, since, whole FROM changed_persons(changed, changed_since) AS p;
    IF whole IS NOT NULL THEN
        PERFORM derive_carts(whole, summed);
        PERFORM derive_referred(whole);
    END IF;
    PERFORM derive_days(persons, since, summed);
    -- As touched_persons.
    INSERT INTO stale_stages (customer_id)
    SELECT p.id FROM unnest(persons) AS p(id)
    UNION
    SELECT coalesce((SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = f.id), f.id)
    FROM person_rows(persons) AS n CROSS JOIN LATERAL (
        SELECT r.referrer_id AS id FROM referrals AS r WHERE r.customer_id = n.customer_id
        UNION ALL
        SELECT c.referred_by FROM customers AS c WHERE c.customer_id = n.customer_id AND c.referred_by IS NOT NULL) AS f;
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


DROP FUNCTION day_measures(customer_days);
