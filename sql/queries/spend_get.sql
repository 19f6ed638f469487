-- One spend by id ($1) or external id ($2).
SELECT spend_id AS id, NULL AS version, document FROM spend_documents
WHERE spend_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'spend' AND external_id = $2));
