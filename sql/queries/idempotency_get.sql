-- merge
-- $1 key_hash. What was answered under it in the last 24 hours.
SELECT a.asker, k.fingerprint, k.status, k.answer
FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS a(key_hash, asker) JOIN idempotency_keys AS k USING (key_hash)
WHERE k.created_at > now() - interval '24 hours'
ORDER BY a.asker;
