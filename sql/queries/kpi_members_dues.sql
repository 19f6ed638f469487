-- The subscriptions that fell due, or the persons who referred somebody, that a measure of kpi_programs.sql counts, newest
-- first; a person by the first referral of the window. $1 limit, $2 $3 cursor (instant, id), $4 measure: due_renewals, renewals
-- or referring_customers; $5 first day, $6 day after the last.
WITH shop AS MATERIALIZED (
    SELECT day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends FROM settings
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
), member AS (
    SELECT 'subscription' AS kind, d.subscription_id AS id, coalesce(p.person_id, d.customer_id) AS customer_id, d.due_at AS at
    FROM shop JOIN subscription_dues AS d ON d.due_at >= shop.begins AND d.due_at < shop.ends
    LEFT JOIN customer_persons AS p USING (customer_id)
    WHERE d.due_at <= now() AND (($4::text = 'due_renewals') OR ($4::text = 'renewals' AND d.renewed))
    UNION ALL
    -- Nobody refers themselves, also when that shows later.
    SELECT 'customer', r.referrer_id, r.referrer_id, min(r.at)
    FROM shop, (SELECT s.referrer_id, s.person_id, s.referred_at AS at FROM said AS s
                UNION ALL SELECT d.referrer_id, d.person_id, d.at FROM dated AS d) AS r
    WHERE $4::text = 'referring_customers' AND r.referrer_id <> r.person_id AND r.at >= shop.begins AND r.at < shop.ends
    GROUP BY r.referrer_id
)
SELECT m.id, rfc3339(m.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT m.kind, m.id, m.customer_id, rfc3339(m.at) AS at, NULL AS amount) AS d) AS document
FROM member AS m
WHERE $2::timestamptz IS NULL OR (m.at, m.id) < ($2::timestamptz, $3::uuid)
ORDER BY m.at DESC, m.id DESC LIMIT $1::integer;
