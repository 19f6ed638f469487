"""What the system does to the process: signals, interrupted calls, no descriptors, a clock that steps, the end while clients wait."""
import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import threading
import time

import psycopg2
import pytest

from fault.checker import descriptors
from support import faults
from support.raw import Raw
from support.server import wait_until

ORDER = {"customer": {"external_id": "c"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-10T10:00:00Z"}
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
TGKILL = 234  # x86-64
_syscall = ctypes.CDLL(None, use_errno=True).syscall


@pytest.fixture
def page():
    page = faults.Faults()
    yield page
    page.close()


def _events(shop, event):
    return [line for line in list(shop.server.lines) if f'"event":"{event}"' in line]


# signals -----------------------------------------------------------------------------------------

def test_signals_that_are_no_order_to_stop_change_nothing(shop):
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGHUP):
        shop.server.process.send_signal(number)
        time.sleep(0.05)
        shop.api.get("/healthz")
    shop.api.post("/v1/orders", {**ORDER, "external_id": "after signals"})


def test_calls_that_are_interrupted_all_the_time_do_their_work(new_shop, page):
    if os.uname().machine != "x86_64":
        pytest.skip("the number of tgkill is that of x86-64")
    shop, end, sent = new_shop(**page.environment), threading.Event(), []
    pid = shop.server.process.pid

    def storm():
        while not end.is_set():
            for thread in os.listdir(f"/proc/{pid}/task"):
                _syscall(TGKILL, pid, int(thread), signal.SIGUSR1)
                sent.append(thread)
            time.sleep(0.0005)
    thread = threading.Thread(target=storm)
    thread.start()
    try:
        for number in range(150):
            shop.api.post("/v1/orders", {**ORDER, "external_id": f"interrupted-{number}"})
            shop.api.get(f"/v1/orders/external:interrupted-{number}")
        shop.api.get("/v1/dashboard")
    finally:
        end.set()
        thread.join()
    assert len(sent) > 300 and shop.sql("SELECT count(*) FROM orders")[0][0] == 150


def test_a_process_that_is_stopped_and_goes_on_keeps_its_clients(new_shop):
    shop, answers = new_shop(), []
    client = shop.client()
    thread = threading.Thread(target=lambda: answers.extend(client.post("/v1/orders", {**ORDER, "external_id": f"stopped-{n}"}).status for n in range(100)))
    thread.start()
    for _ in range(20):
        shop.server.process.send_signal(signal.SIGSTOP)
        time.sleep(0.01)
        shop.server.process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
    thread.join(60)
    assert answers == [201] * 100


# connections -------------------------------------------------------------------------------------

@contextlib.contextmanager
def _connections(port, count, data=b""):
    opened = [Raw(port, data) for _ in range(count)]
    try:
        yield opened
    finally:
        for raw in opened:
            raw.socket.close()


def _answered(port, seconds=20):
    with Raw(port, HEALTH) as raw:
        answers = raw.read(seconds=seconds)
        return bool(answers) and answers[0][0] == 200


def test_without_descriptors_the_idle_make_room_and_it_is_said_once(new_shop):
    shop = new_shop()
    pid = shop.server.process.pid
    shop.api.close()
    before = descriptors(pid)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (before + 30, before + 30))
    for _ in range(3):
        with _connections(shop.server.port, 100, HEALTH) as opened:
            assert all(raw.read(seconds=30) and raw.answers()[0][0] == 200 for raw in opened), "whoever asks is answered, one after the other"
    wait_until(lambda: descriptors(pid) <= before, 20, lambda: f"{before} descriptors, but there are {descriptors(pid)}")
    assert _answered(shop.server.port)
    shop.api.post("/v1/orders", {**ORDER, "external_id": "after"})
    assert len(_events(shop, "connections_full")) == 1


def test_whoever_comes_when_all_connections_are_taken_takes_the_place_of_an_idle_one(new_shop):
    shop = new_shop(CICLO_CONNECTION_LIMIT=16)
    shop.api.close()
    with _connections(shop.server.port, 16, HEALTH) as idle:
        assert all(raw.read(seconds=20) for raw in idle)
        for _ in range(5):
            assert _answered(shop.server.port, 10)
        assert sum(not raw.ends(0.05) for raw in idle) >= 8, "no more of them than needed"
    assert len(_events(shop, "connections_full")) == 1


def test_when_as_many_connections_as_may_be_end_at_once_the_next_one_is_heard(new_shop):
    shop = new_shop(CICLO_CONNECTION_LIMIT=16)
    pid = shop.server.process.pid
    shop.api.close()
    for _ in range(3):
        before = descriptors(pid)
        with _connections(shop.server.port, 16, HEALTH[:20]):  # under way, so that none of them is idle
            wait_until(lambda: descriptors(pid) >= before + 15, 20, "accepted")
            shop.server.process.send_signal(signal.SIGSTOP)  # it sees all of them end in one turn
        shop.server.process.send_signal(signal.SIGCONT)
        assert _answered(shop.server.port)


# the end -----------------------------------------------------------------------------------------

def test_it_ends_in_time_with_clients_in_every_state_while_the_database_hangs(new_shop):
    shop = new_shop(CICLO_DRAIN_TIMEOUT_MS=1500)
    lock = psycopg2.connect(shop.url)
    lock.cursor().execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    body = json.dumps(ORDER).encode()
    order = b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    port = shop.server.port
    try:
        with _connections(port, 100, order) as waiting, _connections(port, 20, order[:-5]), _connections(port, 20, order[:40]), \
                _connections(port, 10, b"GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n" * 30), _connections(port, 5, HEALTH) as idle:
            wait_until(lambda: shop.sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")[0][0],
                       20, "orders wait for the lock")
            assert idle[0].read()[0][0] == 200
            begin = time.monotonic()
            shop.server.terminate()
            wait_until(lambda: _not_ready(idle[0]), 10, "it says that it is not ready, or closes")
            wait_until(lambda: _refused(port), 10, "new connections are refused")
            code = shop.server.wait(60)
            assert code is not None and code >= 0, f"ended by {code}"
            assert code != 0, "not all was answered"
            assert time.monotonic() - begin < 30, "a second and a half, on a busy machine"
            statuses = {status for raw in waiting for status, _, _ in raw.read(seconds=5)}
            assert statuses <= {503, 504}, statuses
            assert all(raw.closed or raw.ends(5) for raw in waiting)
    finally:
        lock.close()
        shop.server.kill()
        shop.start()
    # A group that waited for the lock when it ended may or may not have been committed; all others are not there.
    assert shop.sql("SELECT count(*) FROM orders")[0][0] <= 2 * 32


def _not_ready(raw):
    asked = len(raw.answers())
    raw.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
    return raw.closed or [status for status, _, _ in raw.read(asked + 1)][asked:] in ([503], [])


def _refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


# the clock ---------------------------------------------------------------------------------------

def _negative(document, name=""):
    """Numbers below 0 whose name says that they are a time."""
    if isinstance(document, dict):
        return [found for key, value in document.items() for found in _negative(value, key)]
    if isinstance(document, list):
        return [found for value in document for found in _negative(value, name)]
    is_time = any(word in name for word in ("days", "age", "seconds", "recency", "since", "duration"))
    return [(name, document)] if is_time and isinstance(document, (int, float)) and document < 0 else []


def test_a_wall_clock_that_steps_confuses_nothing(new_shop, page):
    shop = new_shop(CICLO_HEADER_TIMEOUT_MS=3000, **page.environment)
    ids, now = [], {name: value for name, value in ORDER.items() if name != "ordered_at"}
    with Raw(shop.server.port, b"GET /healthz HTTP/1.1\r\n") as slow, Raw(shop.server.port, HEALTH) as idle:
        assert idle.read()
        begin = time.monotonic()
        for step in (0, 3600, -3600, 0, -3600, 3600, 0):
            page.step_clock(step)
            for number in range(20):
                ids.append(shop.api.post("/v1/orders", {**now, "external_id": f"step-{len(ids)}", "customer": {"external_id": f"c{number}"}}).json["id"])
            first = shop.api.post("/v1/campaigns", {"name": "stepped"}, headers={"Idempotency-Key": f"key-{len(ids)}"})
            for other in (3600, -3600, 0):
                page.step_clock(other)
                assert shop.api.post("/v1/campaigns", {"name": "stepped"}, headers={"Idempotency-Key": f"key-{len(ids)}"}).json == first.json
            for path in ("/v1/dashboard", "/v1/segments/rfm", "/v1/customers/external:c1/value", "/v1/customers/external:c1", "/v1/customers/external:c1/timeline",
                         "/v1/lifecycle/stages", "/v1/nps", "/v1/cohorts"):
                answer = shop.api.get(path).json
                assert not _negative(answer), (step, path, _negative(answer))
        idle.send(HEALTH)
        assert len(idle.read(2)) == 2, "an idle connection has its time"
        assert slow.ends(20) and time.monotonic() - begin > 2, "a slow one has its own, and no more"
    assert ids == sorted(ids) and len(set(ids)) == len(ids), "ids go up whatever the clock does"


def test_a_key_of_a_clock_that_was_behind_lasts_a_day(new_shop, page):
    shop = new_shop(**page.environment)
    page.step_clock(-3600)
    first = shop.api.post("/v1/orders", ORDER, headers={"Idempotency-Key": "behind"}).json
    page.step_clock(0)
    shop.sql("UPDATE idempotency_keys SET created_at = created_at - interval '23 hours 30 minutes'")
    again = shop.api.post("/v1/orders", ORDER, headers={"Idempotency-Key": "behind"})
    assert again.json == first and again.headers["Idempotent-Replayed"] == "true"
