-- Surveys by id or external id, with what an answer must keep to. $1: JSON array of {n, kind: id|external, value}.
SELECT r.n, s.survey_id AS id, NULL AS customer_id, NULL AS content_hash,
       json_build_object('kind', s.kind, 'choices', s.choices) AS detail
FROM json_to_recordset($1::json) AS r(n integer, kind text, value text)
LEFT JOIN external_ids AS e ON r.kind = 'external' AND e.resource = 'surveys' AND e.external_id = r.value
JOIN surveys AS s ON s.survey_id = CASE r.kind WHEN 'id' THEN r.value::uuid ELSE e.id END;
