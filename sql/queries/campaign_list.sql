-- Campaigns, newest first. $1 limit, $2 $3 cursor (created_at, id).
SELECT campaign_id AS id, rfc3339(created_at) AS sort_key, document FROM campaign_documents
WHERE $2::timestamptz IS NULL OR (created_at, campaign_id) < ($2::timestamptz, $3::uuid)
ORDER BY created_at DESC, campaign_id DESC LIMIT $1::integer;
