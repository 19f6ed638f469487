-- Identities -> customers. $1: JSON array of {n, kind, value}. detail: the customer's own external id, if it has one.
SELECT r.n, i.customer_id AS id, i.customer_id, NULL AS content_hash,
       (SELECT to_json(p.external_id) FROM customer_profiles AS p WHERE p.customer_id = i.customer_id) AS detail
FROM json_to_recordset($1::json) AS r(n integer, kind text, value text)
JOIN customer_identities AS i ON i.kind = r.kind AND i.value = r.value;
