-- merge columns
-- Orders by id or external id, with what a fact about them must know. Keys: n, kind: id|external, value.
-- customers: all rows of the person who ordered. erased: nothing that they say is taken any more.
SELECT r.asker, r.n, o.order_id AS id, o.customer_id, NULL AS content_hash,
       json_build_object('currency', o.currency, 'status', o.status, 'total', o.total, 'refunded', o.refunded,
                         'ordered_at', rfc3339(o.ordered_at), 'cancelled_at', rfc3339(o.cancelled_at), 'version', o.version,
                         'erased', (SELECT c.erased_at IS NOT NULL FROM customers AS c WHERE c.customer_id = o.customer_id),
                         'customers', ARRAY(SELECT coalesce(p.person_id, o.customer_id) UNION ALL SELECT m.customer_id
                             FROM customer_persons AS m WHERE m.person_id = coalesce(p.person_id, o.customer_id))) AS detail
FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
             unnest($4::text[]) AS value) AS r
LEFT JOIN external_ids AS e ON r.kind = 'external' AND e.resource = 'orders' AND e.external_id = r.value
JOIN orders AS o ON o.order_id = CASE r.kind WHEN 'id' THEN r.value::uuid ELSE e.id END
LEFT JOIN customer_persons AS p ON p.customer_id = o.customer_id
ORDER BY r.asker;
