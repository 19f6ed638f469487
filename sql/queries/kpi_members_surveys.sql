-- The answers that a measure of kpi_surveys.sql counts or sums, newest first. $1 limit, $2 $3 cursor (instant, id),
-- $4 measure: csat_answers, csat_satisfied, ces_answers, ces_sum, nps_answers, or nps_balance, which is promoters (1
-- each) - detractors (-1 each); $5 first day, $6 day after the last. Without an amount each counts 1.
WITH shop AS MATERIALIZED (
    SELECT day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends FROM settings
), answer AS (
    SELECT r.response_id AS id, r.customer_id, r.answered_at AS at, r.score
    FROM shop JOIN survey_responses AS r ON r.answered_at >= shop.begins AND r.answered_at < shop.ends
    JOIN surveys AS s USING (survey_id)
    WHERE r.score IS NOT NULL AND s.kind = split_part($4::text, '_', 1)
      AND CASE $4::text WHEN 'csat_satisfied' THEN r.score >= 4 WHEN 'nps_balance' THEN r.score NOT IN (7, 8)
                        ELSE true END
      AND ($2::timestamptz IS NULL OR (r.answered_at, r.response_id) < ($2::timestamptz, $3::uuid))
    ORDER BY r.answered_at DESC, r.response_id DESC LIMIT $1::integer
)
SELECT a.id, rfc3339(a.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           'response' AS kind, a.id, CASE WHEN NOT c.anonymous THEN coalesce(p.person_id, a.customer_id) END AS customer_id,
           rfc3339(a.at) AS at,
           CASE $4::text WHEN 'ces_sum' THEN a.score WHEN 'nps_balance' THEN CASE WHEN a.score >= 9 THEN 1 ELSE -1 END
           END AS amount) AS d) AS document
FROM answer AS a JOIN customers AS c USING (customer_id) LEFT JOIN customer_persons AS p USING (customer_id)
ORDER BY a.at DESC, a.id DESC;
