-- Reports on a replica.

-- A report on a replica waits until that has all that was committed when the report was asked for.
CREATE FUNCTION replica_caught_up(place pg_lsn, patience_ms integer) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    until timestamptz := clock_timestamp() + patience_ms * interval '1 millisecond';
BEGIN
    LOOP
        IF NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= place THEN
            RETURN true;
        END IF;
        EXIT WHEN clock_timestamp() >= until;
        PERFORM pg_sleep(0.005);
    END LOOP;
    RETURN false;
END $$;
COMMENT ON FUNCTION replica_caught_up IS 'Waits until a standby has replayed the log up to a place; false: not in time';
