-- write 22
-- Links are made and taken away one transaction at a time: two at once could close a circle that neither sees.
SELECT pg_advisory_xact_lock(426835799153) FROM json_to_recordset($1::json) AS r(linked_at timestamptz) LIMIT 1;
