-- The receipt of an erased person ($1).
SELECT customer_id AS id, NULL AS version,
       json_build_object('id', customer_id, 'erased_at', rfc3339(erased_at), 'rows', rows) AS document
FROM customer_erasures WHERE customer_id = $1::uuid;
