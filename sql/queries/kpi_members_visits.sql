-- The visits, or the persons who visited, that a measure of kpi_journey.sql counts or sums, newest first; a person by the
-- first visit of the window. $1 limit, $2 $3 cursor (instant, id), $4 measure: visits, visit_pages, bounces, timed_visits,
-- visit_seconds, unique_visitors or ordering_visitors; $5 first day, $6 day after the last.
WITH shop AS MATERIALIZED (
    SELECT day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends FROM settings
), visit AS (
    SELECT t.touchpoint_id, coalesce(p.person_id, t.customer_id) AS person_id, t.at, t.pages, t.duration_seconds
    FROM shop JOIN touchpoints AS t ON t.at >= shop.begins AND t.at < shop.ends
    LEFT JOIN customer_persons AS p USING (customer_id)
    WHERE t.kind = 'visit'
), member AS (
    SELECT 'touchpoint' AS kind, v.touchpoint_id AS id, v.person_id AS customer_id, v.at,
           CASE $4::text WHEN 'visit_pages' THEN v.pages WHEN 'visit_seconds' THEN v.duration_seconds END AS amount
    FROM visit AS v
    WHERE CASE $4::text WHEN 'visits' THEN true WHEN 'visit_pages' THEN true WHEN 'bounces' THEN v.pages = 1
                        WHEN 'timed_visits' THEN v.duration_seconds IS NOT NULL
                        WHEN 'visit_seconds' THEN v.duration_seconds IS NOT NULL ELSE false END
    UNION ALL
    SELECT 'customer', v.person_id, v.person_id, min(v.at), NULL
    FROM visit AS v
    WHERE $4::text = 'unique_visitors'
       OR ($4::text = 'ordering_visitors' AND EXISTS (
           SELECT FROM shop JOIN completed_orders AS o ON o.ordered_at >= shop.begins AND o.ordered_at < shop.ends
           WHERE o.person_id = v.person_id))
    GROUP BY v.person_id
)
SELECT m.id, rfc3339(m.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT m.kind, m.id, m.customer_id, rfc3339(m.at) AS at, m.amount) AS d) AS document
FROM member AS m
WHERE $2::timestamptz IS NULL OR (m.at, m.id) < ($2::timestamptz, $3::uuid)
ORDER BY m.at DESC, m.id DESC LIMIT $1::integer;
