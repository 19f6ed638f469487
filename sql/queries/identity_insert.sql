-- write 21
-- A duplicate raises 23505: somebody else was faster, and the request looks again.
INSERT INTO customer_identities (kind, value, customer_id)
SELECT kind, value, customer_id FROM json_to_recordset($1::json) AS r(kind text, value text, customer_id uuid);
