-- The persons that a measure of kpi_program_orders.sql counts, by their first order of the window, newest first. $1 limit,
-- $2 $3 cursor (instant, id), $4 measure: member_customers or referred_customers; $5 first day, $6 day after the last.
WITH shop AS MATERIALIZED (
    SELECT day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends FROM settings
), member AS MATERIALIZED (
    SELECT coalesce(p.person_id, m.customer_id) AS person_id, m.joined_at, coalesce(m.left_at, 'infinity'::timestamptz) AS left_at
    FROM loyalty_members AS m LEFT JOIN customer_persons AS p USING (customer_id)
), referral AS (
    SELECT r.referrer_id, r.customer_id FROM referrals AS r
    UNION ALL
    SELECT c.referred_by, c.customer_id FROM customers AS c WHERE c.referred_by IS NOT NULL
), referred AS MATERIALIZED (
    SELECT DISTINCT coalesce(p.person_id, r.customer_id) AS person_id
    FROM referral AS r
    LEFT JOIN customer_persons AS f ON f.customer_id = r.referrer_id
    LEFT JOIN customer_persons AS p ON p.customer_id = r.customer_id
    WHERE coalesce(f.person_id, r.referrer_id) <> coalesce(p.person_id, r.customer_id)
), person AS (
    SELECT o.person_id AS id, min(o.ordered_at) AS at,
           bool_or(EXISTS (SELECT FROM member AS m WHERE m.person_id = o.person_id AND m.joined_at <= o.ordered_at
                             AND o.ordered_at < m.left_at)) AS is_member
    FROM shop JOIN completed_orders AS o ON o.ordered_at >= shop.begins AND o.ordered_at < shop.ends
    GROUP BY o.person_id
), chosen AS (
    SELECT p.id, p.at FROM shop, person AS p
    WHERE CASE $4::text WHEN 'member_customers' THEN p.is_member
               ELSE p.id IN (SELECT r.person_id FROM referred AS r)
                    AND NOT EXISTS (SELECT FROM completed_orders AS e WHERE e.person_id = p.id AND e.ordered_at < shop.begins) END
)
SELECT c.id, rfc3339(c.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           'customer' AS kind, c.id, c.id AS customer_id, rfc3339(c.at) AS at, NULL AS amount) AS d) AS document
FROM chosen AS c
WHERE $2::timestamptz IS NULL OR (c.at, c.id) < ($2::timestamptz, $3::uuid)
ORDER BY c.at DESC, c.id DESC LIMIT $1::integer;
