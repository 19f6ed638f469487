-- Has this replica replayed the log up to a place ($1)? Waits for that, for so many milliseconds ($2) at most.
SELECT replica_caught_up($1::pg_lsn, $2::integer) AS caught_up;
