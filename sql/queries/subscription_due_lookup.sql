-- merge columns
-- When subscriptions that are about to start are due for the first time. Keys: n, kind: interval, value: start.
-- due_at is null past the year 9999; the id says nothing.
SELECT r.asker, r.n, '00000000-0000-0000-0000-000000000000' AS id, NULL AS customer_id, NULL AS content_hash,
       json_build_object('due_at', CASE WHEN d.due_at <= '9999-12-31Z' THEN rfc3339(d.due_at) END) AS detail
FROM settings AS shop
CROSS JOIN (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
                   unnest($4::timestamptz[]) AS value) AS r
CROSS JOIN LATERAL (SELECT subscription_due(r.value, r.kind, 1, shop.time_zone) AS due_at) AS d
ORDER BY r.asker;
