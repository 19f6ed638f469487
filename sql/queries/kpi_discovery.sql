-- keep 4
-- How new persons found the shop, as two ranked lists. $1 first day, $2 day after the last (date[] of one); $3 survey id or
-- $4 external id of one survey, both NULL for all that ask this (purpose discovery).
-- touchpoint: persons whose first completed order ever is in the window, by the channel of their earliest touchpoint that has
-- one, else by the acquisition channel of their profile; NULL: nobody knows. survey: answers in the window, by choice.
-- total is that of the whole list; the 1,000 longest lines of each are here.
WITH span AS MATERIALIZED (
    SELECT day_start(($1::date[])[1], time_zone) AS begins, day_start(($2::date[])[1], time_zone) AS ends FROM settings
), found AS (
    SELECT nullif(d.key, '') AS key, sum(d.amount) AS n
    FROM sum_pieces(($1::date[])[1], ($2::date[])[1]) AS p JOIN daily_measures AS d
        ON d.dimension = 'discovery' AND d.grain = p.grain AND d.day >= p.first AND d.day < p.past
    GROUP BY 1 HAVING sum(d.amount) <> 0
), answered AS (
    SELECT r.choice AS key, count(*) AS n
    FROM span CROSS JOIN surveys AS s
    JOIN survey_responses AS r ON r.survey_id = s.survey_id AND r.answered_at >= span.begins AND r.answered_at < span.ends
    WHERE s.kind = 'choice' AND r.choice IS NOT NULL
      AND CASE WHEN $3::uuid IS NULL AND $4::text IS NULL THEN s.purpose = 'discovery'
          ELSE s.survey_id = coalesce($3::uuid, (SELECT id FROM external_ids
                                                 WHERE resource = 'surveys' AND external_id = $4::text)) END
    GROUP BY 1
)
(SELECT 'touchpoint' AS list, key, n, sum(n) OVER () AS total FROM found ORDER BY n DESC, key COLLATE "C" LIMIT 1000)
UNION ALL
(SELECT 'survey', key, n, sum(n) OVER () FROM answered ORDER BY n DESC, key COLLATE "C" LIMIT 1000);
