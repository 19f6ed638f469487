-- The days of social platforms behind a measure of kpi_social.sql, newest first: for followers the last one that tells
-- them, for engagement those of the window. $1 limit, $2 $3 cursor (date, id), $4 measure; $5 first day, $6 day after the
-- last. What is nothing is left out, and so is a platform whose followers nobody has told.
WITH known AS MATERIALIZED (
    SELECT f.* FROM (SELECT DISTINCT platform FROM social_days) AS p
    CROSS JOIN LATERAL (SELECT d.day_id, d.platform, d.date, d.followers FROM social_days AS d
                        WHERE d.platform = p.platform AND d.date < $6::date AND d.followers IS NOT NULL
                        ORDER BY d.date DESC LIMIT 1) AS f
), fact AS (
    SELECT k.day_id AS id, k.date, k.followers AS amount FROM known AS k WHERE $4::text = 'followers'
    UNION ALL
    SELECT d.day_id, d.date,
           coalesce(d.comments, 0)
           + CASE WHEN d.platform <> 'instagram' THEN coalesce(d.reactions, 0) + coalesce(d.shares, 0) ELSE 0 END
           + CASE WHEN d.platform <> 'facebook' THEN coalesce(d.likes, 0) ELSE 0 END
    FROM social_days AS d
    WHERE $4::text = 'engagement' AND d.date >= $5::date AND d.date < $6::date
      AND EXISTS (SELECT FROM known AS k WHERE k.platform = d.platform)
)
SELECT f.id, f.date AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           'social_day' AS kind, f.id, NULL AS customer_id, f.date AS at, f.amount) AS d) AS document
FROM fact AS f
WHERE f.amount <> 0 AND ($2::date IS NULL OR (f.date, f.id) < ($2::date, $3::uuid))
ORDER BY f.date DESC, f.id DESC LIMIT $1::integer;
