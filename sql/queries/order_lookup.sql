-- Orders by id or external id, with what a fact about them must know. $1: JSON array of {n, kind: id|external, value}.
SELECT r.n, o.order_id AS id, o.customer_id, NULL AS content_hash,
       json_build_object('currency', o.currency, 'status', o.status, 'total', o.total, 'refunded', o.refunded,
                         'ordered_at', rfc3339(o.ordered_at), 'cancelled_at', rfc3339(o.cancelled_at), 'version', o.version) AS detail
FROM json_to_recordset($1::json) AS r(n integer, kind text, value text)
LEFT JOIN external_ids AS e ON r.kind = 'external' AND e.resource = 'orders' AND e.external_id = r.value
JOIN orders AS o ON o.order_id = CASE r.kind WHEN 'id' THEN r.value::uuid ELSE e.id END;
