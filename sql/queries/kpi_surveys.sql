-- Scores of surveys per bucket; a skipped answer has none. $1 first days, $2 days after the last (date[], ascending,
-- disjoint).
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends FROM bucket
), answer AS (
    SELECT width_bucket(r.answered_at, (SELECT starts FROM span)) AS bucket, s.kind, r.score, count(*) AS answers
    FROM span JOIN survey_responses AS r ON r.answered_at >= span.begins AND r.answered_at < span.ends
    JOIN surveys AS s USING (survey_id)
    WHERE r.score IS NOT NULL AND s.kind IN ('nps', 'csat', 'ces')
    GROUP BY 1, 2, 3
)
SELECT b.bucket,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'csat'), 0) AS csat_answers,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'csat' AND a.score >= 4), 0) AS csat_satisfied,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'ces'), 0) AS ces_answers,
       coalesce(sum(a.answers * a.score) FILTER (WHERE a.kind = 'ces'), 0) AS ces_sum,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 0), 0) AS nps_0,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 1), 0) AS nps_1,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 2), 0) AS nps_2,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 3), 0) AS nps_3,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 4), 0) AS nps_4,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 5), 0) AS nps_5,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 6), 0) AS nps_6,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 7), 0) AS nps_7,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 8), 0) AS nps_8,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 9), 0) AS nps_9,
       coalesce(sum(a.answers) FILTER (WHERE a.kind = 'nps' AND a.score = 10), 0) AS nps_10
FROM bucket AS b LEFT JOIN answer AS a USING (bucket)
GROUP BY b.bucket ORDER BY b.bucket;
