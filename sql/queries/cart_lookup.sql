-- merge columns
-- Carts by external id, and whose they are now. Keys: n, value.
SELECT r.asker, r.n, c.cart_id AS id, c.customer_id, NULL AS content_hash, NULL AS detail
FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
             unnest($4::text[]) AS value) AS r
JOIN external_ids AS e ON e.resource = 'carts' AND e.external_id = r.value
JOIN carts AS c ON c.cart_id = e.id
ORDER BY r.asker;
