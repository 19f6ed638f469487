-- One renewal by id ($1) or external id ($2) of one subscription ($3 id, or $4 external id).
WITH subscription AS (
    SELECT customer_id, subscription_id FROM subscriptions
    WHERE subscription_id = coalesce($3::uuid, (SELECT id FROM external_ids WHERE resource = 'subscriptions' AND external_id = $4)))
SELECT renewal_id AS id, NULL AS version, document FROM subscription_renewal_documents
WHERE customer_id = (SELECT customer_id FROM subscription)
  AND subscription_id = (SELECT subscription_id FROM subscription)
  AND renewal_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'renewals' AND external_id = $2));
