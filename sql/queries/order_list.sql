-- Orders, newest first. $1 limit, $2 $3 cursor (ordered_at, id), $4 $5 $6 customer (id, or identity kind and value),
-- $7 status, $8 $9 ordered from, to.
SELECT order_id AS id, rfc3339(ordered_at) AS sort_key, document FROM order_documents
WHERE ($2::timestamptz IS NULL OR (ordered_at, order_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR customer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND ($7::text IS NULL OR status = $7)
  AND ($8::timestamptz IS NULL OR ordered_at >= $8::timestamptz)
  AND ($9::timestamptz IS NULL OR ordered_at < $9::timestamptz)
ORDER BY ordered_at DESC, order_id DESC LIMIT $1::integer;
