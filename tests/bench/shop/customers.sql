-- Customers :first to :past - 1, and what a few of them have beside orders.
WITH c AS MATERIALIZED (
    SELECT n, bench.customer_id(n) AS id, :'start'::timestamptz + n * interval '1 ms' AS at,
           :'start'::timestamptz + bench.u(n, 1) * interval '1000 days' AS later
    FROM generate_series(:first::bigint, :past::bigint - 1) AS n
), customer AS (
    INSERT INTO customers (customer_id, country, created_at, updated_at)
    SELECT c.id, (ARRAY['DE', 'FR', 'NL', 'AT', 'ES'])[1 + n % 5], c.at, c.at FROM c
), profile AS (
    INSERT INTO customer_profiles (customer_id, email) SELECT c.id, 'pool-' || 10000000 + c.n || '@example.com' FROM c
), identity AS (
    INSERT INTO customer_identities (kind, value, customer_id) SELECT 'email', 'pool-' || 10000000 + c.n || '@example.com', c.id FROM c
), member AS (
    INSERT INTO loyalty_members (customer_id, member_id, joined_at, created_at, updated_at)
    SELECT c.id, bench.id(c.later, 20, c.n), c.later, c.later, c.later FROM c WHERE c.n % 200 = 3
), referral AS (
    INSERT INTO referrals (customer_id, referral_id, referrer_id, referred_at, created_at)
    SELECT c.id, bench.id(c.later, 21, c.n), bench.customer_id(c.n - 1), c.later, c.later FROM c WHERE c.n % 300 = 5
), subscription AS (
    INSERT INTO subscriptions (customer_id, subscription_id, plan, interval, started_at, created_at, updated_at)
    SELECT c.id, bench.id(c.later, 22, c.n), 'monthly', 'month', c.later, c.later, c.later FROM c WHERE c.n % 500 = 7
)
INSERT INTO subscription_renewals (customer_id, renewal_id, subscription_id, renewed_at, created_at)
SELECT c.id, bench.id(r.at, 23, c.n), bench.id(c.later, 22, c.n), r.at, r.at
FROM c, generate_series(1, 1 + c.n % 4) AS m, LATERAL (SELECT c.later + m * interval '31 days') AS r(at) WHERE c.n % 500 = 7;
