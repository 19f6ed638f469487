-- The newest migration that this database has; 0 for none.
SELECT coalesce(max(version), 0) FROM schema_migrations;
