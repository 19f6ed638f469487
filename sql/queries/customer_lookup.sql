-- merge columns
-- Customers by id. Keys: n, value: id. detail: an external id that the person has, if it has one; the id is NULL for who was
-- erased.
SELECT r.asker, r.n, CASE WHEN c.erased_at IS NULL THEN c.customer_id END AS id, c.customer_id, NULL AS content_hash, NULL AS detail,
       coalesce(p.person_id, c.customer_id) AS person_id
FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
             unnest($4::uuid[]) AS value) AS r
JOIN customers AS c ON c.customer_id = r.value
LEFT JOIN customer_persons AS p ON p.customer_id = c.customer_id
WHERE NOT c.anonymous
ORDER BY r.asker;
