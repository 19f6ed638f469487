-- Stages of many at once, in time that grows with how many they are: what somebody has cancelled is looked up once a person, not
-- once an event in a list of all who have.

CREATE OR REPLACE FUNCTION person_stages(persons uuid[])
RETURNS TABLE (customer_id uuid, entered_at timestamptz, left_at timestamptz, stage text, previous text, rule text,
               fact_kind text, fact_id uuid)
LANGUAGE sql STABLE AS $$
WITH shop AS MATERIALIZED (
    SELECT s.time_zone, s.lost_after_days, s.loyal_after_orders FROM settings AS s
), node AS MATERIALIZED (
    SELECT n.person_id, n.customer_id, c.closed_at
    FROM person_rows(persons) AS n JOIN customers AS c ON c.customer_id = n.customer_id WHERE NOT c.anonymous
), bought AS MATERIALIZED (
    -- An order counts from when it was paid until it is cancelled or refunded in full.
    SELECT r.person_id, o.order_id, o.external_id, greatest(o.ordered_at, o.paid_at) AS at, o.cancelled_at,
           CASE WHEN o.total > 0 AND o.refunded >= o.total THEN (
               SELECT max(f.refunded_at) FROM refunds AS f
               WHERE f.customer_id = o.customer_id AND f.order_id = o.order_id) END AS refunded_at
    FROM node AS r JOIN orders AS o ON o.customer_id = r.customer_id
    WHERE o.paid_at IS NOT NULL AND NOT o.test
      AND (o.cancelled_at IS NULL OR o.cancelled_at > greatest(o.ordered_at, o.paid_at))
), renewed AS (
    SELECT r.person_id, s.subscription_id, s.external_id, s.cancelled_at,
           (SELECT min(w.renewed_at) FROM subscription_renewals AS w
            WHERE w.customer_id = s.customer_id AND w.subscription_id = s.subscription_id) AS at
    FROM node AS r JOIN subscriptions AS s ON s.customer_id = r.customer_id
), referred AS (
    -- Who came by whom, and when; what the profile says has no date of its own.
    SELECT r.person_id, f.referral_id, f.external_id, f.customer_id AS came, f.referred_at
    FROM node AS r JOIN referrals AS f ON f.referrer_id = r.customer_id
    UNION ALL
    SELECT r.person_id, c.customer_id, NULL, c.customer_id, NULL
    FROM node AS r JOIN customers AS c ON c.referred_by = r.customer_id
), brought AS (
    SELECT f.person_id, f.referral_id, f.external_id, greatest(f.referred_at, b.at) AS at, f.referred_at IS NULL AS by_profile
    FROM referred AS f CROSS JOIN LATERAL (
        SELECT min(greatest(o.ordered_at, o.paid_at)) AS at
        FROM (SELECT coalesce((SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = f.came), f.came) AS person_id) AS p
        CROSS JOIN LATERAL person_rows(ARRAY[p.person_id]) AS n JOIN orders AS o ON o.customer_id = n.customer_id
        WHERE o.paid_at IS NOT NULL AND NOT o.test AND p.person_id <> f.person_id
          AND (o.cancelled_at IS NULL OR o.cancelled_at > greatest(o.ordered_at, o.paid_at))) AS b
    WHERE b.at IS NOT NULL
), interested AS (
    SELECT DISTINCT ON (i.person_id) i.* FROM (
        SELECT r.person_id, t.at, 'touchpoint' AS kind, t.touchpoint_id AS id, t.external_id
        FROM node AS r JOIN touchpoints AS t ON t.customer_id = r.customer_id
        WHERE t.kind IN ('email_clicked', 'signup', 'newsletter') OR (t.kind = 'visit' AND t.pages >= 2)
        UNION ALL
        SELECT r.person_id, u.updated_at, 'cart', u.cart_id, u.external_id
        FROM node AS r JOIN cart_updates AS u ON u.customer_id = r.customer_id) AS i
    ORDER BY i.person_id, i.at, i.kind, i.external_id, i.id
), cancelled AS MATERIALIZED (
    SELECT b.person_id, array_agg(b.at) AS ats, array_agg(b.cancelled_at) AS ends
    FROM bought AS b WHERE b.cancelled_at IS NOT NULL GROUP BY b.person_id
), known AS MATERIALIZED (
    SELECT k.person_id, k.at, c.ats, c.ends FROM person_known(persons) AS k LEFT JOIN cancelled AS c USING (person_id)
), event (person_id, at, rank, kind, id, external_id, orders, members, renewals, interest, order_at, praise_at, promoter_at,
          passive_at, detractor_at, closed_at) AS (
    SELECT b.person_id, b.at, 1, 'order', b.order_id, b.external_id,
           CASE WHEN b.refunded_at <= b.at THEN 0 ELSE 1 END, 0, 0, false,
           CASE WHEN b.cancelled_at IS NULL THEN b.at END, null::timestamptz, null::timestamptz, null::timestamptz,
           null::timestamptz, null::timestamptz
    FROM bought AS b
    UNION ALL
    SELECT b.person_id, least(b.cancelled_at, b.refunded_at), 8, CASE WHEN b.cancelled_at <= b.refunded_at OR b.refunded_at IS NULL
               THEN 'cancellation' ELSE 'refund' END, b.order_id, b.external_id,
           CASE WHEN b.refunded_at <= b.at THEN 0 ELSE -1 END, 0, 0, false, null, null, null, null, null, null
    FROM bought AS b WHERE coalesce(b.cancelled_at, b.refunded_at) IS NOT NULL
    UNION ALL
    -- Cancelled behind a full refund: it counted as an order had until then.
    SELECT b.person_id, b.cancelled_at, 9, 'cancellation', b.order_id, b.external_id, 0, 0, 0, false, null, null, null, null, null, null
    FROM bought AS b WHERE b.cancelled_at > b.refunded_at
    UNION ALL
    -- Time alone loses nobody who orders again before; of orders of one instant, the one that comes first by name is the reason.
    SELECT b.person_id, b.lost_at, 11, 'order', b.order_id, b.external_id, 0, 0, 0, false, null, null, null, null, null, null
    FROM (SELECT o.*, lost_at(o.at, shop.lost_after_days, shop.time_zone) AS lost_at,
                 CASE WHEN o.cancelled_at IS NULL THEN
                     lead(o.at) OVER (PARTITION BY o.person_id, o.cancelled_at IS NULL
                                      ORDER BY o.at, o.external_id DESC, o.order_id DESC) END AS next_at
          FROM bought AS o, shop) AS b
    WHERE b.next_at IS NULL OR b.next_at > b.lost_at
    UNION ALL
    SELECT i.person_id, i.at, 7, i.kind, i.id, i.external_id, 0, 0, 0, true, null, null, null, null, null, null FROM interested AS i
    UNION ALL
    SELECT r.person_id, m.joined_at, 3, 'loyalty_member', m.member_id, m.external_id, 0, 1, 0, false, null, null, null, null, null, null
    FROM node AS r JOIN loyalty_members AS m ON m.customer_id = r.customer_id
    UNION ALL
    SELECT r.person_id, m.left_at, 3, 'loyalty_member', m.member_id, m.external_id, 0, -1, 0, false, null, null, null, null, null, null
    FROM node AS r JOIN loyalty_members AS m ON m.customer_id = r.customer_id WHERE m.left_at IS NOT NULL
    UNION ALL
    SELECT w.person_id, w.at, 2, 'subscription', w.subscription_id, w.external_id, 0, 0, 1, false, null, null, null, null, null, null
    FROM renewed AS w WHERE w.at < coalesce(w.cancelled_at, 'infinity')
    UNION ALL
    SELECT w.person_id, w.cancelled_at, 2, 'subscription', w.subscription_id, w.external_id, 0, 0, -1, false, null, null, null, null,
           null, null
    FROM renewed AS w WHERE w.at < w.cancelled_at
    UNION ALL
    SELECT r.person_id, v.reviewed_at, 4, 'review', v.review_id, v.external_id, 0, 0, 0, false, null, v.reviewed_at, null, null, null, null
    FROM node AS r JOIN reviews AS v ON v.customer_id = r.customer_id WHERE v.rating >= 4
    UNION ALL
    SELECT f.person_id, f.at, 5, CASE WHEN f.by_profile THEN 'customer' ELSE 'referral' END, f.referral_id, f.external_id,
           0, 0, 0, false, null, f.at, null, null, null, null
    FROM brought AS f
    UNION ALL
    SELECT r.person_id, a.answered_at, 6, 'response', a.response_id, a.external_id, 0, 0, 0, false, null, null,
           CASE WHEN a.score >= 9 THEN a.answered_at END, CASE WHEN a.score BETWEEN 7 AND 8 THEN a.answered_at END,
           CASE WHEN a.score <= 6 THEN a.answered_at END, null
    FROM node AS r JOIN survey_responses AS a ON a.customer_id = r.customer_id JOIN surveys AS s USING (survey_id)
    WHERE s.kind = 'nps' AND a.score IS NOT NULL
    UNION ALL
    SELECT r.person_id, r.closed_at, 10, 'customer', r.customer_id, null, 0, 0, 0, false, null, null, null, null, null, r.closed_at
    FROM node AS r WHERE r.closed_at IS NOT NULL
    UNION ALL
    SELECT k.person_id, k.at, 12, null, null, null, 0, 0, 0, false, null, null, null, null, null, null FROM known AS k
), state AS (
    -- The events of one instant have the same sums, and the first of them is said to be the reason.
    SELECT e.person_id, e.at, e.kind, e.id, sum(e.orders) OVER past AS orders, sum(e.members) OVER past AS members,
           sum(e.renewals) OVER past AS renewals, bool_or(e.interest) OVER past AS interest,
           max(e.order_at) OVER past AS order_at, max(e.praise_at) OVER past AS praise_at,
           max(e.promoter_at) OVER past AS promoter_at, max(e.passive_at) OVER past AS passive_at,
           max(e.detractor_at) OVER past AS detractor_at, max(e.closed_at) OVER past AS closed_at,
           row_number() OVER (PARTITION BY e.person_id, e.at ORDER BY e.rank, e.external_id, e.id) AS n
    FROM event AS e WINDOW past AS (PARTITION BY e.person_id ORDER BY e.at)
), judged AS MATERIALIZED (
    SELECT s.person_id, s.at, s.kind, s.id, s.orders, s.members, s.renewals, s.interest, s.praise_at >= coalesce(s.detractor_at, '-infinity') AS praised,
           s.promoter_at > greatest(s.passive_at, s.detractor_at, '-infinity') AS promoter, s.closed_at,
           -- An order that was cancelled was one until then.
           CASE WHEN k.ats IS NULL THEN s.order_at
                ELSE greatest(s.order_at, (SELECT max(t.at) FROM unnest(k.ats, k.ends) AS t(at, ends) WHERE t.at <= s.at AND t.ends > s.at))
                END AS order_at
    FROM state AS s JOIN known AS k ON k.person_id = s.person_id
    WHERE s.at >= k.at AND s.n = 1
), ruled AS MATERIALIZED (
    SELECT j.person_id, j.at, j.kind, j.id, CASE
        WHEN j.at >= lost_at(j.order_at, shop.lost_after_days, shop.time_zone) THEN 'lost/no_order_for_days'
        WHEN j.closed_at > coalesce(j.order_at, '-infinity') THEN 'lost/account_closed'
        WHEN (j.orders >= 1 OR j.renewals >= 1) AND (j.praised OR j.promoter) THEN 'advocacy/' ||
            CASE WHEN j.promoter AND NOT coalesce(j.praised, false) THEN 'promoter' ELSE 'reviewed_or_referred' END
        WHEN j.renewals >= 1 THEN 'loyalty/renewed_subscription'
        WHEN j.orders >= shop.loyal_after_orders THEN 'loyalty/many_orders'
        WHEN j.orders >= 2 AND j.members >= 1 THEN 'loyalty/member_with_orders'
        WHEN j.orders >= 2 THEN 'retention/two_or_more_orders'
        WHEN j.orders = 1 THEN 'conversion/one_order'
        WHEN j.interest THEN 'consideration/showed_interest'
        ELSE 'awareness/known' END AS rule
    FROM judged AS j, shop
), step AS (
    SELECT r.*, split_part(r.rule, '/', 1) AS stage,
           lag(split_part(r.rule, '/', 1)) OVER (PARTITION BY r.person_id ORDER BY r.at) AS previous
    FROM ruled AS r
)
SELECT t.person_id, t.at, coalesce(lead(t.at) OVER (PARTITION BY t.person_id ORDER BY t.at), 'infinity'), t.stage, t.previous,
       split_part(t.rule, '/', 2), t.kind, t.id
FROM step AS t WHERE t.stage IS DISTINCT FROM t.previous
$$;
COMMENT ON FUNCTION person_stages IS 'The rows of customer_stages of some persons';
