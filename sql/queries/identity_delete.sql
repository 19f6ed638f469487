-- write 20
-- Identities that a customer no longer has; nobody else's.
DELETE FROM customer_identities AS i
USING json_to_recordset($1::json) AS r(kind text, value text, customer_id uuid)
WHERE i.kind = r.kind AND i.value = r.value AND i.customer_id = r.customer_id;
