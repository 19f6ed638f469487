-- Reviews, due subscriptions and persons who referred somebody, by group. $1 first days, $2 days after the last (date[],
-- ascending, disjoint); $3 what to group by: country (of the person). kpi_renewals.sql counts the same without groups.
-- What falls due later than now is not due yet. A referral happened when its fact says so; of one that only the referred
-- customer's profile tells (referred_by), that is when this person was acquired, else became known.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends FROM bucket
), said AS MATERIALIZED (
    SELECT coalesce(f.person_id, r.referrer_id) AS referrer_id, coalesce(p.person_id, r.customer_id) AS person_id,
           r.referred_at
    FROM referrals AS r
    LEFT JOIN customer_persons AS f ON f.customer_id = r.referrer_id
    LEFT JOIN customer_persons AS p ON p.customer_id = r.customer_id
), told AS (
    SELECT coalesce(f.person_id, c.referred_by) AS referrer_id, coalesce(p.person_id, c.customer_id) AS person_id
    FROM customers AS c
    LEFT JOIN customer_persons AS f ON f.customer_id = c.referred_by
    LEFT JOIN customer_persons AS p ON p.customer_id = c.customer_id
    WHERE c.referred_by IS NOT NULL
    EXCEPT SELECT referrer_id, person_id FROM said
), dated AS (
    SELECT t.referrer_id, t.person_id,
           coalesce((SELECT min(a.acquired_at) FROM (
                         SELECT c.acquired_at FROM customers AS c WHERE c.customer_id = t.person_id
                         UNION ALL
                         SELECT c.acquired_at FROM customer_persons AS p JOIN customers AS c USING (customer_id)
                         WHERE p.person_id = t.person_id) AS a),
                    (SELECT r.known_at FROM referred_persons AS r WHERE r.customer_id = t.person_id)) AS at
    FROM told AS t
), fact AS (
    SELECT 'review' AS kind, r.reviewed_at AS at, r.customer_id, r.rating AS amount
    FROM span JOIN reviews AS r ON r.reviewed_at >= span.begins AND r.reviewed_at < span.ends
    UNION ALL
    SELECT 'due', d.due_at, d.customer_id, d.renewed::integer
    FROM span JOIN subscription_dues AS d ON d.due_at >= span.begins AND d.due_at < span.ends
    WHERE d.due_at <= now()
    UNION ALL
    -- Nobody refers themselves, also when that shows later.
    SELECT 'referral', s.referred_at, s.referrer_id, 1 FROM said AS s WHERE s.referrer_id <> s.person_id
    UNION ALL
    SELECT 'referral', d.at, d.referrer_id, 1 FROM dated AS d WHERE d.referrer_id <> d.person_id
), placed AS (
    SELECT width_bucket(f.at, (SELECT starts FROM span)) AS bucket, f.kind, f.amount,
           coalesce(p.person_id, f.customer_id) AS person_id, c.country AS key
    FROM span JOIN fact AS f ON f.at >= span.begins AND f.at < span.ends
    LEFT JOIN customer_persons AS p ON p.customer_id = f.customer_id
    LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = coalesce(p.person_id, f.customer_id)
), counted AS (
    SELECT bucket, key,
           count(*) FILTER (WHERE kind = 'review') AS reviews,
           sum(amount) FILTER (WHERE kind = 'review') AS ratings,
           count(*) FILTER (WHERE kind = 'due') AS due,
           sum(amount) FILTER (WHERE kind = 'due') AS renewed,
           count(DISTINCT person_id) FILTER (WHERE kind = 'referral') AS referrers
    FROM placed GROUP BY bucket, key
)
SELECT b.bucket, c.key,
       coalesce(c.reviews, 0) AS reviews,
       coalesce(c.ratings, 0) AS rating_sum,
       coalesce(c.due, 0) AS due_renewals,
       coalesce(c.renewed, 0) AS renewals,
       coalesce(c.referrers, 0) AS referring_customers
FROM bucket AS b JOIN counted AS c USING (bucket)
ORDER BY b.bucket, c.key COLLATE "C"
-- More groups than 1,000 are refused; one more shows that there are.
LIMIT 1001;
