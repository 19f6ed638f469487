-- One movement of points by id ($1) or external id ($2).
SELECT points_id AS id, NULL AS version, document FROM loyalty_points_documents
WHERE points_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'loyalty_points' AND external_id = $2));
