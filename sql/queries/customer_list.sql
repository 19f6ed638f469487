-- Customers, newest first: persons, not what is linked to them. $1 limit, $2 $3 cursor (created_at, id), $4 email, $5 external id,
-- $6 $7 created from, to, $8 stage, $9 a topic that the customer consents to hear of.
SELECT customer_id AS id, rfc3339(created_at) AS sort_key, document FROM customer_documents AS d
WHERE NOT anonymous AND NOT EXISTS (SELECT FROM customer_persons AS p WHERE p.customer_id = d.customer_id)
  AND ($2::timestamptz IS NULL OR (created_at, customer_id) < ($2::timestamptz, $3::uuid))
  AND ($4::text IS NULL OR customer_id = ANY (customer_rows(NULL, 'email', lower($4))))
  AND ($5::text IS NULL OR customer_id = ANY (customer_rows(NULL, 'external', $5)))
  AND ($6::timestamptz IS NULL OR created_at >= $6::timestamptz)
  AND ($7::timestamptz IS NULL OR created_at < $7::timestamptz)
  AND ($8::text IS NULL OR stage = $8)
  AND ($9::text IS NULL OR customer_id IN (SELECT g.customer_id FROM consenting_persons AS g WHERE g.topic = $9))
ORDER BY created_at DESC, customer_id DESC LIMIT $1::integer;
