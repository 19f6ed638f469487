"""The database goes away right after a commit: nothing that is stored may be answered with "nothing was stored"."""
import json
import threading

import psycopg2
import pytest

from fault.journal import REFUSED, Request, exchange
from fault.proxy import TO_CLIENT, TO_SERVER
from fault.stage import Stage

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
ORDER = {"ordered_at": "2026-01-10T10:00:00Z", "currency": "EUR", "total": 100}
LINES = "application/x-ndjson"
MERGE = "application/merge-patch+json"
# What derives in the background may meet the same lock at any time.
WAITING = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query !~ 'derive_'"""


class Darkness:
    """From the first commit on nothing reaches the database any more; what it has said still comes through."""

    def __init__(self):
        self.fell = threading.Event()

    def __call__(self, direction, data, link):
        if direction == TO_SERVER and self.fell.is_set():
            return None
        if direction == TO_CLIENT and COMMITTED in data:
            self.fell.set()
        return data


@pytest.fixture(scope="module")
def stage(cluster, template):
    with Stage(cluster, template, "right_after_a_commit", proxied=True, CICLO_REQUEST_TIMEOUT_MS=40000) as stage:
        exchange(stage.client(), Request("order", "POST", "/v1/customers", json.dumps({"external_id": "known"}).encode()))
        yield stage
        stage.record(acknowledged=0, lost=0, duplicates=0, crashes=0)


def _asked_in_the_dark(stage, request):
    stage.proxy.hook = darkness = Darkness()
    reply = exchange(stage.client(), request)
    assert darkness.fell.is_set(), reply
    stage.proxy.hook = None
    assert reply.outcome != REFUSED, reply
    stage.wait_ready()
    stage.wait_pool()
    stage.faults += 1
    return reply


@pytest.mark.parametrize("request_, stored", [
    (Request("update", "PATCH", "/v1/customers/external:known", b'{"name": "New"}', media_type=MERGE), "SELECT count(*) FROM customer_profiles WHERE name = 'New'"),
    (Request("order", "POST", "/v1/customers", b'{"external_id": "new"}'), "SELECT count(*) FROM customer_profiles WHERE external_id = 'new'"),
    (Request("order", "POST", "/v1/customers/external:known/identities", b'{"kind": "visitor", "value": "v"}'), "SELECT count(*) FROM customer_identities WHERE value = 'v'"),
    (Request("order", "POST", "/v1/orders", json.dumps({**ORDER, "customer": "external:known"}).encode(), {"Idempotency-Key": "k"}), "SELECT count(*) FROM orders"),
    (Request("batch", "POST", "/v1/orders/batch", json.dumps({**ORDER, "customer": "external:known"}).encode(), {"Idempotency-Key": "b"}, LINES), "SELECT count(*) - 1 FROM orders"),
], ids=["PATCH customer", "POST customer", "POST identity", "POST order", "batch"])
def test_what_is_stored_is_not_called_refused(stage, request_, stored):
    _asked_in_the_dark(stage, request_)
    assert stage.sql(stored) == [(1,)]


def test_a_batch_that_is_half_stored_is_not_called_refused(stage):
    """The first item loses a race for a new customer and has to be looked up again; the second is stored by then."""
    items = [{**ORDER, "customer": {"external_id": name}} for name in ("raced", "free")]
    request = Request("batch", "POST", "/v1/orders/batch", "\n".join(map(json.dumps, items)).encode(), {"Idempotency-Key": "half"}, LINES)
    before = stage.sql("SELECT count(*) FROM orders")[0][0]
    other = psycopg2.connect(stage.cluster.url(stage.database))
    with other.cursor() as cursor:
        cursor.execute("INSERT INTO customer_identities SELECT 'external', 'raced', customer_id FROM customer_identities WHERE value = 'known'")
    replies = []
    thread = threading.Thread(target=lambda: replies.append(_asked_in_the_dark(stage, request)))
    thread.start()
    stage.wait_sql(WAITING, [(1,)])
    other.commit()
    other.close()
    thread.join(60)
    assert replies, "see above"
    assert stage.sql("SELECT count(*) FROM orders") == [(before + 1,)]


def test_a_read_that_was_under_way_is_refused_as_soon_as_the_database_is_away(stage):
    """It goes again once, unseen; when there is nothing to go to, it does not wait for its deadline."""
    lock = psycopg2.connect(stage.cluster.url(stage.database))
    with lock.cursor() as cursor:
        cursor.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    replies = []
    thread = threading.Thread(target=lambda: replies.append(exchange(stage.client(), Request("read", "GET", "/v1/orders"))))
    thread.start()
    stage.wait_sql(WAITING, [(1,)])
    stage.proxy.hook = lambda *_: None
    stage.proxy.cut()
    thread.join(60)
    stage.proxy.hook = None
    lock.close()
    assert [(reply.status, reply.code) for reply in replies] == [(503, "database_unavailable")]
    stage.wait_ready()
