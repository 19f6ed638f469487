-- The figures of one campaign ($1 $2: id, or external id) on one day ($3).
SELECT campaign_id AS id, NULL AS version, document FROM campaign_day_documents
WHERE campaign_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'campaigns' AND external_id = $2))
  AND date = $3::date;
