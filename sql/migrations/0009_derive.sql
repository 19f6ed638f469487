-- What is derived from facts and settings, per person, and can be dropped and rebuilt at any time with the same result.
-- customer_id is the person (the root of its links) in customer_days and customer_stages.

CREATE TABLE changed_customers (
    customer_id uuid NOT NULL,
    change_id   bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (customer_id, change_id)
);
COMMENT ON TABLE changed_customers IS 'Customers with facts that have not been derived from yet, written with the facts; the nil UUID means everybody';
CREATE INDEX changed_customers_change_id ON changed_customers (change_id);
COMMENT ON INDEX changed_customers_change_id IS 'derive_changed.sql takes the oldest first';

CREATE TABLE data_version (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version   bigint NOT NULL,
    summed    date NOT NULL
);
COMMENT ON TABLE data_version IS 'How far deriving has come';
COMMENT ON COLUMN data_version.version IS 'Counts the transactions that derived something: as long as it and the clock say the same, no report changes';
COMMENT ON COLUMN data_version.summed IS 'Sums have, and follow, the days of customers before this one: infinity, but while so much is derived that summing anew is quicker';
INSERT INTO data_version (version, summed) VALUES (1, 'infinity');

CREATE TABLE customer_stages (
    customer_id uuid NOT NULL,
    entered_at  timestamptz NOT NULL,
    left_at     timestamptz NOT NULL,
    stage       text NOT NULL,
    previous    text,
    rule        text NOT NULL,
    fact_kind   text,
    fact_id     uuid,
    PRIMARY KEY (customer_id, entered_at)
);
COMMENT ON TABLE customer_stages IS 'Derived: the stages of a person one after the other, the ones to come by time alone as well';
COMMENT ON COLUMN customer_stages.left_at IS 'infinity: no fact so far, and no time, ends it';
COMMENT ON COLUMN customer_stages.previous IS 'NULL: the person was not known before';

CREATE TABLE cart_states (
    customer_id  uuid NOT NULL,
    cart_id      uuid NOT NULL,
    started_at   timestamptz NOT NULL,
    abandoned_at timestamptz,
    ordered_at   timestamptz,
    order_id     uuid,
    day          date,
    base_value   bigint,
    PRIMARY KEY (customer_id, cart_id)
);
COMMENT ON TABLE cart_states IS 'Derived: what became of each cart. customer_id is whose update is the newest';
COMMENT ON COLUMN cart_states.abandoned_at IS 'End of the first pause that was too long; may lie ahead. NULL: it was ordered before';
COMMENT ON COLUMN cart_states.ordered_at IS 'When it became an order: recovered if it had been abandoned, else converted';
COMMENT ON COLUMN cart_states.day IS 'Of the shop: when it was decided, abandoned or else ordered; may lie ahead. NULL: it is not';
COMMENT ON COLUMN cart_states.base_value IS 'Value of its newest update; NULL: not in the base currency';
CREATE INDEX cart_states_abandoned_at ON cart_states (abandoned_at);
COMMENT ON INDEX cart_states_abandoned_at IS 'kpi_carts.sql by window; kpi_daily.sql: what lies ahead';
CREATE INDEX cart_states_ordered_at ON cart_states (ordered_at);
COMMENT ON INDEX cart_states_ordered_at IS 'kpi_carts.sql by window; kpi_daily.sql: what lies ahead';

CREATE TABLE lifecycle_models (
    name       text PRIMARY KEY,
    title      text NOT NULL,
    built_in   boolean NOT NULL DEFAULT false,
    labels     jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE lifecycle_models IS 'Names that frameworks give to the seven stages';
COMMENT ON COLUMN lifecycle_models.labels IS 'Label of each canonical stage; stages of one label are one stage of the model';
CREATE INDEX cart_states_cart_id ON cart_states (cart_id);
COMMENT ON INDEX cart_states_cart_id IS 'derive_changed.sql';

-- ---- who belongs together -----------------------------------------------------------------------

CREATE FUNCTION person_rows(persons uuid[]) RETURNS TABLE (person_id uuid, customer_id uuid)
LANGUAGE sql STABLE ROWS 100 AS $$
SELECT p.id, p.id FROM unnest(persons) AS p(id)
WHERE NOT EXISTS (SELECT FROM customer_persons AS l WHERE l.customer_id = p.id)
UNION ALL
SELECT l.person_id, l.customer_id FROM customer_persons AS l WHERE l.person_id = ANY (persons)
$$;
COMMENT ON FUNCTION person_rows IS 'All customer rows of some persons; ids that are no persons (any more) have none';

CREATE FUNCTION customer_rows(id uuid, kind text, value text) RETURNS uuid[] LANGUAGE sql STABLE AS $$
SELECT array_agg(r.customer_id) FROM (
    SELECT coalesce((SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = c.id), c.id) AS id
    FROM (SELECT coalesce($1, (SELECT i.customer_id FROM customer_identities AS i WHERE i.kind = $2 AND i.value = $3)) AS id) AS c
) AS p CROSS JOIN LATERAL person_rows(ARRAY[p.id]) AS r
$$;
COMMENT ON FUNCTION customer_rows IS 'All customer rows of the person that an id or an identity means; NULL for an unknown identity';

-- ---- definitions: what is derived, from facts alone ---------------------------------------------

-- Time that passes without an order.
CREATE FUNCTION lost_at(ordered timestamptz, days integer, zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN ((ordered AT TIME ZONE zone) + make_interval(days => days)) AT TIME ZONE zone;
COMMENT ON FUNCTION lost_at IS 'When a customer without another order counts as lost: the same time of day, so many days later';

-- The stages of persons. An event is an instant at which something changes, and what it changes; running sums and maxima over
-- the events of a person give its state after each instant, and the state gives the stage. The rules are those of the
-- README; the last that holds wins. Events of one instant are one: they take effect together.
CREATE FUNCTION person_stages(persons uuid[])
RETURNS TABLE (customer_id uuid, entered_at timestamptz, left_at timestamptz, stage text, previous text, rule text,
               fact_kind text, fact_id uuid)
LANGUAGE sql STABLE AS $$
WITH shop AS MATERIALIZED (
    SELECT s.time_zone, s.lost_after_days, s.loyal_after_orders FROM settings AS s
), node AS MATERIALIZED (
    SELECT n.person_id, n.customer_id, c.acquired_at, c.closed_at, c.created_at
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
), first_fact AS (
    SELECT r.person_id, min(f.at) AS at
    FROM node AS r CROSS JOIN LATERAL (
        SELECT min(o.ordered_at) AS at FROM orders AS o WHERE o.customer_id = r.customer_id
        UNION ALL SELECT min(t.at) FROM touchpoints AS t WHERE t.customer_id = r.customer_id
        UNION ALL SELECT min(u.updated_at) FROM cart_updates AS u WHERE u.customer_id = r.customer_id
        UNION ALL SELECT min(a.answered_at) FROM survey_responses AS a WHERE a.customer_id = r.customer_id
        UNION ALL SELECT min(v.reviewed_at) FROM reviews AS v WHERE v.customer_id = r.customer_id
        UNION ALL SELECT min(f.referred_at) FROM referrals AS f WHERE f.customer_id = r.customer_id
        UNION ALL SELECT min(f.referred_at) FROM referrals AS f WHERE f.referrer_id = r.customer_id
        UNION ALL SELECT min(m.joined_at) FROM loyalty_members AS m WHERE m.customer_id = r.customer_id
        UNION ALL SELECT min(p.at) FROM loyalty_points AS p WHERE p.customer_id = r.customer_id
        UNION ALL SELECT min(s.started_at) FROM subscriptions AS s WHERE s.customer_id = r.customer_id
        UNION ALL SELECT min(c.incurred_at) FROM costs AS c WHERE c.customer_id = r.customer_id) AS f
    GROUP BY r.person_id
), known AS MATERIALIZED (
    SELECT r.person_id, coalesce(min(r.acquired_at), min(f.at), min(r.created_at)) AS at
    FROM node AS r JOIN first_fact AS f USING (person_id) GROUP BY r.person_id
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
), cancelled AS MATERIALIZED (
    SELECT b.person_id, array_agg(b.at) AS ats, array_agg(b.cancelled_at) AS ends
    FROM bought AS b WHERE b.cancelled_at IS NOT NULL GROUP BY b.person_id
), judged AS MATERIALIZED (
    SELECT s.person_id, s.at, s.kind, s.id, s.orders, s.members, s.renewals, s.interest, s.praise_at >= coalesce(s.detractor_at, '-infinity') AS praised,
           s.promoter_at > greatest(s.passive_at, s.detractor_at, '-infinity') AS promoter, s.closed_at,
           -- An order that was cancelled was one until then.
           CASE WHEN c.person_id IS NULL THEN s.order_at
                ELSE greatest(s.order_at, (SELECT max(t.at) FROM unnest(c.ats, c.ends) AS t(at, ends) WHERE t.at <= s.at AND t.ends > s.at))
                END AS order_at
    FROM state AS s JOIN known AS k ON k.person_id = s.person_id LEFT JOIN cancelled AS c ON c.person_id = s.person_id
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

CREATE INDEX customers_referred_by ON customers (referred_by) WHERE referred_by IS NOT NULL;
COMMENT ON INDEX customers_referred_by IS 'derive_changed.sql: whom a customer has referred';

-- ---- deriving ---------------------------------------------------------------------------------------

-- EXCEPT is hashed, whatever the planner believes of the sizes; an anti-join of two such lists would not be.
CREATE FUNCTION derive_stages(persons uuid[]) RETURNS void LANGUAGE plpgsql AS $$
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
COMMENT ON FUNCTION derive_stages IS 'Makes customer_stages of some persons again';

-- In PL/pgSQL, which keeps the plan: planning takes longer than the statement does for a few customers.
-- Whoever a change touches: the person itself, the row that may have been a person before, and who referred them.
CREATE FUNCTION touched_persons(changed uuid[]) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
WITH root AS (
    SELECT c.id FROM unnest(changed) AS c(id)
    UNION
    SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = ANY (changed)
), node AS MATERIALIZED (
    SELECT n.customer_id FROM person_rows((SELECT array_agg(r.id) FROM root AS r)) AS n
), referrer AS (
    SELECT f.referrer_id AS id FROM node JOIN referrals AS f USING (customer_id)
    UNION
    SELECT c.referred_by FROM node JOIN customers AS c USING (customer_id) WHERE c.referred_by IS NOT NULL
)
SELECT array_agg(DISTINCT t.id) FROM (
    SELECT r.id FROM root AS r
    UNION ALL
    SELECT coalesce((SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = f.id), f.id) FROM referrer AS f) AS t);
END $$;
COMMENT ON FUNCTION touched_persons IS 'The persons whose derived rows depend on facts of some customers';

-- One customer now, whatever else waits: its own changes and those of whom it referred.
CREATE FUNCTION person_changes(id uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
WITH node AS MATERIALIZED (
    SELECT n.customer_id FROM unnest(customer_rows(id, NULL, NULL)) AS n(customer_id)
), came AS (
    SELECT f.customer_id FROM node AS n JOIN referrals AS f ON f.referrer_id = n.customer_id
    UNION
    SELECT c.customer_id FROM node AS n JOIN customers AS c ON c.referred_by = n.customer_id
), part AS (
    SELECT node.customer_id FROM node
    UNION
    SELECT r.id FROM came CROSS JOIN LATERAL unnest(customer_rows(came.customer_id, NULL, NULL)) AS r(id)
    UNION
    SELECT '00000000-0000-0000-0000-000000000000'
)
SELECT array_agg(DISTINCT c.customer_id) FROM part JOIN changed_customers AS c USING (customer_id)
$$;
COMMENT ON FUNCTION person_changes IS 'Customers with changes that the stage of this one waits for; NULL: it is as the facts say';

-- ---- customers as the API shows them ----------------------------------------------------------------

-- One per person: what is linked shows in its identities. The tag changes with the stage as well, which no write
-- of the customer itself may have caused.
DROP VIEW customer_documents;
CREATE VIEW customer_documents AS
SELECT c.customer_id, c.anonymous, c.created_at, s.stage, c.version || CASE WHEN s.entered_at IS NULL OR (s.rule = 'known' AND s.entered_at = coalesce(c.acquired_at, c.created_at)) THEN ''
                         ELSE '.' || extract(epoch FROM s.entered_at) END AS tag,
       (SELECT row_to_json(d) FROM (SELECT
           c.customer_id AS id, p.external_id, p.visitor_id, p.email, p.phone, p.name, c.country, rfc3339(c.acquired_at) AS acquired_at,
           (SELECT row_to_json(a) FROM (SELECT c.acquisition_channel AS channel, c.acquisition_source AS source,
                                               c.acquisition_campaign AS campaign) AS a
            WHERE coalesce(a.channel, a.source, a.campaign) IS NOT NULL) AS acquisition,
           c.referred_by, p.interests,
           CASE WHEN p.consents = '{}' OR NOT EXISTS (SELECT FROM customer_persons AS l WHERE l.person_id = c.customer_id)
                THEN p.consents ELSE person_consents(c.customer_id, p.consents) END AS consents,
           p.attributes, rfc3339(c.closed_at) AS closed_at,
           s.stage, rfc3339(s.entered_at) AS stage_since,
           (SELECT coalesce(array_to_json(array_agg(i)), '[]') FROM (
                SELECT n.kind, n.value, n.customer_id <> c.customer_id AS linked FROM (
                    SELECT i.kind, i.value, i.customer_id FROM customer_identities AS i WHERE i.customer_id = c.customer_id
                    UNION ALL
                    SELECT i.kind, i.value, i.customer_id FROM customer_persons AS l JOIN customer_identities AS i USING (customer_id)
                    WHERE l.person_id = c.customer_id) AS n
                ORDER BY n.kind, n.value) AS i) AS identities,
           c.version, rfc3339(c.created_at) AS created_at, rfc3339(c.updated_at) AS updated_at) AS d) AS document
FROM customers AS c JOIN customer_profiles AS p USING (customer_id)
LEFT JOIN LATERAL (SELECT t.stage, t.entered_at, t.rule FROM customer_stages AS t
                   WHERE t.customer_id = c.customer_id AND t.entered_at <= now() AND t.left_at > now()
                   ORDER BY t.entered_at DESC LIMIT 1) AS s ON true;
COMMENT ON VIEW customer_documents IS 'Customers as the API shows them';

-- ---- previews -----------------------------------------------------------------------------------------

CREATE FUNCTION person_summary(person uuid) RETURNS json LANGUAGE sql STABLE AS $$
SELECT row_to_json(d) FROM (
    SELECT person AS id,
           (SELECT coalesce(json_agg(json_build_object('kind', i.kind, 'value', i.value, 'linked', i.customer_id <> person)
                                     ORDER BY i.kind, i.value), '[]')
            FROM person_rows(ARRAY[person]) AS n JOIN customer_identities AS i ON i.customer_id = n.customer_id) AS identities,
           (SELECT s.stage FROM person_stages(ARRAY[person]) AS s WHERE s.entered_at <= now() AND s.left_at > now()) AS stage,
           count(o.order_id) AS orders,
           coalesce(sum(o.base_net) FILTER (WHERE o.base_currency = (SELECT base_currency FROM settings)), 0)
             - coalesce((SELECT sum(r.base_net) FROM person_rows(ARRAY[person]) AS n JOIN refund_nets AS r ON r.customer_id = n.customer_id
                         WHERE r.status IN ('paid', 'fulfilled') AND NOT r.test
                           AND r.base_currency = (SELECT base_currency FROM settings)), 0) AS net_sales,
           rfc3339(min(o.ordered_at)) AS first_ordered_at, rfc3339(max(o.ordered_at)) AS last_ordered_at
    FROM completed_orders AS o WHERE o.customer_id IN (SELECT n.customer_id FROM person_rows(ARRAY[person]) AS n)) AS d
$$;
COMMENT ON FUNCTION person_summary IS 'What a person amounts to, for comparing before and after a link';

-- Makes the link, looks, and takes it back: the answer is what the rules really say.
CREATE FUNCTION link_preview(person uuid, other uuid) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
    after json;
    back CONSTANT text := 'CIBCK';
BEGIN
    PERFORM pg_advisory_xact_lock(426835799153);
    BEGIN
        INSERT INTO customer_links VALUES (other, person, '', now());
        PERFORM update_persons(ARRAY[other, person]);
        after := person_summary(person);
        RAISE EXCEPTION USING ERRCODE = back;
    EXCEPTION WHEN SQLSTATE 'CIBCK' THEN
        RETURN after;
    END;
END $$;
COMMENT ON FUNCTION link_preview IS 'person_summary as it would be if other were linked to person; nothing is changed';

-- ---- lifecycle ----------------------------------------------------------------------------------------

CREATE FUNCTION stage_rank(stage text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(ARRAY['awareness', 'consideration', 'conversion', 'retention', 'loyalty', 'advocacy', 'lost'], stage);
COMMENT ON FUNCTION stage_rank IS 'Place of a canonical stage on the road, from 1';

-- round(numeric) rounds a tie away from 0, and a quotient is cut off before that; this is exact.
CREATE FUNCTION half_even(numerator numeric, denominator numeric, places integer) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT trim_scale((d.whole + CASE WHEN 2 * d.rest > denominator OR 2 * d.rest = denominator AND mod(d.whole, 2) = 1 THEN 1 ELSE 0 END)
                          * power(10::numeric, -places))
        FROM (SELECT div(numerator * power(10::numeric, places), nullif(denominator, 0)) AS whole,
                     mod(numerator * power(10::numeric, places), nullif(denominator, 0)) AS rest) AS d);
COMMENT ON FUNCTION half_even IS 'A quotient of two numbers that are not negative, rounded half-even at some places; NULL for a denominator of 0';

-- Stages as a model shows them: those with one label are one, named by the first of them.
CREATE FUNCTION model_stages(model text) RETURNS TABLE (stage text, shown text, label text, rank integer) LANGUAGE sql STABLE AS $$
SELECT l.key, first_value(l.key) OVER same, l.value, stage_rank(first_value(l.key) OVER same)
FROM lifecycle_models AS m CROSS JOIN LATERAL jsonb_each_text(m.labels) AS l WHERE m.name = model
WINDOW same AS (PARTITION BY l.value ORDER BY stage_rank(l.key))
$$;
COMMENT ON FUNCTION model_stages IS 'Canonical stage -> the stage and the label that a model shows it as';

INSERT INTO lifecycle_models (name, title, built_in, labels) VALUES
    ('canonical', 'The stages of Ciclo', true,
     '{"awareness": "Awareness", "consideration": "Consideration", "conversion": "Conversion", "retention": "Retention", "loyalty": "Loyalty", "advocacy": "Advocacy", "lost": "Lost"}'),
    ('awareness_advocacy', 'Five stages of customer experience in e-commerce', true,
     '{"awareness": "Awareness", "consideration": "Engagement", "conversion": "Conversion", "retention": "Retention", "loyalty": "Retention", "advocacy": "Advocacy", "lost": "Lost"}'),
    ('consideration', 'Five stages of dropshipping', true,
     '{"awareness": "Awareness", "consideration": "Consideration", "conversion": "Purchase", "retention": "Retention", "loyalty": "Retention", "advocacy": "Advocacy", "lost": "Lost"}'),
    ('discover_engage', 'Four stages of small businesses', true,
     '{"awareness": "Discover", "consideration": "Explore", "conversion": "Buy", "retention": "Engage", "loyalty": "Engage", "advocacy": "Engage", "lost": "Lost"}'),
    ('attraction_loyalty', 'Six stages of an ERP and CRM suite', true,
     '{"awareness": "Attraction", "consideration": "Activation", "conversion": "Conversion", "retention": "Retention", "loyalty": "Loyalty", "advocacy": "Referral", "lost": "Lost"}'),
    ('value', 'From acquisition to value, lifecycle marketing', true,
     '{"awareness": "Acquisition", "consideration": "Onboarding", "conversion": "First purchase", "retention": "Retention", "loyalty": "Loyalty", "advocacy": "Loyalty", "lost": "Lost"}');

CREATE VIEW lifecycle_model_documents AS
SELECT m.name, m.built_in, m.updated_at,
       (SELECT row_to_json(d) FROM (SELECT
           m.name, m.title, m.built_in,
           (SELECT json_agg(json_build_object('stage', l.key, 'label', l.value) ORDER BY stage_rank(l.key))
            FROM jsonb_each_text(m.labels) AS l) AS stages,
           rfc3339(m.updated_at) AS updated_at) AS d) AS document
FROM lifecycle_models AS m;
COMMENT ON VIEW lifecycle_model_documents IS 'Lifecycle models as the API shows them';

-- Everything that happened with a person, one row each. Kinds are those of the facts; a change of stage is one as well.
CREATE FUNCTION person_timeline(rows uuid[])
RETURNS TABLE (at timestamptz, id uuid, kind text, detail json) LANGUAGE sql STABLE AS $$
SELECT o.ordered_at, o.order_id, 'order', json_build_object('external_id', o.external_id, 'status', o.status, 'total', o.total, 'currency', o.currency, 'test', o.test)
FROM orders AS o WHERE o.customer_id = ANY (rows)
UNION ALL
SELECT o.cancelled_at, o.order_id, 'cancellation', json_build_object('order_id', o.order_id)
FROM orders AS o WHERE o.customer_id = ANY (rows) AND o.cancelled_at IS NOT NULL
UNION ALL
SELECT f.refunded_at, f.refund_id, 'refund', json_build_object('order_id', f.order_id, 'amount', f.amount)
FROM refunds AS f WHERE f.customer_id = ANY (rows)
UNION ALL
SELECT t.at, t.touchpoint_id, 'touchpoint', json_build_object('touchpoint', t.kind, 'channel', t.channel, 'campaign', t.campaign, 'pages', t.pages)
FROM touchpoints AS t WHERE t.customer_id = ANY (rows)
UNION ALL
SELECT u.updated_at, u.cart_id, 'cart', json_build_object('external_id', u.external_id, 'value', u.value, 'currency', u.currency)
FROM cart_updates AS u WHERE u.customer_id = ANY (rows)
UNION ALL
SELECT m.sent_at, m.reminder_id, 'cart_reminder', json_build_object('cart_id', m.cart_id, 'channel', m.channel)
FROM cart_reminders AS m WHERE m.customer_id = ANY (rows)
UNION ALL
SELECT a.answered_at, a.response_id, 'response', json_build_object('survey_id', a.survey_id, 'survey', s.kind, 'score', a.score, 'choice', a.choice)
FROM survey_responses AS a JOIN surveys AS s USING (survey_id) WHERE a.customer_id = ANY (rows)
UNION ALL
SELECT v.reviewed_at, v.review_id, 'review', json_build_object('rating', v.rating, 'sku', v.sku)
FROM reviews AS v WHERE v.customer_id = ANY (rows)
UNION ALL
SELECT f.referred_at, f.referral_id, 'referral', json_build_object('referrer_id', f.referrer_id, 'customer_id', f.customer_id)
FROM referrals AS f WHERE f.customer_id = ANY (rows)
UNION ALL
SELECT f.referred_at, f.referral_id, 'referral', json_build_object('referrer_id', f.referrer_id, 'customer_id', f.customer_id)
FROM referrals AS f WHERE f.referrer_id = ANY (rows) AND f.customer_id <> ALL (rows)
UNION ALL
SELECT m.joined_at, m.member_id, 'loyalty_member', json_build_object('program', m.program, 'tier', m.tier)
FROM loyalty_members AS m WHERE m.customer_id = ANY (rows)
UNION ALL
SELECT m.left_at, m.member_id, 'loyalty_leave', json_build_object('program', m.program, 'tier', m.tier)
FROM loyalty_members AS m WHERE m.customer_id = ANY (rows) AND m.left_at IS NOT NULL
UNION ALL
SELECT p.at, p.points_id, 'loyalty_points', json_build_object('movement', p.kind, 'points', p.points)
FROM loyalty_points AS p WHERE p.customer_id = ANY (rows)
UNION ALL
SELECT s.started_at, s.subscription_id, 'subscription', json_build_object('plan', s.plan, 'interval', s.interval)
FROM subscriptions AS s WHERE s.customer_id = ANY (rows)
UNION ALL
SELECT w.renewed_at, w.renewal_id, 'subscription_renewal', json_build_object('subscription_id', w.subscription_id)
FROM subscription_renewals AS w WHERE w.customer_id = ANY (rows)
UNION ALL
SELECT s.cancelled_at, s.subscription_id, 'subscription_cancellation', json_build_object('plan', s.plan)
FROM subscriptions AS s WHERE s.customer_id = ANY (rows) AND s.cancelled_at IS NOT NULL
UNION ALL
SELECT c.incurred_at, c.cost_id, 'cost', json_build_object('cost', c.kind, 'amount', c.amount, 'currency', c.currency)
FROM costs AS c WHERE c.customer_id = ANY (rows)
UNION ALL
SELECT c.changed_at, md5(c.customer_id::text || c.topic || c.changed_at)::uuid, 'consent', json_build_object('topic', c.topic, 'granted', c.granted)
FROM customer_consents AS c WHERE c.customer_id = ANY (rows)
UNION ALL
-- What time alone will bring is no history yet.
SELECT s.entered_at, md5(s.customer_id::text || s.entered_at)::uuid, 'stage',
       json_build_object('stage', s.stage, 'previous', s.previous, 'rule', s.rule, 'fact',
           CASE WHEN s.fact_id IS NOT NULL THEN json_build_object('kind', s.fact_kind, 'id', s.fact_id) END)
FROM customer_stages AS s WHERE s.customer_id = ANY (rows) AND s.entered_at <= now()
$$;
COMMENT ON FUNCTION person_timeline IS 'Facts and changes of stage of the customer rows of a person';

-- Everything that is here already has to be derived once.
INSERT INTO changed_customers (customer_id) VALUES ('00000000-0000-0000-0000-000000000000');
