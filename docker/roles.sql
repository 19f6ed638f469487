-- The two roles and the database of Ciclo; may be run again. As superuser, in database postgres:
--   ciclo_owner  owns the schema; only `ciclo migrate` uses it
--   ciclo_app    reads and writes rows, no DDL; the service uses it
SELECT format('CREATE ROLE %I LOGIN', r) FROM unnest(ARRAY['ciclo_owner', 'ciclo_app']) AS r
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) \gexec
SELECT 'CREATE DATABASE ciclo OWNER ciclo_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ciclo') \gexec
\connect ciclo
ALTER DEFAULT PRIVILEGES FOR ROLE ciclo_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ciclo_app;
ALTER DEFAULT PRIVILEGES FOR ROLE ciclo_owner GRANT USAGE, SELECT ON SEQUENCES TO ciclo_app;
