"""The disk is full: first that of the data, then that of the write-ahead log. tmpfs stands for the disk; only root can mount it."""
import contextlib
import os
import shutil
import signal
import subprocess

import psycopg2
import pytest

from fault.conftest import migrate
from fault.stage import Stage, start_again, times
from support import cluster as support_cluster
from support.cluster import Cluster

MIB = 1 << 20


@contextlib.contextmanager
def small_disk(path, mib, owner):
    """A tmpfs at `path` that belongs to the server's user."""
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        os.chown(path, owner.st_uid, owner.st_gid)
        os.chmod(path, 0o700)
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def fill(path):
    """Takes what is left, to the last page."""
    filler = os.path.join(path, "filler")
    with open(filler, "wb", buffering=0) as file:
        for piece in (MIB, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(piece))
    return filler


@pytest.fixture
def empty_cluster(monkeypatch):
    monkeypatch.setitem(support_cluster.SETTINGS, "max_wal_size", "32MB")
    monkeypatch.setitem(support_cluster.SETTINGS, "min_wal_size", "32MB")
    cluster = Cluster()
    yield cluster
    cluster.remove()


def test_no_room_for_data(empty_cluster):
    cluster = empty_cluster.start()
    with small_disk(os.path.join(cluster.directory, "small"), 96, os.stat(cluster.directory)) as disk:
        migrate(cluster)
        cluster.sql("postgres", f"CREATE TABLESPACE small LOCATION '{disk}'")
        cluster.sql("postgres", "ALTER DATABASE ciclo_template SET TABLESPACE small")
        with Stage(cluster, "ciclo_template", "disk_data", seed=17) as stage:
            with stage.load:
                for _ in range(times(1, 5)):
                    stage.load.wait_acknowledged(30)
                    filler = fill(disk)
                    stage.faults += 1
                    stage.load.wait_refused(20)
                    assert stage.status("/healthz")[0] == 200
                    os.remove(filler)
                    stage.load.wait_acknowledged(10)
            stage.verdict()
        cluster.stop()


def test_no_room_for_the_log(empty_cluster):
    """PostgreSQL gives up (PANIC), and cannot start until there is room."""
    cluster, log = empty_cluster, os.path.join(empty_cluster.data, "pg_wal")
    shutil.move(log, log + ".was")
    with small_disk(log, 128, os.stat(cluster.directory)):
        subprocess.run(["cp", "-a", f"{log}.was/.", log], check=True)
        migrate(cluster.start())
        with Stage(cluster, "ciclo_template", "disk_log", seed=18) as stage:
            with stage.load:
                for _ in range(times(1, 3)):
                    stage.load.wait_acknowledged(30)
                    filler = fill(log)
                    stage.faults += 1
                    with contextlib.suppress(psycopg2.Error, AssertionError):
                        for _ in range(20):  # until there is no segment left that could be used again
                            stage.load.wait_acknowledged(1, seconds=10)
                            stage.sql("SELECT pg_switch_wal()")
                    stage.load.wait_refused(20)
                    assert stage.status("/healthz")[0] == 200
                    os.remove(filler)
                    cluster.stop(signal.SIGQUIT)
                    start_again(cluster)
                    stage.wait_ready()
            stage.verdict()
        cluster.stop()
