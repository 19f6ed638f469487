-- When the last order of a day was placed, so that the gap to the next one follows from the days alone.

ALTER TABLE customer_days ADD COLUMN last_us bigint;
COMMENT ON COLUMN customer_days.last_us IS 'When the last order of this day was placed, in microseconds since 1970';

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
           min(b.ordered_at) AS first_at, (extract(epoch FROM max(b.ordered_at)) * 1000000)::bigint AS last_us,
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
       (o.parts[1]).channel, (o.parts[1]).campaign, (o.parts[1]).storefront, CASE WHEN o.orders > 1 THEN o.parts || f.parts ELSE f.parts END,
       o.last_us
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
