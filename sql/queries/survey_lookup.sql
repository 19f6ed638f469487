-- merge columns
-- Surveys by id or external id, with what an answer must keep to. Keys: n, kind: id|external, value.
SELECT r.asker, r.n, s.survey_id AS id, NULL AS customer_id, NULL AS content_hash,
       json_build_object('kind', s.kind, 'choices', s.choices) AS detail
FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
             unnest($4::text[]) AS value) AS r
LEFT JOIN external_ids AS e ON r.kind = 'external' AND e.resource = 'surveys' AND e.external_id = r.value
JOIN surveys AS s ON s.survey_id = CASE r.kind WHEN 'id' THEN r.value::uuid ELSE e.id END
ORDER BY r.asker;
