-- How new persons found the shop, as two ranked lists. $1 first day, $2 day after the last (date[] of one); $3 survey id or
-- $4 external id of one survey, both NULL for all that ask this (purpose discovery).
-- touchpoint: persons whose first completed order ever is in the window, by the channel of their earliest touchpoint that has
-- one, else by the acquisition channel of their profile; NULL: nobody knows. survey: answers in the window, by choice.
-- total is that of the whole list; the 1,000 longest lines of each are here.
-- Bounds by date beside the exact ones (a day of the shop begins within a day of UTC's) are for the planner, which
-- cannot see what the exact ones will be.
WITH span AS MATERIALIZED (
    SELECT day_start(($1::date[])[1], time_zone) AS begins, day_start(($2::date[])[1], time_zone) AS ends FROM settings
), active AS (
    SELECT DISTINCT o.person_id
    FROM span JOIN completed_orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    WHERE o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[1] + 1
), newcomer AS MATERIALIZED (
    SELECT a.person_id FROM span, active AS a
    -- In two, so that the index by customer serves both.
    WHERE NOT EXISTS (SELECT FROM orders AS o
                      WHERE o.customer_id = a.person_id AND o.ordered_at < span.begins
                        AND o.status IN ('paid', 'fulfilled') AND NOT o.test)
      AND NOT EXISTS (SELECT FROM customer_persons AS p JOIN orders AS o USING (customer_id)
                      WHERE p.person_id = a.person_id AND o.ordered_at < span.begins
                        AND o.status IN ('paid', 'fulfilled') AND NOT o.test)
), whole AS MATERIALIZED (
    -- All customers that these persons are.
    SELECT person_id, person_id AS customer_id FROM newcomer
    UNION ALL
    SELECT p.person_id, p.customer_id FROM newcomer JOIN customer_persons AS p USING (person_id)
), touch AS (
    SELECT DISTINCT ON (w.person_id) w.person_id, t.channel
    FROM whole AS w JOIN touchpoints AS t USING (customer_id)
    WHERE t.channel IS NOT NULL
    ORDER BY w.person_id, t.at, t.channel COLLATE "C"
), profile AS (
    SELECT DISTINCT ON (w.person_id) w.person_id, c.acquisition_channel AS channel
    FROM whole AS w JOIN customers AS c USING (customer_id)
    WHERE c.acquisition_channel IS NOT NULL
    ORDER BY w.person_id, c.acquired_at, c.acquisition_channel COLLATE "C"
), found AS (
    SELECT coalesce(t.channel, p.channel) AS key, count(*) AS n
    FROM newcomer LEFT JOIN touch AS t USING (person_id) LEFT JOIN profile AS p USING (person_id)
    GROUP BY 1
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
