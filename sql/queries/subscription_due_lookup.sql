-- When subscriptions that are about to start are due for the first time. $1: JSON array of {n, kind: interval, value: start}.
-- due_at is null past the year 9999; the id says nothing.
SELECT r.n, '00000000-0000-0000-0000-000000000000' AS id, NULL AS customer_id, NULL AS content_hash,
       json_build_object('due_at', CASE WHEN d.due_at <= '9999-12-31Z' THEN rfc3339(d.due_at) END) AS detail
FROM settings AS shop CROSS JOIN json_to_recordset($1::json) AS r(n integer, kind text, value timestamptz)
CROSS JOIN LATERAL (SELECT subscription_due(r.value, r.kind, 1, shop.time_zone) AS due_at) AS d;
