-- The reviews that a measure of kpi_programs.sql counts or sums, newest first. $1 limit, $2 $3 cursor (instant, id),
-- $4 measure: reviews or rating_sum; $5 first day, $6 day after the last.
WITH shop AS MATERIALIZED (
    SELECT day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends FROM settings
)
SELECT r.review_id AS id, rfc3339(r.reviewed_at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           'review' AS kind, r.review_id AS id, coalesce(p.person_id, r.customer_id) AS customer_id, rfc3339(r.reviewed_at) AS at,
           CASE WHEN $4::text = 'rating_sum' THEN r.rating END AS amount) AS d) AS document
FROM shop JOIN reviews AS r ON r.reviewed_at >= shop.begins AND r.reviewed_at < shop.ends
LEFT JOIN customer_persons AS p USING (customer_id)
WHERE $2::timestamptz IS NULL OR (r.reviewed_at, r.review_id) < ($2::timestamptz, $3::uuid)
ORDER BY r.reviewed_at DESC, r.review_id DESC LIMIT $1::integer;
