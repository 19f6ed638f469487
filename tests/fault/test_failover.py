"""The primary is lost and a standby takes over. With synchronous_standby_names nothing acknowledged is lost; without it, what the
standby had not received yet is lost, as PostgreSQL says: that is not tested here."""
import os
import signal
import socket

import pytest

from fault.journal import ACKNOWLEDGED
from fault.stage import Stage, times
from support.cluster import Replica
from support.server import wait_until

SYNCHRONOUS = "SELECT sync_state FROM pg_stat_replication"


class Pair:
    """A primary with a synchronous standby; after fail_over() the standby is the primary, and has a new one."""

    def __init__(self, primary):
        self.primary, self.made = primary, []
        self.standby = self._standby()

    def _standby(self):
        standby = Replica(self.primary)
        self.made.append(standby)
        standby.start()
        self.primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.sql("postgres", "SELECT pg_reload_conf()")
        wait_until(lambda: self.primary.sql("postgres", SYNCHRONOUS) == [("sync",)], 60, "a synchronous standby")
        return standby

    def fail_over(self):
        self.primary.stop(signal.SIGKILL)
        self.standby.sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names")
        self.standby.sql("postgres", "SELECT pg_reload_conf()")
        self.standby.sql("postgres", "SELECT pg_promote(true, 60)")
        self.primary = self.standby

    def remove(self):
        for cluster in reversed(self.made):
            cluster.remove()


@pytest.fixture
def pair(own_cluster):
    pair = Pair(own_cluster)
    yield pair
    pair.remove()


def _url(*clusters, extra=""):
    return lambda stage: f"host={','.join(cluster if isinstance(cluster, str) else cluster.directory for cluster in clusters)} user=ciclo dbname={stage.database} target_session_attrs=read-write{extra}"


def test_a_standby_takes_over(pair):
    with Stage(pair.primary, "ciclo_template", "failover", seed=13, url=_url(pair.primary, pair.standby)) as stage:
        with stage.load:
            stage.load.wait_acknowledged(times(60, 500))
            pair.fail_over()
            stage.faults += 1
            stage.cluster = pair.primary
            stage.figures["ready_again_seconds"] = round(stage.wait_ready(), 2)
            stage.load.wait_acknowledged(20)
        stage.verdict()


def test_a_commit_that_is_not_on_the_standby_is_not_acknowledged(pair):
    """Somebody cancels the wait for the standby: PostgreSQL commits here and says so in a warning; the primary may be lost next."""
    with Stage(pair.primary, "ciclo_template", "cancelled_wait", seed=14, url=_url(pair.primary, pair.standby)) as stage:
        receiver, = pair.standby.sql("postgres", "SELECT pid FROM pg_stat_wal_receiver")
        os.kill(receiver[0], signal.SIGSTOP)
        try:
            with stage.load:
                for _ in range(times(3, 20)):
                    wait_until(lambda: stage.pids("wait_event = 'SyncRep'"), 60, "a commit that waits for the standby")
                    for pid in stage.pids("wait_event = 'SyncRep'"):
                        stage.sql("SELECT pg_cancel_backend(%s)", pid)
                        stage.faults += 1
            # Who asks again finds it here, as everybody does: that is how PostgreSQL has it, and no wait that was cut short.
            first = [reply for request, _ in stage.load.journal.requests for reply in request.replies[:1] if request.rows]
            assert first and not [reply for reply in first if reply.outcome == ACKNOWLEDGED]
        finally:
            os.kill(receiver[0], signal.SIGCONT)
        stage.verdict()


def test_a_first_host_that_is_silent_does_not_hide_the_second(cluster, template):
    """A host that takes connections and never says a word, as one behind a dead balancer, or that is switched off."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as silent:
        port = silent.getsockname()[1]
        with Stage(cluster, template, "silent_host", seed=16, url=_url("127.0.0.1", cluster.directory, extra=f" port={port},5432")) as stage:
            with stage.load:
                stage.load.wait_acknowledged(30)
            stage.faults += 1
            stage.verdict(restarted=True)
