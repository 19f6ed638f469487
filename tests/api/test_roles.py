"""What the roles of docker/roles.sql and sql/grants.sql can do: by the catalogue, and by trying."""
import os
import subprocess

import psycopg2
import pytest

from support.contract import Contract
from support.client import Client
from support.server import BINARY, REPOSITORY, Server, command, wait_until

CLUSTER = os.path.join(REPOSITORY, "docker", "cluster.sh")
SERVING, REPORTING = "ciclo_app", "ciclo_report"
WRITABLE = "SET default_transaction_read_only = off"  # anybody may say that of a session


class Roles:
    """A private cluster as `make run` has it."""

    def __init__(self, directory):
        self.directory = directory
        subprocess.run([CLUSTER, "start", directory], check=True, timeout=300)
        done = command("migrate", database_url=self.url("url-owner"))
        assert done.returncode == 0, done.stdout + done.stderr

    def url(self, which):
        return subprocess.run([CLUSTER, which, self.directory], check=True, capture_output=True, text=True).stdout.strip()

    def run(self, which, statement, *before):
        """Rows, or the error that PostgreSQL gives (its class)."""
        connection = psycopg2.connect(self.url(which))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for each in (*before, statement):
                    cursor.execute(each)
                return cursor.fetchall() if cursor.description else []
        except psycopg2.Error as error:
            return type(error)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def roles(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("roles"))
    os.chmod(os.path.dirname(directory), 0o755)
    opened = Roles(directory)
    yield opened
    subprocess.run([CLUSTER, "drop", directory], check=True, timeout=300)


def test_the_catalogue_gives_them_rows_and_nothing_else(roles):
    attributes = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR (rolinherit AND rolname <> 'ciclo_owner')"
    assert roles.run("url-admin", f"SELECT rolname FROM pg_roles WHERE rolname LIKE 'ciclo%' AND ({attributes})") == []
    assert roles.run("url-admin", "SELECT roleid::regrole, member::regrole FROM pg_auth_members WHERE member::regrole::text LIKE 'ciclo%'") == []
    assert roles.run("url-admin", "SELECT classid::regclass, objid FROM pg_shdepend WHERE deptype = 'o' AND refobjid IN ('ciclo_app'::regrole, 'ciclo_report'::regrole)") == []
    for role in (SERVING, REPORTING):
        assert roles.run("url-admin", f"SELECT has_database_privilege('{role}', 'ciclo', p) FROM unnest(ARRAY['CREATE', 'TEMPORARY']) AS p") == [(False,), (False,)]
        assert roles.run("url-admin", f"SELECT nspname FROM pg_namespace WHERE has_schema_privilege('{role}', oid, 'CREATE')") == []
        assert roles.run("url-admin", f"SELECT nspname FROM pg_namespace WHERE has_schema_privilege('{role}', oid, 'USAGE') AND nspname NOT IN "
                                      "('public', 'pg_catalog', 'information_schema')") == []
    tables = "SELECT relname, coalesce(string_agg(p, ',' ORDER BY p) FILTER (WHERE has_table_privilege('{}', c.oid, p)), '') FROM pg_class AS c, " \
             "unnest(ARRAY['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE']) AS p " \
             "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') GROUP BY relname"
    serving, reporting = dict(roles.run("url-admin", tables.format(SERVING))), dict(roles.run("url-admin", tables.format(REPORTING)))
    assert serving.pop("api_keys") == "SELECT" and serving.pop("schema_migrations") == "SELECT"
    assert set(serving.values()) == {"DELETE,INSERT,SELECT,UPDATE"} and len(serving) > 30
    assert reporting.pop("api_keys") == reporting.pop("idempotency_keys") == ""
    assert set(reporting.values()) == {"SELECT"}


DENIED = ["CREATE TABLE t (n int)", "CREATE TEMP TABLE t (n int)", "CREATE SCHEMA s", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
          "CREATE EXTENSION pg_trgm", "CREATE ROLE r", "CREATE DATABASE d", "ALTER TABLE orders ADD COLUMN n int", "ALTER TABLE orders DISABLE TRIGGER ALL",
          "CREATE INDEX ON orders (id)", "DROP TABLE orders", "DROP FUNCTION rfc3339", "TRUNCATE orders", "TRUNCATE api_keys",
          "INSERT INTO api_keys (key_id, name, secret_hash, scopes) VALUES ('x', 'x', 'x', '{}')", "UPDATE api_keys SET revoked_at = NULL", "DELETE FROM api_keys",
          "DELETE FROM schema_migrations", "SET ROLE ciclo_owner", "SET SESSION AUTHORIZATION ciclo_owner", "ALTER ROLE ciclo_owner SUPERUSER",
          "ALTER SYSTEM SET log_statement = 'all'", "SET log_statement = 'all'", "SET log_error_verbosity = verbose", "SET session_replication_role = replica",
          "COPY orders TO '/tmp/orders'", "COPY orders FROM PROGRAM 'id'", "SELECT pg_read_file('/etc/passwd')", "SELECT * FROM pg_authid", "SELECT * FROM other.t"]


@pytest.mark.parametrize("which", ["url", "url-report"])
def test_what_they_try_is_denied(roles, which):
    roles.run("url-owner", "CREATE SCHEMA IF NOT EXISTS other")
    roles.run("url-owner", "CREATE TABLE IF NOT EXISTS other.t (n int)")
    for statement in DENIED:
        # An error of another kind is a fault of this list.
        assert roles.run(which, statement, WRITABLE) == psycopg2.errors.InsufficientPrivilege, statement


def test_reporting_reads_and_cannot_write(roles):
    assert roles.run("url-report", "SELECT count(*) FROM orders") == [(0,)]
    assert roles.run("url-report", "SHOW default_transaction_read_only") == [("on",)]
    for statement in ("INSERT INTO spend DEFAULT VALUES", "DELETE FROM orders", "UPDATE settings SET base_currency = 'EUR'", "SELECT * FROM api_keys", "SELECT * FROM idempotency_keys"):
        assert roles.run("url-report", statement, WRITABLE) == psycopg2.errors.InsufficientPrivilege, statement


def test_nobody_else_gets_in(roles):
    roles.run("url-admin", "CREATE ROLE somebody LOGIN")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(roles.url("url").replace("ciclo_app", "somebody"))


def test_migrating_again_mends_what_was_granted(roles):
    roles.run("url-owner", "GRANT ALL ON api_keys TO ciclo_app")
    roles.run("url-owner", "REVOKE SELECT ON orders FROM ciclo_report")
    assert command("migrate", database_url=roles.url("url-owner")).returncode == 0
    # TRUNCATE, REFERENCES and TRIGGER are not among what `GRANT ALL` should leave either.
    assert roles.run("url", "DELETE FROM api_keys") == roles.run("url", "TRUNCATE api_keys") == psycopg2.errors.InsufficientPrivilege
    assert roles.run("url-report", "SELECT count(*) FROM orders") == [(0,)]


def test_the_service_serves_as_one_and_reads_reports_as_the_other(roles):
    server = Server(roles.url("url"), CICLO_REPORT_DATABASE_URL=roles.url("url-report"))
    try:
        server.wait_ready()
        wait_until(lambda: '"db_connected","lane":"replica"' in server.text(), 60, server.text)
        client = Client(server.port, Contract())
        client.post("/v1/orders", {"customer": {"external_id": "c"}, "currency": "EUR", "total": 5, "ordered_at": "2026-01-01T00:00:00Z"})
        assert client.get("/v1/kpis/orders", query={"from": "2026-01-01", "to": "2026-01-02"}).json["value"] == 1
        client.delete("/v1/customers/external:c")
        assert "db_rejected" not in server.text()
    finally:
        server.stop()


def test_keys_are_made_by_the_owner(roles):
    assert command("key", "create", "--scopes", "orders:read", database_url=roles.url("url")).returncode != 0
    made = command("key", "create", "--scopes", "orders:read", database_url=roles.url("url-owner"))
    assert made.returncode == 0 and made.stdout.startswith("ciclo_")


def test_a_broken_url_is_told_without_quoting_it():
    for command_line in (["serve"], ["migrate"], ["key", "list"]):
        done = subprocess.run([BINARY, *command_line], env={"CICLO_DATABASE_URL": "password=hun ter2 host=/nowhere"}, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and "CICLO_DATABASE_URL" in done.stderr and "ter2" not in done.stderr + done.stdout, done
