-- write 82
-- A model of the shop's own; one of the built-in ones is not changed (CI409).
INSERT INTO lifecycle_models AS m (name, title, labels, updated_at)
SELECT DISTINCT ON (r.name) r.name, r.title, r.labels, r.updated_at
FROM json_to_recordset($1::json) AS r(name text, title text, labels jsonb, updated_at timestamptz)
ORDER BY r.name, r.updated_at DESC
ON CONFLICT (name) DO UPDATE SET title = EXCLUDED.title, labels = EXCLUDED.labels, updated_at = EXCLUDED.updated_at
WHERE must(NOT m.built_in, 'CI409');
