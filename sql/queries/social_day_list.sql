-- Days of one social platform, newest first. $1 limit, $2 $3 cursor (date, id), $4 platform, $5 $6 from, to.
SELECT day_id AS id, date AS sort_key, document FROM social_day_documents
WHERE platform = $4
  AND ($2::date IS NULL OR (date, day_id) < ($2::date, $3::uuid))
  AND ($5::date IS NULL OR date >= $5::date)
  AND ($6::date IS NULL OR date < $6::date)
ORDER BY date DESC LIMIT $1::integer;
