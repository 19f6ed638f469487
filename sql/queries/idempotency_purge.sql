-- write 95
-- Forgets answers from before the instants given ({"before": instant}); idempotency_insert.sql does not need
-- this, the disk does.
DELETE FROM idempotency_keys USING json_to_recordset($1::json) AS r(before timestamptz)
WHERE idempotency_keys.created_at < r.before;
