-- Reviews, newest first. $1 limit, $2 $3 cursor (reviewed_at, id), $4 $5 $6 customer (id, or identity kind and value),
-- $7 rating, $8 $9 reviewed from, to.
SELECT review_id AS id, rfc3339(reviewed_at) AS sort_key, document FROM review_documents
WHERE ($2::timestamptz IS NULL OR (reviewed_at, review_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR customer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND ($7::integer IS NULL OR rating = $7::integer)
  AND ($8::timestamptz IS NULL OR reviewed_at >= $8::timestamptz)
  AND ($9::timestamptz IS NULL OR reviewed_at < $9::timestamptz)
ORDER BY reviewed_at DESC, review_id DESC LIMIT $1::integer;
