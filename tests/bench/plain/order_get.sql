-- A yardstick of make bench: an order by its id, as somebody reads it who has nobody else's to read with it.
SELECT o.order_id AS id, o.version, m.* FROM orders AS o CROSS JOIN LATERAL order_members(o) AS m WHERE o.order_id = $1::uuid
