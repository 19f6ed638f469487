-- One review by id ($1) or external id ($2).
SELECT review_id AS id, NULL AS version, document FROM review_documents
WHERE review_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'reviews' AND external_id = $2));
