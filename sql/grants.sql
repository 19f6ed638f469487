-- Who may do what with the tables: run by `ciclo migrate` at its end, each time, as the owner of the schema. Roles that are not
-- there are left out (docker/roles.sql makes them), so a database may have other ones with other grants.
DO $$
DECLARE
    keeper text := current_user;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ciclo_app' AND rolname <> keeper) THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ciclo_app;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ciclo_app;
        -- Who serves makes no keys, and does not say which migrations have run.
        REVOKE ALL ON api_keys, schema_migrations FROM ciclo_app;
        GRANT SELECT ON api_keys, schema_migrations TO ciclo_app;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ciclo_report' AND rolname <> keeper) THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO ciclo_report;
        -- Hashes are no use to who makes reports, and answers under an Idempotency-Key are no facts.
        REVOKE ALL ON api_keys, idempotency_keys FROM ciclo_report;
    END IF;
END
$$;
