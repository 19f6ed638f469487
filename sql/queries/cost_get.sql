-- One cost by id ($1) or external id ($2).
SELECT cost_id AS id, NULL AS version, document FROM cost_documents
WHERE cost_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'costs' AND external_id = $2));
