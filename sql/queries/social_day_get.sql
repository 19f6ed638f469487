-- One day of a social platform by id ($1), or by platform ($2) and date ($3).
SELECT day_id AS id, NULL AS version, document FROM social_day_documents
WHERE day_id = coalesce($1::uuid, (SELECT d.day_id FROM social_days AS d WHERE d.platform = $2 AND d.date = $3::date));
