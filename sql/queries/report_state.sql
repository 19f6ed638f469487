-- What a report must know of the shop (as settings_get.sql), and how new its data are: the version of what is derived, the
-- newest change that is not (NULL: none; 0: only sums are to be made again, for all customers), how many there are at most, and
-- whether sums are being made again, all of one snapshot. The version alone would come to
-- the same value again, for other data, in a database that was restored, or promoted without all that its predecessor had
-- committed. Such a one has another history: system identifier, timeline or oid. place: in the log of the primary, behind all
-- that was committed; NULL on a replica.
SELECT NULL AS document, s.base_currency, s.time_zone, s.week_start, s.default_gross_margin,
       local_day(now(), s.time_zone) AS today, rfc3339(now()) AS now,
       v.version, current_setting('ciclo.history') AS history,
       coalesce(c.newest, CASE WHEN v.summed < 'infinity' THEN 0 END) AS newest,
       CASE WHEN v.summed < 'infinity' THEN (SELECT greatest(1, k.reltuples::bigint) FROM pg_class AS k WHERE k.oid = 'customers'::regclass)
            ELSE c.newest - c.oldest + 1 END AS waiting, v.summed < 'infinity' AS rebuilding,
       CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END AS place
FROM settings AS s, data_version AS v,
     (SELECT max(change_id) AS newest, min(change_id) AS oldest FROM changed_customers) AS c;
