-- Polls that cost nothing: when reports change although no fact comes in, and which history the versions of data count in.

CREATE INDEX cart_states_recovered_at ON cart_states (ordered_at) WHERE abandoned_at IS NOT NULL;
COMMENT ON INDEX cart_states_recovered_at IS 'report_clock.sql';

-- The counter alone would come to the same value again, for other data, in a database that was restored, or promoted without
-- all of its predecessor's transactions. Such a one has another system identifier, oid or timeline.
CREATE FUNCTION data_history() RETURNS text LANGUAGE sql STABLE AS $$
SELECT concat_ws('-', s.system_identifier, c.timeline_id, d.oid)
FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_database AS d WHERE d.datname = current_database()
$$;
COMMENT ON FUNCTION data_history IS 'Within one history, data_version never has the same value for different data';
