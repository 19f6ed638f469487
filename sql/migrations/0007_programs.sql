-- What binds customers to the shop: reviews, referrals, loyalty, subscriptions; and what each of them costs.

CREATE TABLE reviews (
    customer_id uuid NOT NULL REFERENCES customers,
    review_id   uuid NOT NULL,
    external_id text,
    order_id    uuid,
    sku         text,
    rating      integer NOT NULL CONSTRAINT reviews_rating CHECK (rating BETWEEN 1 AND 5),
    title       text,
    text        text,
    reviewed_at timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, review_id)
);
COMMENT ON TABLE reviews IS 'What customers say of products or the shop, 1 (worst) to 5 (best)';
COMMENT ON COLUMN reviews.title IS 'Free text, as is text: may name a person';
CREATE INDEX reviews_reviewed_at ON reviews (reviewed_at, review_id);
COMMENT ON INDEX reviews_reviewed_at IS 'review_list.sql; kpi_programs.sql by window';
CREATE INDEX reviews_review_id ON reviews (review_id);
COMMENT ON INDEX reviews_review_id IS 'review_get.sql by id alone';

CREATE TABLE referrals (
    customer_id uuid NOT NULL REFERENCES customers,
    referral_id uuid NOT NULL,
    external_id text,
    referrer_id uuid NOT NULL,
    channel     text,
    referred_at timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, referral_id),
    CONSTRAINT referrals_not_oneself CHECK (referrer_id <> customer_id)
);
COMMENT ON TABLE referrals IS 'A customer brought another one';
COMMENT ON COLUMN referrals.customer_id IS 'Who came';
COMMENT ON COLUMN referrals.referrer_id IS 'The customer who referred that one';
CREATE INDEX referrals_referred_at ON referrals (referred_at, referral_id);
COMMENT ON INDEX referrals_referred_at IS 'referral_list.sql; kpi_programs.sql by window';
CREATE INDEX referrals_referrer_id ON referrals (referrer_id);
COMMENT ON INDEX referrals_referrer_id IS 'referral_list.sql; derive_changed.sql: whom a customer has referred';
CREATE INDEX referrals_referral_id ON referrals (referral_id);
COMMENT ON INDEX referrals_referral_id IS 'referral_get.sql by id alone';

CREATE TABLE loyalty_members (
    customer_id uuid NOT NULL REFERENCES customers,
    member_id   uuid NOT NULL,
    external_id text,
    program     text,
    tier        text,
    joined_at   timestamptz NOT NULL,
    left_at     timestamptz,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, member_id)
);
COMMENT ON TABLE loyalty_members IS 'Memberships of the loyalty programme, from joined_at until left_at';
CREATE INDEX loyalty_members_joined_at ON loyalty_members (joined_at, member_id);
COMMENT ON INDEX loyalty_members_joined_at IS 'loyalty_member_list.sql';
CREATE INDEX loyalty_members_member_id ON loyalty_members (member_id);
COMMENT ON INDEX loyalty_members_member_id IS 'loyalty_member_get.sql by id alone';

CREATE TABLE loyalty_points (
    customer_id uuid NOT NULL REFERENCES customers,
    points_id   uuid NOT NULL,
    external_id text,
    kind        text NOT NULL CONSTRAINT loyalty_points_kind CHECK (kind IN ('earned', 'redeemed', 'expired', 'adjusted')),
    points      bigint NOT NULL,
    order_id    uuid,
    at          timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, points_id)
);
COMMENT ON TABLE loyalty_points IS 'Movements of points';
COMMENT ON COLUMN loyalty_points.points IS 'As the balance changes: earned is positive, redeemed and expired are negative, adjusted is either; balance_change of the document';
CREATE INDEX loyalty_points_at ON loyalty_points (at, points_id);
COMMENT ON INDEX loyalty_points_at IS 'loyalty_points_list.sql';
CREATE INDEX loyalty_points_points_id ON loyalty_points (points_id);
COMMENT ON INDEX loyalty_points_points_id IS 'loyalty_points_get.sql by id alone';

CREATE TABLE subscriptions (
    customer_id     uuid NOT NULL REFERENCES customers,
    subscription_id uuid NOT NULL,
    external_id     text,
    plan            text,
    interval        text NOT NULL CONSTRAINT subscriptions_interval CHECK (interval IN ('week', 'month', 'quarter', 'year')),
    started_at      timestamptz NOT NULL,
    cancelled_at    timestamptz,
    reason          text,
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (customer_id, subscription_id)
);
COMMENT ON TABLE subscriptions IS 'Contracts that run for one interval at a time and are renewed or not';
COMMENT ON COLUMN subscriptions.reason IS 'Why it was cancelled. Free text: may name a person';
CREATE INDEX subscriptions_started_at ON subscriptions (started_at, subscription_id);
COMMENT ON INDEX subscriptions_started_at IS 'subscription_list.sql';
CREATE INDEX subscriptions_subscription_id ON subscriptions (subscription_id);
COMMENT ON INDEX subscriptions_subscription_id IS 'subscription_get.sql by id alone';

CREATE TABLE subscription_renewals (
    customer_id     uuid NOT NULL,
    renewal_id      uuid NOT NULL,
    subscription_id uuid NOT NULL,
    external_id     text,
    renewed_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (customer_id, renewal_id),
    CONSTRAINT subscription_renewals_subscription FOREIGN KEY (customer_id, subscription_id) REFERENCES subscriptions
);
COMMENT ON TABLE subscription_renewals IS 'The n-th renewal of a subscription, by date, answers to its n-th due date';
CREATE INDEX subscription_renewals_subscription_id ON subscription_renewals (customer_id, subscription_id, renewed_at);
COMMENT ON INDEX subscription_renewals_subscription_id IS 'subscription_renewal_list.sql; subscription_get.sql';

CREATE TABLE costs (
    customer_id   uuid NOT NULL REFERENCES customers,
    cost_id       uuid NOT NULL,
    external_id   text,
    order_id      uuid,
    kind          text NOT NULL CONSTRAINT costs_kind CHECK (kind IN ('service', 'return', 'acquisition', 'tool')),
    amount        bigint NOT NULL,
    currency      text NOT NULL,
    exchange_rate numeric,
    base_currency text NOT NULL,
    base_amount   bigint NOT NULL,
    incurred_at   timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (customer_id, cost_id)
);
COMMENT ON TABLE costs IS 'What one customer, or one of its orders, cost beside the goods';
CREATE INDEX costs_incurred_at ON costs (incurred_at, cost_id);
COMMENT ON INDEX costs_incurred_at IS 'cost_list.sql';
CREATE INDEX costs_cost_id ON costs (cost_id);
COMMENT ON INDEX costs_cost_id IS 'cost_get.sql by id alone';

CREATE INDEX refunds_refund_id ON refunds (refund_id);
COMMENT ON INDEX refunds_refund_id IS 'refund_get.sql by id alone';

-- Due dates: the end of the n-th interval since the start, on the shop's calendar. What is not renewed is due once more
-- and then never again. Every date is counted from the start, so a month that is too short moves one date and not those
-- behind it. Not STRICT: else PostgreSQL does not inline it.
CREATE FUNCTION subscription_due(started timestamptz, every text, n bigint, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ((started AT TIME ZONE zone) + n * CASE every WHEN 'week' THEN interval '7 days' WHEN 'month' THEN interval '1 month'
    WHEN 'quarter' THEN interval '3 months' ELSE interval '1 year' END) AT TIME ZONE zone;
COMMENT ON FUNCTION subscription_due IS 'When the n-th renewal of a subscription is due';

-- A renewal is a fact of its own and never refused for coming late, early or after the cancellation: how many there are is
-- all that counts, so the order in which they arrive makes no difference. A cancelled subscription stays due once.
CREATE VIEW subscription_dues AS
SELECT s.customer_id, s.subscription_id, d.n,
       subscription_due(s.started_at, s.interval, d.n, shop.time_zone) AS due_at, d.n <= coalesce(r.renewals, 0) AS renewed
FROM settings AS shop CROSS JOIN subscriptions AS s
LEFT JOIN (SELECT customer_id, subscription_id, count(*) AS renewals FROM subscription_renewals
           GROUP BY customer_id, subscription_id) AS r USING (customer_id, subscription_id)
CROSS JOIN LATERAL generate_series(1, coalesce(r.renewals, 0) + 1) AS d(n);
COMMENT ON VIEW subscription_dues IS 'Due dates of subscriptions, from the first to the one after the last renewal, which may lie ahead';

CREATE VIEW review_documents AS
SELECT r.customer_id, r.review_id, r.reviewed_at, r.rating,
       (SELECT row_to_json(d) FROM (SELECT
           r.review_id AS id, r.external_id, r.customer_id, r.order_id, r.sku, r.rating, r.title, r.text,
           rfc3339(r.reviewed_at) AS reviewed_at, rfc3339(r.created_at) AS created_at) AS d) AS document
FROM reviews AS r;
COMMENT ON VIEW review_documents IS 'Reviews as the API shows them';

CREATE VIEW referral_documents AS
SELECT r.customer_id, r.referral_id, r.referrer_id, r.referred_at,
       (SELECT row_to_json(d) FROM (SELECT
           r.referral_id AS id, r.external_id, r.referrer_id, r.customer_id, r.channel,
           rfc3339(r.referred_at) AS referred_at, rfc3339(r.created_at) AS created_at) AS d) AS document
FROM referrals AS r;
COMMENT ON VIEW referral_documents IS 'Referrals as the API shows them';

CREATE VIEW loyalty_member_documents AS
SELECT m.customer_id, m.member_id, m.joined_at, m.version,
       (SELECT row_to_json(d) FROM (SELECT
           m.member_id AS id, m.external_id, m.customer_id, m.program, m.tier, rfc3339(m.joined_at) AS joined_at,
           rfc3339(m.left_at) AS left_at, m.version, rfc3339(m.created_at) AS created_at,
           rfc3339(m.updated_at) AS updated_at) AS d) AS document
FROM loyalty_members AS m;
COMMENT ON VIEW loyalty_member_documents IS 'Memberships as the API shows them';

CREATE VIEW loyalty_points_documents AS
SELECT p.customer_id, p.points_id, p.at,
       (SELECT row_to_json(d) FROM (SELECT
           p.points_id AS id, p.external_id, p.customer_id, p.kind,
           CASE WHEN p.kind IN ('redeemed', 'expired') THEN -p.points ELSE p.points END AS points,
           p.points AS balance_change, p.order_id, rfc3339(p.at) AS at, rfc3339(p.created_at) AS created_at) AS d) AS document
FROM loyalty_points AS p;
COMMENT ON VIEW loyalty_points_documents IS 'Movements of points as the API shows them';

-- due_at: nothing is due any more when it was cancelled before that, and nothing can be told past the year 9999.
CREATE VIEW subscription_documents AS
SELECT s.customer_id, s.subscription_id, s.started_at,
       (SELECT row_to_json(d) FROM (SELECT
           s.subscription_id AS id, s.external_id, s.customer_id, s.plan, s.interval, rfc3339(s.started_at) AS started_at,
           rfc3339(s.cancelled_at) AS cancelled_at, s.reason, next.renewals,
           CASE WHEN next.due_at <= coalesce(s.cancelled_at, '9999-12-31Z') THEN rfc3339(next.due_at) END AS due_at,
           s.version, rfc3339(s.created_at) AS created_at, rfc3339(s.updated_at) AS updated_at
           FROM (SELECT r.renewals, subscription_due(s.started_at, s.interval, r.renewals + 1, shop.time_zone) AS due_at
                 FROM settings AS shop, (SELECT count(*) AS renewals FROM subscription_renewals
                      WHERE customer_id = s.customer_id AND subscription_id = s.subscription_id) AS r) AS next) AS d) AS document
FROM subscriptions AS s;
COMMENT ON VIEW subscription_documents IS 'Subscriptions as the API shows them, with their renewals and the next due date';

CREATE VIEW subscription_renewal_documents AS
SELECT r.customer_id, r.renewal_id, r.subscription_id, r.renewed_at,
       (SELECT row_to_json(d) FROM (SELECT
           r.renewal_id AS id, r.external_id, r.subscription_id, r.customer_id, rfc3339(r.renewed_at) AS renewed_at,
           rfc3339(r.created_at) AS created_at) AS d) AS document
FROM subscription_renewals AS r;
COMMENT ON VIEW subscription_renewal_documents IS 'Renewals as the API shows them';

CREATE VIEW cost_documents AS
SELECT c.customer_id, c.cost_id, c.incurred_at,
       (SELECT row_to_json(d) FROM (SELECT
           c.cost_id AS id, c.external_id, c.customer_id, c.order_id, c.kind, c.amount, c.currency, c.exchange_rate,
           c.base_currency, c.base_amount, rfc3339(c.incurred_at) AS incurred_at, rfc3339(c.created_at) AS created_at) AS d) AS document
FROM costs AS c;
COMMENT ON VIEW cost_documents IS 'Costs as the API shows them';
