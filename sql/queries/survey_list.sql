-- Surveys, newest first. $1 limit, $2 $3 cursor (created_at, id), $4 kind.
SELECT survey_id AS id, rfc3339(created_at) AS sort_key, document FROM survey_documents
WHERE ($2::timestamptz IS NULL OR (created_at, survey_id) < ($2::timestamptz, $3::uuid))
  AND ($4::text IS NULL OR kind = $4)
ORDER BY created_at DESC, survey_id DESC LIMIT $1::integer;
