"""Clients that reset, vanish, drip, or send far too much: honest ones are served meanwhile, and afterwards nothing is left of the others."""
import contextlib
import json
import socket
import struct
import threading
import time

import psycopg2
import pytest

from fault.checker import BACKENDS, descriptors
from fault.stage import times
from support.raw import Raw
from support.server import MEASURED, wait_until

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: close() sends RST
LIMIT = 64
OWN = 4  # connections of the honest
OF_A_WORKER = 8  # connections to the database: 2 write, 1 read, 2 report, 1 bulk, 2 derive
# What malloc keeps for itself: a run in which 64 connections were open at once may leave so much more than before.
MEMORY_KIB = 8192


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


@pytest.fixture(scope="module")
def hasty(shops):
    """Two seconds for a header, a body, an answer to be taken."""
    opened = shops(CICLO_CONNECTION_LIMIT=LIMIT, CICLO_HEADER_TIMEOUT_MS=2000, CICLO_BODY_TIMEOUT_MS=2000, CICLO_IDLE_TIMEOUT_S=2,
                   **MEASURED)
    yield opened
    opened.close()


@pytest.fixture
def baseline(hasty):
    """Descriptors, memory and connections to the database are what they were, and everybody is served."""
    pid = hasty.server.process.pid
    hasty.api.get("/v1/orders")
    hasty.api.close()
    wait_until(lambda: hasty.sql(BACKENDS)[0][0] == OF_A_WORKER, 60, "all connections to the database")
    wait_until(lambda: not _clients(hasty), 20, "no clients")
    before, memory = descriptors(pid), memory_kib(pid)
    yield
    wait_until(lambda: descriptors(pid) <= before, 30, lambda: f"{before} descriptors, but there are {descriptors(pid)}")
    assert hasty.sql(BACKENDS)[0][0] == OF_A_WORKER
    assert memory_kib(pid) - memory < MEMORY_KIB, f"{memory} KiB became {memory_kib(pid)}"
    assert hasty.server.alive()
    hasty.api.get("/readyz")


def _clients(shop):
    """Established connections of the service's port, on its side."""
    port = f":{shop.server.port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as file:
        return [line for line in file if line.split()[1].endswith(port) and line.split()[3] == "01"]


def _order(name, pad=b""):
    body = json.dumps({"external_id": name, "customer": {"external_id": "c"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-10T10:00:00Z"}).encode() + pad
    return b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _reset(raw):
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    raw.socket.close()


def _names(shop):
    return [name for name, in shop.sql("SELECT external_id FROM orders")]


# clients that go -----------------------------------------------------------------------------------

@pytest.mark.parametrize("part", [0.1, 0.5, 0.99], ids=["in the header", "in the body", "at the last byte"])
def test_what_was_not_sent_whole_when_the_client_reset_is_not_there(hasty, baseline, part):
    for number in range(times(60, 500)):
        whole = _order(f"reset-{part}-{number}")
        _reset(Raw(hasty.server.port, whole[:int(len(whole) * part)]))
    assert not [name for name in _names(hasty) if name.startswith(f"reset-{part}")]


@pytest.mark.parametrize("how", ["reset", "closed", "half-closed"])
def test_who_goes_while_the_answer_is_made_leaves_all_or_nothing(hasty, baseline, how):
    lock = psycopg2.connect(hasty.url)
    lock.cursor().execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    waiting = [Raw(hasty.server.port, _order(f"{how}-{number}")) for number in range(30)]
    try:
        wait_until(lambda: hasty.sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")[0][0], 20, "they wait")
        for raw in waiting:
            if how == "half-closed":
                raw.socket.shutdown(socket.SHUT_WR)
            else:
                (_reset if how == "reset" else lambda raw: raw.socket.close())(raw)
    finally:
        lock.close()
    if how == "half-closed":
        # Who will send no more may be taken for one who has gone; whoever is answered has the right answer.
        assert all(status == 201 for raw in waiting for status, _, _ in raw.read(seconds=20))
    for raw in waiting:
        raw.socket.close()
    wait_until(lambda: not _clients(hasty), 20, "gone")
    names = [name for name in _names(hasty) if name.startswith(how)]
    assert len(names) == len(set(names)) <= 30


def test_who_goes_in_the_middle_of_a_large_answer_leaves_nothing(hasty, baseline):
    for _ in range(times(20, 200)):
        raw = Raw(hasty.server.port, LARGE * 10)
        raw.socket.recv(1000)
        _reset(raw)


def test_half_open_clients_are_let_go(hasty, baseline):
    """They never send a byte, or no more; nobody tells the service that they have gone."""
    silent = [Raw(hasty.server.port, data) for data in (b"", HEALTH[:10], HEALTH, _order("half open")[:-5]) for _ in range(8)]
    try:
        wait_until(lambda: not _clients(hasty), 30, "the service ends all of them")
    finally:
        for raw in silent:
            raw.socket.close()


# clients that are slow -------------------------------------------------------------------------------

SLOW = {"headers": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ", "bodies": _order("slow", b" " * 5000)[:300],
        "chunked bodies": b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"}


class _Honest:
    """Asks all the time; `slowest` is how long the slowest answer took."""

    def __init__(self, shop):
        self.client, self.end, self.slowest, self.count, self.wrong = shop.client(), threading.Event(), 0.0, 0, []
        self.thread = threading.Thread(target=self._ask)

    def _ask(self):
        while not self.end.wait(0.01):
            begin = time.monotonic()
            try:
                self.client.get("/v1/orders?limit=1")
            except Exception as error:  # pylint: disable=broad-except
                self.wrong.append(repr(error))
                return
            self.slowest, self.count = max(self.slowest, time.monotonic() - begin), self.count + 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join(60)
        self.client.close()


@pytest.mark.parametrize("what", SLOW)
def test_clients_that_drip_end_at_their_deadline_while_honest_ones_are_served(hasty, baseline, what):
    dripping = []
    with _Honest(hasty) as honest:
        wait_until(lambda: honest.count, 20, "the honest client is there")
        for _ in range(times(1, 4)):
            begin, seen = time.monotonic(), honest.count
            dripping = [Raw(hasty.server.port, SLOW[what]) for _ in range(LIMIT - OWN)]
            while time.monotonic() - begin < 30 and not all(raw.closed for raw in dripping):
                for raw in dripping:
                    if not raw.closed:
                        raw.send(b"1")
                        raw.read(10**6, seconds=0.001)
            took = time.monotonic() - begin
            for raw in dripping:
                raw.socket.close()
            assert all(raw.closed for raw in dripping), "a byte now and then must not keep a connection"
            assert honest.count > seen or honest.wrong, "an honest client is answered meanwhile"
            assert took > 1.5 and {status for raw in dripping for status, _, _ in raw.answers()} <= {408}
    assert not honest.wrong, honest.wrong


def test_clients_that_read_a_byte_a_second_are_let_go_while_honest_ones_are_served(hasty, baseline):
    slow = []
    with _Honest(hasty) as honest:
        for _ in range(LIMIT - OWN):
            raw = Raw(hasty.server.port)
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.socket.settimeout(1)
            raw.send(LARGE * 40)  # more than the kernel keeps for them
            slow.append(raw)
        wait_until(lambda: len(_clients(hasty)) > 10, 20, "they are there")
        seen = honest.count

        def read_a_byte():
            for raw in slow:
                try:
                    raw.socket.recv(1)
                except OSError:
                    pass
            time.sleep(0.5)
            return len(_clients(hasty)) <= OWN
        try:
            wait_until(read_a_byte, 60, lambda: f"let go, but {len(_clients(hasty))} are there")
        finally:
            for raw in slow:
                raw.socket.close()
        assert honest.count > seen or honest.wrong, "an honest client is answered meanwhile"
    assert not honest.wrong, honest.wrong


# too much --------------------------------------------------------------------------------------------

CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"
HEAD = b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
TOO_MUCH = {
    "a long body": (HEAD + b"Content-Length: 1200000\r\n\r\n" + b" " * 1200000, {413}),
    "a body of gigabytes": (HEAD + b"Content-Length: 8000000000\r\n\r\n" + b" " * 65536, {413}),
    "a long chunked body": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 20 + b"0\r\n\r\n", {413}),
    "chunks without an end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 200, {413, None}),
    "one chunk of gigabytes": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nf0000000\r\n" + b" " * 9_000_000, {413, None}),
    "a long header": (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40000 + b"\r\n\r\n", {431, 400, None}),
    "many header fields": (b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(20000)) + b"\r\n", {431, 400, None}),
    "a long target": (b"GET /v1/orders/external:" + b"y" * 40000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {414, 431, None}),
    "a hundred thousand arguments": (b"GET /v1/orders?" + b"&".join(b"a%d=1" % number for number in range(100000)) + b" HTTP/1.1\r\nHost: a\r\n\r\n", {414, 431, None}),
    "arguments that just fit": (b"GET /v1/orders?" + b"&".join(b"a" for _ in range(4000)) + b" HTTP/1.1\r\nHost: a\r\n\r\n", {400, 408, 414, None}),
    "a long method": (b"G" * 40000 + b" /healthz HTTP/1.1\r\nHost: a\r\n\r\n", {400, 414, 431, 501, None}),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much_of_anything_is_refused_in_flat_memory(hasty, baseline, what):
    data, statuses = TOO_MUCH[what]
    for _ in range(1 if statuses & {408} else times(8, 100)):  # what is let go at its deadline takes two seconds
        with Raw(hasty.server.port) as raw:
            sender = threading.Thread(target=raw.send, args=(data,))  # an answer may come before all is sent
            sender.start()
            answers = raw.read(seconds=20)
            with contextlib.suppress(OSError):
                raw.socket.shutdown(socket.SHUT_RDWR)
            sender.join()
            assert (answers[0][0] if answers else None) in statuses, answers[:1]
