-- merge
-- Natural keys -> facts. $1: JSON arrays of {n, kind: resource, value: external id}. detail: not NULL when its customer was erased.
SELECT a.asker, r.n, e.id, e.customer_id, e.content_hash,
       (SELECT to_json(c.erased_at) FROM customers AS c WHERE c.customer_id = e.customer_id) AS detail
FROM unnest((SELECT $1::json[])) WITH ORDINALITY AS a(keys, asker)
CROSS JOIN LATERAL json_to_recordset(a.keys) AS r(n integer, kind text, value text)
JOIN external_ids AS e ON e.resource = r.kind AND e.external_id = r.value
ORDER BY a.asker;
