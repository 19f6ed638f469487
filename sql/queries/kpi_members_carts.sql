-- The carts that a measure of kpi_carts.sql counts or sums, by when they were decided, newest first. $1 limit, $2 $3 cursor
-- (instant, id), $4 measure: decided_carts, abandoned_carts, recovered_carts or abandoned_value; $5 first day, $6 day after
-- the last.
WITH shop AS MATERIALIZED (
    SELECT day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends, base_currency FROM settings
), decided AS (
    SELECT s.customer_id, s.cart_id, s.abandoned_at AS at, true AS abandoned, coalesce(s.ordered_at <= now(), false) AS ordered
    FROM shop JOIN cart_states AS s ON s.abandoned_at >= shop.begins AND s.abandoned_at < shop.ends
    WHERE s.abandoned_at <= now()
    UNION ALL
    SELECT s.customer_id, s.cart_id, s.ordered_at, false, true
    FROM shop JOIN cart_states AS s ON s.ordered_at >= shop.begins AND s.ordered_at < shop.ends
    WHERE s.abandoned_at IS NULL AND s.ordered_at <= now()
), member AS (
    SELECT d.cart_id AS id, d.customer_id, d.at, CASE WHEN $4::text = 'abandoned_value' THEN u.base_value END AS amount
    FROM shop, decided AS d
    CROSS JOIN LATERAL (SELECT * FROM cart_updates AS n WHERE n.customer_id = d.customer_id AND n.cart_id = d.cart_id
                        ORDER BY n.updated_at DESC LIMIT 1) AS u
    WHERE CASE $4::text WHEN 'decided_carts' THEN true WHEN 'abandoned_carts' THEN d.abandoned
                        WHEN 'recovered_carts' THEN d.abandoned AND d.ordered
                        ELSE d.abandoned AND NOT d.ordered AND u.base_currency = shop.base_currency END
)
SELECT m.id, rfc3339(m.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           'cart' AS kind, m.id, coalesce(p.person_id, m.customer_id) AS customer_id, rfc3339(m.at) AS at, m.amount) AS d) AS document
FROM member AS m LEFT JOIN customer_persons AS p USING (customer_id)
WHERE $2::timestamptz IS NULL OR (m.at, m.id) < ($2::timestamptz, $3::uuid)
ORDER BY m.at DESC, m.id DESC LIMIT $1::integer;
