-- One touchpoint by id ($1) or external id ($2).
SELECT touchpoint_id AS id, NULL AS version, document FROM touchpoint_documents
WHERE touchpoint_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'touchpoints' AND external_id = $2));
