-- One customer by id ($1), or by identity ($2 kind, $3 value).
SELECT customer_id AS id, version, document FROM customer_documents
WHERE customer_id = coalesce($1::uuid, (SELECT customer_id FROM customer_identities WHERE kind = $2 AND value = $3));
