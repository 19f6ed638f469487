"""A throw-away PostgreSQL cluster: Unix socket only, never as root, gone when the tests end."""
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg2

from support.process import end, spawn

USER = "ciclo"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",  # six or more for each server; a module runs a few at once
    "log_min_messages": "warning",
    "log_error_verbosity": "terse",  # as docker/cluster.sh: DETAIL quotes keys, which are e-mail addresses
    "timezone": "America/Caracas",  # whatever the database's zone is, no answer may depend on it
}


def _programs():
    """The newest PostgreSQL that is installed."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not found:
        raise RuntimeError("no PostgreSQL server programs under /usr/lib/postgresql")
    return os.path.dirname(max(found, key=lambda path: int(re.search(r"/(\d+)/", path).group(1))))


class Cluster:
    """initdb in a directory of its own; start() and stop() as often as a test likes."""

    def __init__(self):
        self.programs = _programs()
        self.directory = tempfile.mkdtemp(prefix="ciclo-test-")
        self.data = os.path.join(self.directory, "data")
        self.process = None
        self.identity = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chmod(self.directory, 0o755)
        self.create()

    def create(self):
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")

    def _run(self, program, *arguments):
        subprocess.run([f"{self.programs}/{program}", *arguments], check=True, stdout=subprocess.DEVNULL, cwd=self.directory,
                       env={"PATH": "/usr/bin:/bin"}, **self.identity)

    def start(self):
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with open(os.path.join(self.directory, "postgres.log"), "ab") as log:
            self.process = spawn([f"{self.programs}/postgres", "-D", self.data, "-k", self.directory, *options],
                                 die_with=signal.SIGINT, stdout=log, stderr=log, cwd=self.directory,
                                 env={"PATH": "/usr/bin:/bin"}, **self.identity)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg2.connect(self.url("postgres")).close()
                return self
            except psycopg2.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self, sig=signal.SIGINT):
        """SIGINT: fast shutdown; SIGQUIT: at once, as after a crash."""
        if self.process is not None:
            end(self.process, sig, 30)
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database):
        return f"host={self.directory} user={USER} dbname={database}"

    def sql(self, database, statement, *values):
        """Runs one statement outside a transaction; rows or None."""
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def create_database(self, name, template="template0"):
        self.sql("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name):
        self.sql("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Replica(Cluster):
    """A streaming replica of a running cluster."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def create(self):
        self._run("pg_basebackup", "-D", self.data, "-d", self.primary.url("postgres"), "-R", "-c", "fast", "-X", "stream")
