-- Scores of surveys by group; a skipped answer has none. $1 first days, $2 days after the last (date[], ascending,
-- disjoint); $3 what to group by: channel (of the answer) or country (of the person).
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends FROM bucket
), answer AS (
    SELECT width_bucket(r.answered_at, (SELECT starts FROM span)) AS bucket,
           CASE $3::text WHEN 'channel' THEN r.channel WHEN 'country' THEN c.country END AS key,
           s.kind, r.score, count(*) AS answers
    FROM span JOIN survey_responses AS r ON r.answered_at >= span.begins AND r.answered_at < span.ends
    JOIN surveys AS s USING (survey_id)
    LEFT JOIN (customers AS k LEFT JOIN customer_persons AS p USING (customer_id)
               LEFT JOIN customers AS c ON c.customer_id = coalesce(p.person_id, k.customer_id))
           ON $3::text = 'country' AND k.customer_id = r.customer_id
    WHERE r.score IS NOT NULL AND s.kind IN ('nps', 'csat', 'ces')
    GROUP BY 1, 2, 3, 4
)
SELECT bucket, key,
       coalesce(sum(answers) FILTER (WHERE kind = 'csat'), 0) AS csat_answers,
       coalesce(sum(answers) FILTER (WHERE kind = 'csat' AND score >= 4), 0) AS csat_satisfied,
       coalesce(sum(answers) FILTER (WHERE kind = 'ces'), 0) AS ces_answers,
       coalesce(sum(answers * score) FILTER (WHERE kind = 'ces'), 0) AS ces_sum,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 0), 0) AS nps_0,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 1), 0) AS nps_1,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 2), 0) AS nps_2,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 3), 0) AS nps_3,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 4), 0) AS nps_4,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 5), 0) AS nps_5,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 6), 0) AS nps_6,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 7), 0) AS nps_7,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 8), 0) AS nps_8,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 9), 0) AS nps_9,
       coalesce(sum(answers) FILTER (WHERE kind = 'nps' AND score = 10), 0) AS nps_10
FROM answer GROUP BY bucket, key ORDER BY bucket, key
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
