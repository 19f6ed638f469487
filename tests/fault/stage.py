"""A shop under load whose parts can fail: cluster, service, a proxy between them, clients, and in the end the verdict.

    with Stage(cluster, template, "name", seed=3) as stage:
        with stage.load:
            stage.load.wait_acknowledged(50)
            stage.server.kill(); stage.start()
            stage.faults += 1
        stage.verdict()
"""
import http.client
import itertools
import json
import os
import time

import psycopg2
import pytest

from fault.checker import Checker, descriptors
from fault.load import LONG, OPTIONS, Load, Unchecked
from fault.proxy import Proxy
from support.client import Client
from support.server import Server, wait_until

LANES = {"CICLO_WRITE_CONNECTIONS": 2, "CICLO_READ_CONNECTIONS": 1, "CICLO_REPORT_CONNECTIONS": 2}  # of a worker, and 1 bulk, 2 derive
RECOVERS_SECONDS = 120  # generous; what it took is among the figures


_numbers = itertools.count(1)


def times(short, long):
    """How often, by form."""
    return long if LONG else short


long_only = pytest.mark.skipif(not LONG, reason="takes long: make fault")


def start_again(cluster):
    """After kill -9 of the postmaster its processes need a moment to go."""
    def started():
        try:
            return cluster.start()
        except psycopg2.OperationalError:
            return None
    return wait_until(started, RECOVERS_SECONDS, "PostgreSQL again")


class Stage:
    """`proxied`: the service reaches its database through `proxy`. `url`: the service's own way to the database."""

    def __init__(self, cluster, template, name, *, seed=1, proxied=False, url=None, clients=8, weights=None, pause=0.002, **extra):
        self.cluster, self.database, self.name = cluster, f"fault_{name}_{next(_numbers)}", name
        self.began, self.faults, self.figures = time.monotonic(), 0, {}
        self.backends = extra.get("CICLO_WORKERS", 1) * (3 + sum(extra.get(name, count) for name, count in LANES.items()))
        self.extra = {**OPTIONS, **extra}
        direct = cluster.create_database(self.database, template)
        self.proxy = Proxy(os.path.join(cluster.directory, ".s.PGSQL.5432")) if proxied else None
        self.url = url(self) if url else direct if not proxied else f"host=127.0.0.1 port={self.proxy.port} user=ciclo dbname={self.database}"
        self.server, self.before = None, None
        self.load = Load(lambda: self.server.port, clients=clients, seed=seed, weights=weights, pause=pause)

    def __enter__(self):
        self.start()
        self.wait_pool()
        wait_until(lambda: self.server.text().count('"db_connected"') >= self.backends, RECOVERS_SECONDS, "all connections are set up")
        self.before = descriptors(self.server.process.pid)
        return self

    def __exit__(self, failure, *_):
        self.load.stop()
        if failure:  # pytest shows it
            print("\n".join(line for line in self.server.lines if '"warn"' in line or '"error"' in line)[-8000:])
        if self.proxy:
            self.proxy.close()
        self.server.kill()

    # the service -----------------------------------------------------------------------------------

    def start(self):
        """Seconds until it was ready. On the port that it had, as behind a balancer."""
        begin = time.monotonic()
        listen = {"CICLO_LISTEN": f"127.0.0.1:{self.server.port}"} if self.server else {}
        self.server = Server(self.url, **{**self.extra, **listen})
        self.wait_ready()
        return time.monotonic() - begin

    def pids(self, condition="true"):
        """Backends of the service."""
        return [pid for pid, in self.sql(f"SELECT pid FROM pg_stat_activity WHERE application_name = 'ciclo' AND datname = current_database() AND {condition}")]

    def client(self):
        return Client(self.server.port, Unchecked())

    def status(self, path):
        """Of a request on a connection of its own, and the seconds that it took."""
        begin, connection = time.monotonic(), http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=RECOVERS_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status, time.monotonic() - begin
        finally:
            connection.close()

    def wait_ready(self):
        """Seconds until it is; by itself, without a restart."""
        begin = time.monotonic()
        wait_until(lambda: self.status("/readyz")[0] == 200, RECOVERS_SECONDS, "ready again")
        return time.monotonic() - begin

    def wait_pool(self):
        """Until every connection of every lane is there."""
        wait_until(lambda: len(self.pids()) == self.backends, RECOVERS_SECONDS, lambda: f"all connections: {len(self.pids())}")

    # the database ----------------------------------------------------------------------------------

    def sql(self, statement, *values):
        return self.cluster.sql(self.database, statement, *values)

    def wait_sql(self, statement, rows):
        wait_until(lambda: self.sql(statement) == rows, RECOVERS_SECONDS, lambda: f"{statement}: {rows}, but it is {self.sql(statement)}")

    # the end ---------------------------------------------------------------------------------------

    def verdict(self, restarted=False, leaks=True):
        """Stops the load, and holds journal, database and service against each other: A to E."""
        self.load.stop()
        assert self.server.alive(), f"the service crashed:\n{self.server.text()[-4000:]}"
        self.wait_ready()
        if leaks:
            self.wait_pool()  # no backend that was left behind commits after this
        checker = Checker(self.load.journal, self.sql)
        outcomes = self.load.journal.outcomes()
        checker.rows().updates()
        self.load.settle()
        client = self.client()
        checker.settled(client, self.cluster.url(self.database))
        client.close()
        if leaks:
            checker.leaks(self.server.process.pid, self.backends, None if restarted else self.before)
        figures = {"acknowledged": outcomes["acknowledged"], "unknown": outcomes["unknown"], "refused": outcomes["refused"],
                   "lost": checker.lost, "duplicates": checker.duplicates, "crashes": 0}
        checker.done(self.load)
        self.server.stop()
        self.record(**figures)

    def record(self, **figures):
        """A line for the table of figures; see figures.py."""
        path = os.environ.get("CICLO_FAULT_FIGURES")
        line = {"test": self.name, "faults": self.faults, **figures, **self.figures, "seconds": round(time.monotonic() - self.began, 1)}
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        else:
            print(line)
