-- Campaigns by id or external id. $1: JSON array of {n, kind: id|external, value}.
SELECT r.n, c.campaign_id AS id, NULL AS customer_id, NULL AS content_hash, NULL AS detail
FROM json_to_recordset($1::json) AS r(n integer, kind text, value text)
LEFT JOIN external_ids AS e ON r.kind = 'external' AND e.resource = 'campaigns' AND e.external_id = r.value
JOIN campaigns AS c ON c.campaign_id = CASE r.kind WHEN 'id' THEN r.value::uuid ELSE e.id END;
