-- One answer by id ($1) or external id ($2) of one survey ($3 id, or $4 external id).
WITH survey AS (
    SELECT coalesce($3::uuid, (SELECT id FROM external_ids WHERE resource = 'surveys' AND external_id = $4)) AS id)
SELECT response_id AS id, NULL AS version, document FROM response_documents
WHERE survey_id = (SELECT id FROM survey)
  AND response_id = coalesce($1::uuid, (SELECT e.id FROM external_ids AS e
      WHERE e.resource = 'responses' AND e.external_id = (SELECT id FROM survey)::text || '/' || $2));
