-- Spend, newest day first. $1 limit, $2 $3 cursor (date, id), $4 $5 from, to.
SELECT spend_id AS id, date AS sort_key, document FROM spend_documents
WHERE ($2::date IS NULL OR (date, spend_id) < ($2::date, $3::uuid))
  AND ($4::date IS NULL OR date >= $4::date)
  AND ($5::date IS NULL OR date < $5::date)
ORDER BY date DESC, spend_id DESC LIMIT $1::integer;
