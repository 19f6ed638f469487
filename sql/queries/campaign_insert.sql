-- write 52
-- New campaigns.
INSERT INTO campaigns (campaign_id, external_id, name, channel, created_at)
SELECT id, external_id, name, channel, created_at
FROM json_to_recordset($1::json) AS r(id uuid, external_id text, name text, channel text, created_at timestamptz);
