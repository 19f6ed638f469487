-- One refund by id ($1) or external id ($2).
SELECT refund_id AS id, NULL AS version, document FROM refund_documents
WHERE refund_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'refunds' AND external_id = $2));
