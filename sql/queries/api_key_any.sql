-- Is there a key that is not revoked?
SELECT EXISTS (SELECT FROM api_keys WHERE revoked_at IS NULL);
