-- Carts by external id, and whose they are now. $1: JSON array of {n, value}.
SELECT r.n, c.cart_id AS id, c.customer_id, NULL AS content_hash, NULL AS detail
FROM json_to_recordset($1::json) AS r(n integer, value text)
JOIN external_ids AS e ON e.resource = 'carts' AND e.external_id = r.value
JOIN carts AS c ON c.cart_id = e.id;
