-- The database of Ciclo and its roles; may be run again. As superuser, in database postgres:
--   ciclo_owner   owns the schema; only `ciclo migrate` and `ciclo key` use it
--   ciclo_app     reads and writes rows, and nothing else; the service uses it
--   ciclo_report  reads rows; for CICLO_REPORT_DATABASE_URL, and for people
-- What each may do with which table is sql/grants.sql, which `ciclo migrate` runs at its end.
SELECT format('CREATE ROLE %I LOGIN', r) FROM unnest(ARRAY['ciclo_owner', 'ciclo_app', 'ciclo_report']) AS r
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) \gexec
SELECT format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', r)
FROM unnest(ARRAY['ciclo_owner', 'ciclo_app', 'ciclo_report']) AS r \gexec
ALTER ROLE ciclo_app NOINHERIT;
ALTER ROLE ciclo_report NOINHERIT;
ALTER ROLE ciclo_report SET default_transaction_read_only = on;
SELECT 'CREATE DATABASE ciclo OWNER ciclo_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ciclo') \gexec
-- Anybody who may log in could look in, and make temporary tables.
REVOKE ALL ON DATABASE ciclo FROM PUBLIC;
GRANT CONNECT ON DATABASE ciclo TO ciclo_app, ciclo_report;
-- PostgreSQL's log: no parameters of statements, and no DETAIL, which quotes rows and keys. Both are e-mail addresses.
ALTER DATABASE ciclo SET log_error_verbosity = terse;
ALTER DATABASE ciclo SET log_parameter_max_length = 0;
ALTER DATABASE ciclo SET log_parameter_max_length_on_error = 0;
\connect ciclo
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ciclo_app, ciclo_report;
-- sql/grants.sql says it all; this is what earlier versions of this file did instead.
ALTER DEFAULT PRIVILEGES FOR ROLE ciclo_owner REVOKE ALL ON TABLES FROM ciclo_app;
ALTER DEFAULT PRIVILEGES FOR ROLE ciclo_owner REVOKE ALL ON SEQUENCES FROM ciclo_app;
