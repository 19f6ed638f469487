-- keep 3
-- Followers at the end of each bucket, and what they did in it. $1 first days, $2 days after the last (date[], ascending,
-- disjoint); $3 dimension: NULL or channel (the platform).
-- A platform whose followers nobody has told by then counts on neither side of a rate, so it is not here.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, b.past FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(first ORDER BY bucket) AS starts, min(first) AS first, max(past) AS past FROM bucket
), known AS (
    SELECT b.bucket, p.platform, CASE WHEN $3::text = 'channel' THEN p.platform END AS key, f.followers
    FROM bucket AS b CROSS JOIN (SELECT DISTINCT platform FROM social_days) AS p
    CROSS JOIN LATERAL (SELECT d.followers FROM social_days AS d
                        WHERE d.platform = p.platform AND d.date < b.past AND d.followers IS NOT NULL
                        ORDER BY d.date DESC LIMIT 1) AS f
), engaged AS (
    SELECT width_bucket(d.date, (SELECT starts FROM span)) AS bucket, d.platform,
           sum(coalesce(d.comments, 0)
               + CASE WHEN d.platform <> 'instagram' THEN coalesce(d.reactions, 0) + coalesce(d.shares, 0) ELSE 0 END
               + CASE WHEN d.platform <> 'facebook' THEN coalesce(d.likes, 0) ELSE 0 END) AS engagement
    FROM span JOIN social_days AS d ON d.date >= span.first AND d.date < span.past
    GROUP BY 1, 2
)
SELECT b.bucket, k.key,
       coalesce(sum(k.followers), 0) AS followers,
       coalesce(sum(e.engagement), 0) AS engagement
FROM bucket AS b LEFT JOIN known AS k USING (bucket) LEFT JOIN engaged AS e USING (bucket, platform)
WHERE $3::text IS NULL OR k.bucket IS NOT NULL
GROUP BY b.bucket, k.key ORDER BY b.bucket, k.key COLLATE "C"
-- More groups than 1,000 are refused; one more shows that there are.
LIMIT CASE WHEN $3::text IS NOT NULL THEN 1001 END;
