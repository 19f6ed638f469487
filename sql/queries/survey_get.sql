-- One survey by id ($1) or external id ($2).
SELECT survey_id AS id, NULL AS version, document FROM survey_documents
WHERE survey_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'surveys' AND external_id = $2));
