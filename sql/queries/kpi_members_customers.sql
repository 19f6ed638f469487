-- The persons that a measure of kpi_customers.sql counts, by the first order that they are counted for, newest first.
-- $1 limit, $2 $3 cursor (instant, id), $4 measure: active_customers, new_customers, repeat_customers,
-- returning_customers, reactivated_customers, previous_customers, retained_customers or lost_customers; $5 first day,
-- $6 day after the last.
WITH shop AS MATERIALIZED (
    SELECT day_start($5::date, time_zone) AS begins, day_start($6::date, time_zone) AS ends,
           -- As in kpi_customers.sql: not before the first year.
           day_start($5::date - least($6::date - $5::date, $5::date - date '0001-01-01'), time_zone) AS previous_begins
    FROM settings
), person AS (
    SELECT o.person_id AS id,
           min(o.ordered_at) FILTER (WHERE o.ordered_at >= shop.begins) AS active_at,
           count(*) FILTER (WHERE o.ordered_at >= shop.begins) AS orders,
           min(o.ordered_at) FILTER (WHERE o.ordered_at >= shop.previous_begins AND o.ordered_at < shop.begins) AS previous_at,
           max(o.ordered_at) FILTER (WHERE o.ordered_at < shop.begins) AS before_at
    FROM shop JOIN completed_orders AS o ON o.ordered_at < shop.ends
    WHERE o.ordered_at < $6::date + 1
    GROUP BY o.person_id
), member AS (
    SELECT id, CASE WHEN $4::text IN ('previous_customers', 'retained_customers', 'lost_customers')
                    THEN previous_at ELSE active_at END AS at
    FROM person
    WHERE CASE $4::text
          WHEN 'active_customers' THEN orders > 0
          WHEN 'new_customers' THEN orders > 0 AND before_at IS NULL
          WHEN 'repeat_customers' THEN orders > 1
          WHEN 'returning_customers' THEN orders > 1 OR (orders = 1 AND before_at IS NOT NULL)
          WHEN 'reactivated_customers' THEN orders > 0 AND before_at IS NOT NULL AND previous_at IS NULL
          WHEN 'previous_customers' THEN previous_at IS NOT NULL
          WHEN 'retained_customers' THEN previous_at IS NOT NULL AND orders > 0
          WHEN 'lost_customers' THEN previous_at IS NOT NULL AND orders = 0
          END
)
SELECT m.id, rfc3339(m.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           'customer' AS kind, m.id, m.id AS customer_id, rfc3339(m.at) AS at, NULL AS amount) AS d) AS document
FROM member AS m
WHERE $2::timestamptz IS NULL OR (m.at, m.id) < ($2::timestamptz, $3::uuid)
ORDER BY m.at DESC, m.id DESC LIMIT $1::integer;
