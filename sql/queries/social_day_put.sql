-- write 63
-- What social platforms report for whole days; a day that is there already is replaced, of several the one that was put last
-- stays.
INSERT INTO social_days (platform, date, day_id, followers, reactions, comments, shares, likes, updated_at)
SELECT DISTINCT ON (platform, date) platform, date, id, followers, reactions, comments, shares, likes, updated_at
FROM json_to_recordset($1::json) AS r(platform text, date date, id uuid, followers bigint, reactions bigint,
     comments bigint, shares bigint, likes bigint, updated_at timestamptz, put_id uuid)
ORDER BY platform, date, put_id DESC
ON CONFLICT (platform, date) DO UPDATE SET
    followers = EXCLUDED.followers, reactions = EXCLUDED.reactions, comments = EXCLUDED.comments,
    shares = EXCLUDED.shares, likes = EXCLUDED.likes, updated_at = EXCLUDED.updated_at;
