-- write 30
-- Claims natural keys. A key that is taken must fail the transaction (23505): who came second looks again
-- and finds the fact, or the conflict.
INSERT INTO external_ids (resource, external_id, id, customer_id, content_hash)
SELECT resource, external_id, id, customer_id, content_hash
FROM json_to_recordset($1::json)
     AS r(resource text, external_id text, id uuid, customer_id uuid, content_hash text);
