-- The orders and refunds in a window of all persons who came by referral, as kpi_program_orders.sql sums them, newest first.
-- $1 limit, $2 $3 cursor (instant, id), $4 measure: referred_margin; $5 first day, $6 day after the last. See
-- kpi_members_orders.sql for the margin.
WITH shop AS MATERIALIZED (
    SELECT base_currency, default_gross_margin, day_start($5::date, time_zone) AS begins,
           day_start($6::date, time_zone) AS ends
    FROM settings
), referral AS (
    SELECT r.referrer_id, r.customer_id FROM referrals AS r
    UNION ALL
    SELECT c.referred_by, c.customer_id FROM customers AS c WHERE c.referred_by IS NOT NULL
), referred AS MATERIALIZED (
    SELECT DISTINCT coalesce(p.person_id, r.customer_id) AS person_id
    FROM referral AS r
    LEFT JOIN customer_persons AS f ON f.customer_id = r.referrer_id
    LEFT JOIN customer_persons AS p ON p.customer_id = r.customer_id
    WHERE $4::text = 'referred_margin' AND coalesce(f.person_id, r.referrer_id) <> coalesce(p.person_id, r.customer_id)
), refunded AS MATERIALIZED (
    SELECT DISTINCT r.customer_id, r.order_id, c.person_id
    FROM shop JOIN refunds AS r ON r.refunded_at >= shop.begins AND r.refunded_at < shop.ends
    LEFT JOIN customer_persons AS p USING (customer_id)
    JOIN referred AS c ON c.person_id = coalesce(p.person_id, r.customer_id)
    WHERE r.refunded_at >= $5::date - 1 AND r.refunded_at < $6::date + 1
), fact AS (
    SELECT 'order' AS kind, o.order_id AS id, o.person_id, o.ordered_at AS at, o.base_currency, o.base_net AS net,
           o.base_net_with_cost AS net_with_cost, o.base_cost AS cost
    FROM shop JOIN completed_orders AS o ON o.ordered_at >= shop.begins AND o.ordered_at < shop.ends
    JOIN referred USING (person_id)
    WHERE o.ordered_at >= $5::date - 1 AND o.ordered_at < $6::date + 1
    UNION ALL
    SELECT 'refund', n.refund_id, f.person_id, n.refunded_at, n.base_currency, -n.base_net, -n.base_net_with_cost, -n.base_cost
    FROM shop, refunded AS f
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v
                        WHERE v.customer_id = f.customer_id AND v.order_id = f.order_id OFFSET 0) AS n
    WHERE n.refunded_at >= shop.begins AND n.refunded_at < shop.ends
      AND n.status IN ('paid', 'fulfilled') AND NOT n.test
)
SELECT f.id, rfc3339(f.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           f.kind, f.id, f.person_id AS customer_id, rfc3339(f.at) AS at,
           trim_scale(f.net_with_cost - f.cost + (f.net - f.net_with_cost) * shop.default_gross_margin) AS amount) AS d
       ) AS document
FROM shop, fact AS f
WHERE f.base_currency = shop.base_currency AND ($2::timestamptz IS NULL OR (f.at, f.id) < ($2::timestamptz, $3::uuid))
ORDER BY f.at DESC, f.id DESC LIMIT $1::integer;
