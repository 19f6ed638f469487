-- Renewals of one subscription, newest first. $1 limit, $2 $3 cursor (renewed_at, id), $4 $5 subscription (id, or external
-- id).
WITH subscription AS (
    SELECT customer_id, subscription_id FROM subscriptions
    WHERE subscription_id = coalesce($4::uuid, (SELECT id FROM external_ids WHERE resource = 'subscriptions' AND external_id = $5)))
SELECT renewal_id AS id, rfc3339(renewed_at) AS sort_key, document FROM subscription_renewal_documents
WHERE customer_id = (SELECT customer_id FROM subscription)
  AND subscription_id = (SELECT subscription_id FROM subscription)
  AND ($2::timestamptz IS NULL OR (renewed_at, renewal_id) < ($2::timestamptz, $3::uuid))
ORDER BY renewed_at DESC, renewal_id DESC LIMIT $1::integer;
