-- Memberships, newest first. $1 limit, $2 $3 cursor (joined_at, id), $4 $5 $6 customer (id, or identity kind and value),
-- $7 $8 joined from, to.
SELECT member_id AS id, rfc3339(joined_at) AS sort_key, document FROM loyalty_member_documents
WHERE ($2::timestamptz IS NULL OR (joined_at, member_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR customer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND ($7::timestamptz IS NULL OR joined_at >= $7::timestamptz)
  AND ($8::timestamptz IS NULL OR joined_at < $8::timestamptz)
ORDER BY joined_at DESC, member_id DESC LIMIT $1::integer;
