-- write 56
-- New surveys.
INSERT INTO surveys (survey_id, external_id, kind, name, question, choices, purpose, created_at)
SELECT id, external_id, kind, name, question, choices, purpose, created_at
FROM json_to_recordset($1::json) AS r(id uuid, external_id text, kind text, name text, question text, choices jsonb,
     purpose text, created_at timestamptz);
