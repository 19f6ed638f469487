-- Movements of points, newest first. $1 limit, $2 $3 cursor (at, id), $4 $5 $6 customer (id, or identity kind and value),
-- $7 $8 at from, to.
SELECT points_id AS id, rfc3339(at) AS sort_key, document FROM loyalty_points_documents
WHERE ($2::timestamptz IS NULL OR (at, points_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR customer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND ($7::timestamptz IS NULL OR at >= $7::timestamptz)
  AND ($8::timestamptz IS NULL OR at < $8::timestamptz)
ORDER BY at DESC, points_id DESC LIMIT $1::integer;
