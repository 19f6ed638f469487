-- merge
-- $1 key_hash. What was answered under it in the last 24 hours, and one more: the clock of whoever wrote it
-- may have been behind.
SELECT a.asker, k.fingerprint, k.status, k.answer
FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS a(key_hash, asker) JOIN idempotency_keys AS k USING (key_hash)
WHERE k.created_at > now() - interval '25 hours'
ORDER BY a.asker;
