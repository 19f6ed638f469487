-- One order by id ($1) or external id ($2).
SELECT order_id AS id, version, document FROM order_documents
WHERE order_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'orders' AND external_id = $2));
