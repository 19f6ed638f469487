-- merge columns
-- Subscriptions by id or external id, with what a renewal and a cancellation must know. Keys: n, kind: id|external, value.
SELECT r.asker, r.n, s.subscription_id AS id, s.customer_id, NULL AS content_hash,
       json_build_object('started_at', rfc3339(s.started_at),
                         'erased', (SELECT c.erased_at IS NOT NULL FROM customers AS c WHERE c.customer_id = s.customer_id)) AS detail
FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
             unnest($4::text[]) AS value) AS r
LEFT JOIN external_ids AS e ON r.kind = 'external' AND e.resource = 'subscriptions' AND e.external_id = r.value
JOIN subscriptions AS s ON s.subscription_id = CASE r.kind WHEN 'id' THEN r.value::uuid ELSE e.id END
ORDER BY r.asker;
