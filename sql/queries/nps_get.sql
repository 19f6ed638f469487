-- Answers to NPS questions per bucket and score. $1 first days, $2 days after the last (date[], ascending, disjoint);
-- $3 survey id or $4 external id of one survey, both NULL for all.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends FROM bucket
), survey AS (
    SELECT survey_id FROM surveys
    WHERE kind = 'nps' AND (($3::uuid IS NULL AND $4::text IS NULL) OR survey_id = coalesce($3::uuid,
        (SELECT id FROM external_ids WHERE resource = 'surveys' AND external_id = $4::text)))
), answer AS (
    SELECT width_bucket(r.answered_at, (SELECT starts FROM span)) AS bucket, r.score
    FROM span, survey JOIN survey_responses AS r USING (survey_id)
    WHERE r.answered_at >= span.begins AND r.answered_at < span.ends AND r.score IS NOT NULL
)
SELECT b.bucket,
       count(*) FILTER (WHERE a.score = 0) AS nps_0,
       count(*) FILTER (WHERE a.score = 1) AS nps_1,
       count(*) FILTER (WHERE a.score = 2) AS nps_2,
       count(*) FILTER (WHERE a.score = 3) AS nps_3,
       count(*) FILTER (WHERE a.score = 4) AS nps_4,
       count(*) FILTER (WHERE a.score = 5) AS nps_5,
       count(*) FILTER (WHERE a.score = 6) AS nps_6,
       count(*) FILTER (WHERE a.score = 7) AS nps_7,
       count(*) FILTER (WHERE a.score = 8) AS nps_8,
       count(*) FILTER (WHERE a.score = 9) AS nps_9,
       count(*) FILTER (WHERE a.score = 10) AS nps_10
FROM bucket AS b LEFT JOIN answer AS a USING (bucket)
GROUP BY b.bucket ORDER BY b.bucket;
