-- Answers to NPS questions per bucket and score, of one survey or by group: sums are of all surveys and of the whole shop, and
-- kpi_daily.sql has them. $1 first days, $2 days after the last (date[], ascending, disjoint);
-- $3 NULL, or what to group by: channel (of the answer) or country (of the person); $4 survey id or $5 external id of
-- one survey, both NULL for all.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends FROM bucket
), survey AS (
    SELECT survey_id FROM surveys
    WHERE kind = 'nps' AND (($4::uuid IS NULL AND $5::text IS NULL) OR survey_id = coalesce($4::uuid,
        (SELECT id FROM external_ids WHERE resource = 'surveys' AND external_id = $5::text)))
), answer AS (
    SELECT width_bucket(r.answered_at, (SELECT starts FROM span)) AS bucket,
           CASE $3::text WHEN 'channel' THEN r.channel WHEN 'country' THEN c.country END AS key, r.score
    FROM span, survey JOIN survey_responses AS r USING (survey_id)
    LEFT JOIN (customers AS k LEFT JOIN customer_persons AS p USING (customer_id)
               LEFT JOIN customers AS c ON c.customer_id = coalesce(p.person_id, k.customer_id))
           ON $3::text = 'country' AND k.customer_id = r.customer_id
    WHERE r.answered_at >= span.begins AND r.answered_at < span.ends AND r.score IS NOT NULL
    UNION ALL
    -- Not grouped, there is a row for each bucket.
    SELECT bucket, NULL, NULL FROM bucket WHERE $3::text IS NULL
)
SELECT bucket, key,
       count(*) FILTER (WHERE score = 0) AS nps_0,
       count(*) FILTER (WHERE score = 1) AS nps_1,
       count(*) FILTER (WHERE score = 2) AS nps_2,
       count(*) FILTER (WHERE score = 3) AS nps_3,
       count(*) FILTER (WHERE score = 4) AS nps_4,
       count(*) FILTER (WHERE score = 5) AS nps_5,
       count(*) FILTER (WHERE score = 6) AS nps_6,
       count(*) FILTER (WHERE score = 7) AS nps_7,
       count(*) FILTER (WHERE score = 8) AS nps_8,
       count(*) FILTER (WHERE score = 9) AS nps_9,
       count(*) FILTER (WHERE score = 10) AS nps_10
FROM answer GROUP BY bucket, key ORDER BY bucket, key
LIMIT CASE WHEN $3::text IS NOT NULL THEN 1001 END; -- 1,000 groups are served; one more shows that there are more
