-- Ids of customers that exist. $1: JSON array of {n, value: id}.
SELECT r.n, c.customer_id AS id, c.customer_id, NULL AS content_hash, NULL AS detail
FROM json_to_recordset($1::json) AS r(n integer, value uuid)
JOIN customers AS c ON c.customer_id = r.value
WHERE NOT c.anonymous;
