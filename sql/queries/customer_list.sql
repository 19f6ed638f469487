-- Customers, newest first. $1 limit, $2 $3 cursor (created_at, id), $4 email, $5 external id, $6 $7 created from, to.
SELECT customer_id AS id, rfc3339(created_at) AS sort_key, document FROM customer_documents
WHERE NOT anonymous
  AND ($2::timestamptz IS NULL OR (created_at, customer_id) < ($2::timestamptz, $3::uuid))
  AND ($4::text IS NULL OR customer_id = (SELECT customer_id FROM customer_identities WHERE kind = 'email' AND value = lower($4)))
  AND ($5::text IS NULL OR customer_id = (SELECT customer_id FROM customer_identities WHERE kind = 'external' AND value = $5))
  AND ($6::timestamptz IS NULL OR created_at >= $6::timestamptz)
  AND ($7::timestamptz IS NULL OR created_at < $7::timestamptz)
ORDER BY created_at DESC, customer_id DESC LIMIT $1::integer;
