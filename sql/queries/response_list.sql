-- Answers of one survey, newest first. $1 limit, $2 $3 cursor (answered_at, id), $4 $5 survey (id, or external id),
-- $6 $7 $8 customer (id, or identity kind and value), $9 $10 answered from, to.
SELECT response_id AS id, rfc3339(answered_at) AS sort_key, document FROM response_documents
WHERE survey_id = coalesce($4::uuid, (SELECT id FROM external_ids WHERE resource = 'surveys' AND external_id = $5))
  AND ($2::timestamptz IS NULL OR (answered_at, response_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($6, $7) IS NULL OR customer_id = ANY (customer_rows($6::uuid, $7, $8)))
  AND ($9::timestamptz IS NULL OR answered_at >= $9::timestamptz)
  AND ($10::timestamptz IS NULL OR answered_at < $10::timestamptz)
ORDER BY answered_at DESC, response_id DESC LIMIT $1::integer;
