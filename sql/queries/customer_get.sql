-- One customer by id ($1), or by identity ($2 kind, $3 value): the person that it belongs to. stale: its stage waits for facts that
-- have not been derived from yet. An id of somebody who was erased has a row without a document.
SELECT d.customer_id AS id, d.tag AS version, d.document,
       EXISTS (SELECT FROM stale_stages AS s WHERE s.customer_id = d.customer_id)
           OR EXISTS (SELECT FROM changed_customers) AND person_changes(d.customer_id) IS NOT NULL AS stale
FROM customer_documents AS d
WHERE d.customer_id = (
    SELECT coalesce((SELECT p.person_id FROM customer_persons AS p WHERE p.customer_id = c.id), c.id)
    FROM (SELECT coalesce($1::uuid, (SELECT i.customer_id FROM customer_identities AS i WHERE i.kind = $2 AND i.value = $3)) AS id) AS c)
UNION ALL
SELECT c.customer_id, NULL, NULL, false FROM customers AS c WHERE c.customer_id = $1::uuid AND c.erased_at IS NOT NULL;
