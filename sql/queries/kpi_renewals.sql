-- keep 2
-- Due subscriptions and persons who referred somebody, per bucket, as kpi_programs.sql counts them. $1 first days, $2 days after
-- the last (date[], ascending, disjoint).
-- What a window has is found by index, except what only profiles tell (referred_by) and the dates of subscriptions.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends FROM bucket
), told AS MATERIALIZED (
    SELECT DISTINCT coalesce(f.person_id, c.referred_by) AS referrer_id, coalesce(p.person_id, c.customer_id) AS person_id
    FROM customers AS c
    LEFT JOIN customer_persons AS f ON f.customer_id = c.referred_by
    LEFT JOIN customer_persons AS p ON p.customer_id = c.customer_id
    WHERE c.referred_by IS NOT NULL
), known AS (
    -- All rows of a person: its own, and those that are linked to it.
    SELECT t.referrer_id, t.person_id, t.person_id AS customer_id FROM told AS t
    UNION ALL
    SELECT t.referrer_id, t.person_id, p.customer_id FROM told AS t JOIN customer_persons AS p USING (person_id)
), said AS (
    SELECT k.referrer_id, k.person_id
    FROM known AS k JOIN referrals AS r USING (customer_id) LEFT JOIN customer_persons AS f ON f.customer_id = r.referrer_id
    WHERE coalesce(f.person_id, r.referrer_id) = k.referrer_id
), referral AS (
    SELECT coalesce(f.person_id, r.referrer_id) AS referrer_id, coalesce(p.person_id, r.customer_id) AS person_id, r.referred_at AS at
    FROM span JOIN referrals AS r ON r.referred_at >= span.begins AND r.referred_at < span.ends
    LEFT JOIN customer_persons AS f ON f.customer_id = r.referrer_id
    LEFT JOIN customer_persons AS p ON p.customer_id = r.customer_id
    UNION ALL
    SELECT t.referrer_id, t.person_id,
           coalesce((SELECT min(a.acquired_at) FROM (
                         SELECT c.acquired_at FROM customers AS c WHERE c.customer_id = t.person_id
                         UNION ALL
                         SELECT c.acquired_at FROM customer_persons AS p JOIN customers AS c USING (customer_id)
                         WHERE p.person_id = t.person_id) AS a),
                    (SELECT r.known_at FROM referred_persons AS r WHERE r.customer_id = t.person_id))
    FROM (TABLE told EXCEPT TABLE said) AS t
), counted AS (
    SELECT width_bucket(d.due_at, (SELECT starts FROM span)) AS bucket, count(*) AS due, count(*) FILTER (WHERE d.renewed) AS renewed,
           0 AS referrers
    FROM span JOIN subscription_dues AS d ON d.due_at >= span.begins AND d.due_at < span.ends
    WHERE d.due_at <= now() GROUP BY 1
    UNION ALL
    -- Nobody refers themselves, also when that shows later.
    SELECT width_bucket(r.at, (SELECT starts FROM span)), 0, 0, count(DISTINCT r.referrer_id)
    FROM span JOIN referral AS r ON r.at >= span.begins AND r.at < span.ends
    WHERE r.referrer_id <> r.person_id GROUP BY 1
)
SELECT b.bucket, NULL AS key,
       coalesce(sum(c.due), 0) AS due_renewals,
       coalesce(sum(c.renewed), 0) AS renewals,
       coalesce(sum(c.referrers), 0) AS referring_customers
FROM bucket AS b LEFT JOIN counted AS c USING (bucket) GROUP BY b.bucket ORDER BY b.bucket;
