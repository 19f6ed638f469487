-- $1 key id. Name, hash of the secret, scopes joined by commas, is it revoked?
SELECT name, secret_hash, array_to_string(scopes, ',') AS scopes, revoked_at IS NOT NULL AS revoked
FROM api_keys WHERE key_id = $1;
