-- The orders and refunds that a measure of kpi_orders.sql counts or sums, newest first. $1 limit, $2 $3 cursor (instant,
-- id), $4 measure: orders, converted_orders, sales, net_sales or gross_margin; $5 first day, $6 day after the last.
-- Without an amount each counts 1. Gross margin is what kpi/value.c makes of it: net sales - cost, where the cost is
-- known, and the declared share of the rest.
WITH shop AS MATERIALIZED (
    SELECT base_currency, default_gross_margin, day_start($5::date, time_zone) AS begins,
           day_start($6::date, time_zone) AS ends
    FROM settings
), refunded AS (
    SELECT DISTINCT r.customer_id, r.order_id
    FROM shop JOIN refunds AS r ON r.refunded_at >= shop.begins AND r.refunded_at < shop.ends
    WHERE $4::text IN ('net_sales', 'gross_margin') AND r.refunded_at >= $5::date - 1 AND r.refunded_at < $6::date + 1
), fact AS (
    SELECT 'order' AS kind, o.order_id AS id, o.customer_id, o.ordered_at AS at, o.base_currency,
           o.base_net AS net, o.base_net_with_cost AS net_with_cost, o.base_cost AS cost
    FROM shop JOIN orders AS o ON o.ordered_at >= shop.begins AND o.ordered_at < shop.ends
    WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test
      AND o.ordered_at >= $5::date - 1 AND o.ordered_at < $6::date + 1
      AND ($2::timestamptz IS NULL OR (o.ordered_at, o.order_id) < ($2::timestamptz, $3::uuid))
    UNION ALL
    SELECT 'refund', n.refund_id, n.customer_id, n.refunded_at, n.base_currency, -n.base_net, -n.base_net_with_cost, -n.base_cost
    FROM shop, refunded AS f
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v
                        WHERE v.customer_id = f.customer_id AND v.order_id = f.order_id OFFSET 0) AS n
    WHERE n.refunded_at >= shop.begins AND n.refunded_at < shop.ends
      AND n.status IN ('paid', 'fulfilled') AND NOT n.test
      AND ($2::timestamptz IS NULL OR (n.refunded_at, n.refund_id) < ($2::timestamptz, $3::uuid))
)
SELECT f.id, rfc3339(f.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           f.kind, f.id, coalesce(p.person_id, f.customer_id) AS customer_id, rfc3339(f.at) AS at,
           CASE WHEN $4::text IN ('sales', 'net_sales') THEN f.net::numeric
                WHEN $4::text = 'gross_margin'
                THEN trim_scale(f.net_with_cost - f.cost + (f.net - f.net_with_cost) * shop.default_gross_margin)
           END AS amount) AS d) AS document
FROM shop, fact AS f LEFT JOIN customer_persons AS p USING (customer_id)
WHERE $4::text = 'orders' OR f.base_currency = shop.base_currency
ORDER BY f.at DESC, f.id DESC LIMIT $1::integer;
