-- Natural keys -> facts. $1: JSON array of {n, kind: resource, value: external id}.
SELECT r.n, e.id, e.customer_id, e.content_hash, NULL AS detail
FROM json_to_recordset($1::json) AS r(n integer, kind text, value text)
JOIN external_ids AS e ON e.resource = r.kind AND e.external_id = r.value;
