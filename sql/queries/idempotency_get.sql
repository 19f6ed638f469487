-- $1 key_hash. What was answered under it in the last 24 hours.
SELECT fingerprint, status, answer FROM idempotency_keys
WHERE key_hash = $1 AND created_at > now() - interval '24 hours';
