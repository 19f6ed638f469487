-- The orders that a measure of kpi_customers.sql counts or sums by their place among those of their person, newest
-- first. $1 limit, $2 $3 cursor (instant, id), $4 measure: first_orders, first_sales, repeat_orders, repeat_sales, gaps
-- or gap_us; $5 first day, $6 day after the last. Without an amount each counts 1; that of gap_us is in days.
WITH shop AS MATERIALIZED (
    SELECT base_currency, day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends FROM settings
), active AS (
    SELECT DISTINCT o.person_id
    FROM shop JOIN completed_orders AS o ON o.ordered_at >= shop.begins AND o.ordered_at < shop.ends
    WHERE o.ordered_at >= $5::date - 1 AND o.ordered_at < $6::date + 1
), placed AS (
    SELECT o.order_id AS id, o.person_id, o.ordered_at AS at, o.base_net, o.base_currency,
           lag(o.ordered_at) OVER (PARTITION BY o.person_id
                                   ORDER BY o.ordered_at, o.base_net, o.base_currency, o.external_id) AS previous_at
    FROM shop JOIN completed_orders AS o ON o.ordered_at < shop.ends JOIN active USING (person_id)
    WHERE o.ordered_at < $6::date + 1
)
SELECT p.id, rfc3339(p.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           'order' AS kind, p.id, p.person_id AS customer_id, rfc3339(p.at) AS at,
           CASE WHEN $4::text IN ('first_sales', 'repeat_sales') THEN p.base_net::numeric
                -- Twelve decimals of a day are 86 nanoseconds: rounding cannot be seen in a sum.
                WHEN $4::text = 'gap_us'
                THEN trim_scale(round(round(date_part('epoch', p.at - p.previous_at) * 1000000)::numeric / 86400000000, 12))
           END AS amount) AS d) AS document
FROM shop, placed AS p
WHERE p.at >= shop.begins
  AND CASE WHEN $4::text IN ('first_orders', 'first_sales')
           THEN p.previous_at IS NULL AND p.base_currency = shop.base_currency
           WHEN $4::text IN ('repeat_orders', 'repeat_sales')
           THEN p.previous_at IS NOT NULL AND p.base_currency = shop.base_currency
           ELSE p.previous_at IS NOT NULL END
  AND ($2::timestamptz IS NULL OR (p.at, p.id) < ($2::timestamptz, $3::uuid))
ORDER BY p.at DESC, p.id DESC LIMIT $1::integer;
