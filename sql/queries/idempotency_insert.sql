-- write 90
-- Keeps the first answer under an Idempotency-Key, in the transaction of the data that it answers. A key of
-- the last 25 hours (idempotency_get.sql) must fail that transaction (23505); an older one is free again, purged or not.
INSERT INTO idempotency_keys (key_hash, fingerprint, status, answer, customer_id, created_at)
SELECT key_hash, fingerprint, status, answer, customer_id, created_at
FROM json_to_recordset($1::json)
     AS r(key_hash text, fingerprint text, status integer, answer text, customer_id uuid, created_at timestamptz)
ON CONFLICT (key_hash) DO UPDATE
SET fingerprint = EXCLUDED.fingerprint, status = EXCLUDED.status, answer = EXCLUDED.answer,
    customer_id = EXCLUDED.customer_id, created_at = EXCLUDED.created_at
WHERE must(EXCLUDED.created_at - idempotency_keys.created_at > interval '25 hours', '23505');
