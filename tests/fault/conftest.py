"""Tests of faults are bounded: one that hangs fails by itself."""
import signal

import pytest

from fault.stage import LONG
from support.cluster import Cluster
from support.server import command

SECONDS = 900 if LONG else 240  # a busy machine; each takes a tenth of it on a free one


@pytest.fixture(autouse=True)
def bounded():
    def late(*_):
        raise TimeoutError(f"the test took more than {SECONDS} s")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def own_cluster():
    """A PostgreSQL that a test may break, with a migrated template in it."""
    cluster = Cluster()
    try:
        cluster.start()
        migrate(cluster)
        yield cluster
    finally:
        cluster.remove()


def migrate(cluster, name="ciclo_template"):
    done = command("migrate", database_url=cluster.create_database(name))
    assert done.returncode == 0, done.stderr
    return name
