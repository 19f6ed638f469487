-- Days of one campaign, newest first. $1 limit, $2 $3 cursor (date, campaign id), $4 $5 campaign (id, or external id),
-- $6 $7 from, to.
SELECT campaign_id AS id, date AS sort_key, document FROM campaign_day_documents
WHERE campaign_id = coalesce($4::uuid, (SELECT id FROM external_ids WHERE resource = 'campaigns' AND external_id = $5))
  AND ($2::date IS NULL OR (date, campaign_id) < ($2::date, $3::uuid))
  AND ($6::date IS NULL OR date >= $6::date)
  AND ($7::date IS NULL OR date < $7::date)
ORDER BY date DESC LIMIT $1::integer;
