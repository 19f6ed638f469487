-- One cart by id ($1) or external id ($2).
SELECT cart_id AS id, NULL AS version, document FROM cart_documents
WHERE cart_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'carts' AND external_id = $2));
