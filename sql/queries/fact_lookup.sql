-- merge columns
-- Natural keys -> facts. Keys: n, kind: resource, value: external id. detail: not NULL when its customer was erased.
SELECT r.asker, r.n, e.id, e.customer_id, e.content_hash,
       (SELECT to_json(c.erased_at) FROM customers AS c WHERE c.customer_id = e.customer_id) AS detail
FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
             unnest($4::text[]) AS value) AS r
JOIN external_ids AS e ON e.resource = r.kind AND e.external_id = r.value
ORDER BY r.asker;
