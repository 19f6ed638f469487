"""Others take all connections that PostgreSQL has; and more clients than the service has connections for."""
import time

import psycopg2
import pytest

from fault.stage import Stage, long_only, times
from support import cluster as support_cluster
from support.cluster import Cluster

OWN = "FROM pg_stat_activity WHERE application_name = 'ciclo' AND datname = current_database()"


@pytest.fixture
def narrow_cluster(monkeypatch):
    """Few connections, and none of them kept for the superuser."""
    monkeypatch.setitem(support_cluster.SETTINGS, "max_connections", "30")
    monkeypatch.setitem(support_cluster.SETTINGS, "superuser_reserved_connections", "2")
    from fault.conftest import migrate  # pylint: disable=import-outside-toplevel
    cluster = Cluster()
    try:
        migrate(cluster.start())
        cluster.sql("postgres", "CREATE ROLE shop LOGIN")
        cluster.sql("ciclo_template", "GRANT ALL ON ALL TABLES IN SCHEMA public TO shop")
        yield cluster
    finally:
        cluster.remove()


def take_all(stage, others, connect):
    """Until the service has none; it tries to come back within milliseconds, and what it held is free only a moment after its end."""
    quiet = 0
    while quiet < 3:
        stage.faults += stage.sql(f"SELECT count(pg_terminate_backend(pid)) {OWN}")[0][0]
        taken = len(others)
        try:
            while True:
                others.append(connect())
        except psycopg2.OperationalError:
            pass
        quiet = quiet + 1 if len(others) == taken and stage.sql(f"SELECT count(*) {OWN}") == [(0,)] else 0
        time.sleep(0.05)


@long_only
def test_others_take_every_connection(narrow_cluster):
    with Stage(narrow_cluster, "ciclo_template", "connections", seed=11, url=lambda stage: f"{narrow_cluster.url(stage.database)} user=shop") as stage:
        with stage.load:
            for _ in range(times(1, 6)):
                stage.load.wait_acknowledged(20)
                others = []
                take_all(stage, others, lambda: psycopg2.connect(narrow_cluster.url(stage.database) + " user=shop"))
                stage.load.wait_refused(5)
                for other in others:
                    other.close()
                stage.wait_ready()
        stage.verdict()


def test_more_clients_than_connections(cluster, template):
    """They wait for each other, and get through."""
    with Stage(cluster, template, "crowd", seed=12, clients=times(48, 100), CICLO_WRITE_CONNECTIONS=1, pause=0) as stage:
        with stage.load:
            stage.load.wait_acknowledged(times(200, 1000))
        assert not stage.load.journal.outcomes()["refused"]
        stage.verdict()
