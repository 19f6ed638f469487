-- write 60
-- New touchpoints.
INSERT INTO touchpoints (customer_id, touchpoint_id, external_id, kind, at, channel, campaign, pages, duration_seconds,
                         created_at)
SELECT customer_id, id, external_id, kind, at, channel, campaign, pages, duration_seconds, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, kind text, at timestamptz,
     channel text, campaign text, pages integer, duration_seconds integer, created_at timestamptz);
