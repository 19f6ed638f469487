-- Touchpoints, newest first. $1 limit, $2 $3 cursor (at, id), $4 $5 $6 customer (id, or identity kind and value; with all
-- that is linked to it), $7 kind, $8 $9 at from, to.
SELECT touchpoint_id AS id, rfc3339(at) AS sort_key, document FROM touchpoint_documents
WHERE ($2::timestamptz IS NULL OR (at, touchpoint_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR customer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND ($7::text IS NULL OR kind = $7)
  AND ($8::timestamptz IS NULL OR at >= $8::timestamptz)
  AND ($9::timestamptz IS NULL OR at < $9::timestamptz)
ORDER BY at DESC, touchpoint_id DESC LIMIT $1::integer;
