-- One campaign by id ($1) or external id ($2).
SELECT campaign_id AS id, NULL AS version, document FROM campaign_documents
WHERE campaign_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'campaigns' AND external_id = $2));
