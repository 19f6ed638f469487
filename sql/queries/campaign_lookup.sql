-- merge columns
-- Campaigns by id or external id. Keys: n, kind: id|external, value.
SELECT r.asker, r.n, c.campaign_id AS id, NULL AS customer_id, NULL AS content_hash, NULL AS detail
FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
             unnest($4::text[]) AS value) AS r
LEFT JOIN external_ids AS e ON r.kind = 'external' AND e.resource = 'campaigns' AND e.external_id = r.value
JOIN campaigns AS c ON c.campaign_id = CASE r.kind WHEN 'id' THEN r.value::uuid ELSE e.id END
ORDER BY r.asker;
