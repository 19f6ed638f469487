-- Orders :first to :past - 1 of a part of the shop that has the orders :begin to :end - 1 of :customers customers from :customer on,
-- in the order of their time; and what came before and after them. Customers join in blocks all the time, three tenths of
-- them at the start; in a block a few order a lot.
WITH drawn AS (
    SELECT n, bench.u(n, 2) AS u, bench.u(n, 3) AS v,
           :'start'::timestamptz + (n + bench.u(n, 4) - :begin) / (:end - :begin) * interval '1095 days' AS at,
           floor(bench.u(n, 5) * :blocks * (0.3 + 0.7 * (n - :begin) / (:end - :begin)::float8)) AS block
    FROM generate_series(:first::bigint, :past::bigint - 1) AS n
), o AS MATERIALIZED (
    SELECT d.n, d.at, d.v, (:first_order + d.n || '-0000-7000-8000-' || :tail)::uuid AS id, 1 + (d.n % 3)::integer AS lines, 500 + (4500 * d.v)::bigint AS price,
           bench.customer_id(:customer + (d.block * (:customers / :blocks))::bigint
               + floor(:customers / :blocks * (power(d.u + 0.1, 3) - 0.001) / 1.33)::bigint) AS customer_id,
           -- Every 50th comes out of a cart, and of those every fifth out of one that was left for a day.
           CASE WHEN d.n % 50 = 7 THEN d.at - CASE WHEN d.n % 250 = 7 THEN interval '1 day' ELSE interval '20 minutes' END
                WHEN d.n % 33 = 5 THEN d.at - interval '10 days' END AS cart_at,
           CASE WHEN d.n % 50 = 21 THEN least(d.at + interval '9 days', :'end_at') END AS refunded_at,
           d.n % 100 = 11 AS cancelled
    FROM drawn AS d
), sum AS MATERIALIZED (
    -- Lines cost 150 more each, all of them known.
    SELECT o.*, o.lines * o.price + 75 * o.lines * (o.lines + 1) AS net, 40 * (o.lines * o.price + 75 * o.lines * (o.lines + 1)) / 100 AS cost FROM o
), ordered AS (
    INSERT INTO orders (customer_id, order_id, external_id, ordered_at, status, currency, discount, shipping, tax, tax_included, total, net,
                        base_currency, base_total, base_net, base_cost, base_net_with_cost, storefront, channel, campaign, cart, test,
                        refunded, paid_at, cancelled_at, created_at, updated_at, items)
    SELECT customer_id, id, 'shop-' || n, at, CASE WHEN cancelled THEN 'cancelled' WHEN n % 4 = 0 THEN 'paid' ELSE 'fulfilled' END,
           'EUR', 0, 395, 0, true, net + 395, net, 'EUR', net + 395, net, cost, net, CASE WHEN n % 2 = 0 THEN 'web' ELSE 'app' END,
           (ARRAY['direct', 'search', 'social', 'email', 'referral', 'affiliate'])[1 + n % 6], CASE WHEN n % 3 = 0 THEN 'campaign-' || n % 50 END,
           CASE WHEN n % 50 = 7 THEN 'cart-' || n END, n % 499 = 0,
           CASE WHEN refunded_at IS NULL THEN 0 WHEN n % 100 = 21 THEN net + 395 ELSE net / 2 END, at,
           CASE WHEN cancelled THEN least(at + interval '1 day', :'end_at') END, at, at,
           (SELECT json_agg(json_build_object('sku', 'SKU-' || (n * 7 + l) % 5000, 'name', 'Article ' || (n * 7 + l) % 5000, 'quantity', 1,
                                              'unit_price', price + 150 * l, 'unit_cost', 40 * (price + 150 * l) / 100, 'discount', 0))
            FROM generate_series(1, lines) AS l)
    FROM sum
), refund AS (
    INSERT INTO refunds (customer_id, refund_id, order_id, amount, refunded_at, created_at)
    SELECT customer_id, bench.id(refunded_at, 2, n), id, CASE WHEN n % 100 = 21 THEN net + 395 ELSE net / 2 END, refunded_at, refunded_at
    FROM sum WHERE refunded_at IS NOT NULL
), visit AS (
    INSERT INTO touchpoints (customer_id, touchpoint_id, kind, at, channel, campaign, pages, duration_seconds, created_at)
    SELECT customer_id, bench.id(t.at, 3, n), 'visit', t.at, (ARRAY['direct', 'search', 'social', 'email'])[1 + n % 4],
           CASE WHEN n % 3 = 0 THEN 'campaign-' || n % 50 END, 1 + n % 7, 10 + (600 * v)::integer, t.at
    FROM sum, LATERAL (SELECT sum.at - CASE WHEN n % 2 = 0 THEN interval '10 minutes' ELSE interval '2 days' END) AS t(at) WHERE n % 5 = 1
), cart AS (
    INSERT INTO cart_updates (customer_id, cart_id, updated_at, external_id, value, currency, base_currency, base_value, channel, created_at)
    SELECT customer_id, bench.id(cart_at, 4, n), cart_at, 'cart-' || n, net, 'EUR', 'EUR', net, 'direct', cart_at
    FROM sum WHERE cart_at IS NOT NULL
), response AS (
    INSERT INTO survey_responses (customer_id, response_id, survey_id, score, channel, answered_at, created_at)
    SELECT customer_id, bench.id(at, 5, n), bench.id(:'start', 13, n / 100 % 3),
           CASE n / 100 % 3 WHEN 0 THEN 10 - floor(11 * v * v) WHEN 1 THEN 5 - floor(5 * v * v) ELSE 7 - floor(7 * v * v) END, 'email', at, at
    FROM sum WHERE n % 100 = 42
), review AS (
    INSERT INTO reviews (customer_id, review_id, order_id, sku, rating, reviewed_at, created_at)
    SELECT customer_id, bench.id(at, 6, n), id, 'SKU-' || n * 7 % 5000, 5 - floor(5 * v * v), at, at FROM sum WHERE n % 100 = 77
)
-- Hashes of the right form; of what, nobody looks up.
INSERT INTO external_ids (resource, external_id, id, customer_id, content_hash)
SELECT 'orders', 'shop-' || n, id, customer_id, md5(n::text) || md5(id::text) FROM sum
UNION ALL
SELECT 'carts', 'cart-' || n, bench.id(cart_at, 4, n), customer_id, md5(n::text) || md5(id::text) FROM sum WHERE cart_at IS NOT NULL;
