-- One subscription by id ($1) or external id ($2). Without a version: due_at moves with the shop's time
-- zone as well, so the ETag is made of the document.
SELECT subscription_id AS id, NULL AS version, document FROM subscription_documents
WHERE subscription_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'subscriptions' AND external_id = $2));
