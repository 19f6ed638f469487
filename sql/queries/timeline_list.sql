-- Facts and changes of stage of one customer, oldest first. $1 limit, $2 $3 cursor (at, id), $4 $5 $6 customer (id, or identity
-- kind and value), $7 kind.
SELECT t.id, rfc3339(t.at) AS sort_key,
       json_build_object('at', rfc3339(t.at), 'kind', t.kind, 'id', t.id, 'detail', t.detail) AS document
FROM person_timeline(customer_rows($4::uuid, $5, $6)) AS t
WHERE ($2::timestamptz IS NULL OR (t.at, t.id) > ($2::timestamptz, $3::uuid))
  AND ($7::text IS NULL OR t.kind = $7)
ORDER BY t.at, t.id LIMIT $1::integer;
