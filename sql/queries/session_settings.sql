-- What each connection of the engine sets once, by lane. $1 lock_timeout (in milliseconds, 0 for none),
-- $2 default_transaction_read_only, $3 plan_cache_mode, $4 whether plans may read whole tables (on or off).
SELECT set_config('lock_timeout', $1::text, false),
       set_config('default_transaction_read_only', $2::text, false),
       set_config('plan_cache_mode', $3::text, false),
       set_config('enable_seqscan', $4::text, false),
       set_config('enable_hashjoin', $4::text, false),
       set_config('enable_mergejoin', $4::text, false),
       -- Reports sort and hash what they read: in memory. Two connections a worker bound what that can come to.
       set_config('work_mem', CASE WHEN $4::text = 'on' THEN '64MB' ELSE current_setting('work_mem') END, false),
       -- The engine sends a transaction whole, so one that idles has lost its client.
       set_config('idle_in_transaction_session_timeout', '10s', false),
       -- A statement whose client has gone is stopped, so that it does not keep its locks.
       set_config('client_connection_check_interval', '1s', false),
       -- The same at the other end as connection.c asks of this one: a service that was cut off leaves no session behind for hours.
       set_config('tcp_keepalives_idle', '5', false),
       set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '3', false),
       set_config('tcp_user_timeout', '8s', false),
       -- The engine bounds the time that setting up takes; statement_timeout.sql bounds what follows.
       set_config('statement_timeout', '0', false),
       set_config('TimeZone', 'UTC', false),
       set_config('DateStyle', 'ISO', false),
       -- Compiling costs more than these statements take.
       set_config('jit', 'off', false),
       -- For report_state.sql, which would spend most of its time on reading this. A connection does not outlive it.
       set_config('ciclo.history', (SELECT concat_ws('-', s.system_identifier, c.timeline_id, d.oid)
                                    FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_database AS d
                                    WHERE d.datname = current_database()), false);
