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
COMMENT ON INDEX referrals_referrer_id IS 'derive_customers.sql: whom a customer has referred';
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
COMMENT ON COLUMN loyalty_points.points IS 'As the balance changes: earned is positive, redeemed and expired are negative';
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

-- Due dates: the end of the n-th interval since the start, on the shop's calendar. What is not renewed is due once more
-- and then never again.
CREATE FUNCTION subscription_due(started timestamptz, every text, n bigint, zone text) RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN ((started AT TIME ZONE zone) + n * CASE every WHEN 'week' THEN interval '7 days' WHEN 'month' THEN interval '1 month'
    WHEN 'quarter' THEN interval '3 months' ELSE interval '1 year' END) AT TIME ZONE zone;
COMMENT ON FUNCTION subscription_due IS 'When the n-th renewal of a subscription is due';
