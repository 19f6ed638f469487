-- The ids of all keys that are not revoked; one more than KEY_IDS_MAX (src/http/key_ids.h) says that there are too many to tell.
SELECT key_id FROM api_keys WHERE revoked_at IS NULL LIMIT 4097;
