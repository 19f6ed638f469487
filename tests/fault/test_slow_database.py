"""The database answers slowly or not at all: whoever waits is told in time, the rest goes on, and late answers reach nobody."""
import os
import random
import signal
import threading
import time

import psycopg2
import pytest

from fault.journal import Request, exchange
from fault.stage import Stage, times

HEALTH_SECONDS = 1.0  # generous, for a machine that does other things: it takes less than 1 ms


class Health:
    """Asks /healthz all the time on connections of its own; the longest answer counts."""

    def __init__(self, stage):
        self.stage, self.took, self.end = stage, [], threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join(60)

    def _ask(self):
        while not self.end.wait(0.05):
            status, took = self.stage.status("/healthz")
            self.took.append(took if status == 200 else 3600)

    def median(self):
        return sorted(self.took)[len(self.took) // 2]


@pytest.mark.parametrize("which", ["one", "all"])
def test_backends_that_stand_still(cluster, template, which):
    """SIGSTOP: sockets stay open and nothing comes. After SIGCONT they go on with what nobody waits for any more."""
    with Stage(cluster, template, f"stopped_{which}", seed=5) as stage:
        with stage.load, Health(stage) as health:
            for _ in range(times(1, 3)):
                stage.load.wait_acknowledged(40)
                pids = stage.pids("query LIKE '%%COMMIT%%'")[:1] if which == "one" else stage.pids()
                assert pids
                for pid in pids:
                    os.kill(pid, signal.SIGSTOP)
                stage.faults += len(pids)
                try:
                    if which == "one":
                        stage.load.wait_acknowledged(40)  # on the other connection, which is all that is needed
                    stage.load.wait_refused(1)
                finally:
                    for pid in pids:
                        os.kill(pid, signal.SIGCONT)
                stage.wait_ready()
        stage.figures["healthz_ms"] = round(health.median() * 1000, 1)
        assert health.median() < HEALTH_SECONDS, health.median()
        stage.verdict()


def test_a_locked_table_is_no_fault_of_the_service(cluster, template):
    """Nobody is answered 500, and nobody waits past the deadline."""
    with Stage(cluster, template, "locked_table", seed=8) as stage:
        with stage.load, Health(stage) as health:
            for _ in range(times(1, 3)):
                stage.load.wait_acknowledged(30)
                lock = psycopg2.connect(cluster.url(stage.database))
                with lock.cursor() as cursor:
                    cursor.execute("LOCK TABLE orders IN EXCLUSIVE MODE")  # reads go on
                stage.faults += 1
                stage.load.wait_refused(3)
                lock.close()
        stage.figures["healthz_ms"] = round(health.median() * 1000, 1)
        assert health.median() < HEALTH_SECONDS, health.median()
        stage.verdict()


def test_one_customer_that_is_locked_delays_no_other(cluster, template):
    """Writes that wait together share a transaction; that one of them waits for a lock is not the others' business."""
    with Stage(cluster, template, "locked_customer", seed=8, clients=2, weights={"update": 0, "batch": 0}, CICLO_REQUEST_TIMEOUT_MS=40000) as stage:
        client, path = stage.client(), "/v1/customers/external:locked"
        assert exchange(client, Request("order", "PUT", path, b"{}")).status == 201
        with stage.load:
            stage.load.wait_acknowledged(10)
            lock = psycopg2.connect(cluster.url(stage.database))
            with lock.cursor() as cursor:
                cursor.execute("SELECT customer_id FROM customer_profiles JOIN customers USING (customer_id) WHERE external_id = 'locked' FOR UPDATE OF customers")
            reply = exchange(client, Request("update", "PATCH", path, b'{"country": "DE"}', media_type="application/merge-patch+json"))
            assert reply.code == "database_unavailable" and "nothing was stored" in reply.document["detail"], reply
            stage.faults += 1
            lock.close()
            client.close()
            stage.load.wait_acknowledged(30)
        stage.verdict()


def test_a_late_answer_reaches_nobody_else(cluster, template):
    """A read stands still past its deadline; the same connection to the service then asks for something else."""
    with Stage(cluster, template, "late_answer", CICLO_REQUEST_TIMEOUT_MS=1500, weights={"kpi": 0}) as stage:
        client = stage.client()
        requests = [stage.load.order_request(random.Random(number)) for number in range(2)]
        for request in requests:
            stage.load.journal.begin(request)
        stage.load.settle()
        orders = [request.replies[-1] for request in requests]
        for number in range(times(1, 5)):
            late, asked = orders[number % 2].document, orders[1 - number % 2].document
            pids = stage.pids()
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            try:
                first = exchange(client, Request("read", "GET", f"/v1/orders/{late['id']}"))
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
            assert first.status in (503, 504), first
            stage.faults += len(pids)
            stage.wait_ready()
            answered = 0
            while answered < 20:  # a busy machine may be late for these as well
                reply = exchange(client, Request("read", "GET", f"/v1/orders/{asked['id']}"))
                assert reply.status in (503, 504) or reply.document["id"] == asked["id"], reply
                answered += reply.status == 200
            time.sleep(0.1)
        stage.record(acknowledged=2, lost=0, duplicates=0, crashes=0)
