"""What a soak does beside the load of tests/fault: other facts, reports, bad input, and clients and servers that fail."""
import itertools
import json
import random
import signal
import socket
import struct
import threading
import time

from fault.load import Unchecked
from fault.stage import start_again
from support.client import Client

AT = "2026-01-10T10:00:00Z"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: close() sends RST
LATER = {503, 504}
# method, path, body, what may be answered; %s is a number that comes once. None of them makes an order.
OTHERS = [
    ("POST", "/v1/touchpoints", {"external_id": "t-%s", "kind": "visit", "visitor": "v-%s", "at": AT, "channel": "search"}, {201}),
    ("PUT", "/v1/carts/cart-%s", {"visitor": "v-%s", "updated_at": AT, "currency": "EUR", "value": 100}, {200, 201}),
    ("POST", "/v1/spend", {"external_id": "s-%s", "date": "2026-01-10", "amount": 5, "currency": "EUR", "category": "advertising"}, {201}),
    ("POST", "/v1/surveys/external:nps/responses", {"external_id": "a-%s", "score": 9, "comment": "fine %s"}, {201}),
    ("POST", "/v1/customers", {"external_id": "c-%s", "email": "c-%s@example.com", "name": "C %s"}, {201}),
    ("POST", "/v1/customers/batch", [{"external_id": "b-%s-1"}, {"external_id": "b-%s-2"}, {"external_id": ""}], {200}),
    ("GET", "/v1/customers?limit=50", None, {200}),
    ("GET", "/v1/orders?limit=50", None, {200}),
    ("GET", "/v1/dashboard?from=2026-01-01&to=2026-02-01", None, {200}),
    ("GET", "/v1/kpis/net_sales?from=2026-01-01&to=2026-02-01&group_by=channel", None, {200}),
    ("GET", "/v1/nps?from=2026-01-01&to=2026-02-01", None, {200}),
    ("GET", "/v1/segments/rfm", None, {200}),
    ("GET", "/v1/lifecycle/stages?at=2026-02-01", None, {200}),
    ("GET", "/openapi.json", None, {200}),
]
BAD = [
    ("POST", "/v1/orders", b'{"currency": "euro", "items": [{"quantity": 0}], "colour": "red"}', {422}),
    ("POST", "/v1/orders", b'{"customer": ', {400}),
    ("POST", "/v1/orders", b"[" * 5000, {400}),
    ("POST", "/v1/orders", b"\xff\xfe\x00", {400}),
    ("POST", "/v1/orders", b" " * 3_000_000, {413, None}),
    ("GET", "/v1/customers?limit=0&colour=red", None, {400}),
    ("GET", "/v1/orders/external:%00", None, {400}),
    ("GET", "/v1/nowhere", None, {404}),
    ("DELETE", "/v1/orders", None, {405}),
    ("BREW", "/v1/orders", None, {501}),
]


class Mischief:
    """`stage`: of tests/fault. What it finds wrong goes to the violations of the load."""

    def __init__(self, stage, every, seed):
        self.stage, self.every, self.random = stage, every, random.Random(seed)
        self.end, self.numbers, self.bad = threading.Event(), itertools.count(1), 0
        self.threads = [threading.Thread(target=self._guarded, args=(self._others,), daemon=True)]

    def __enter__(self):
        client = Client(self.stage.server.port, Unchecked())
        client.post("/v1/surveys", {"external_id": "nps", "kind": "nps", "name": "NPS"})
        client.close()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        for thread in self.threads:
            thread.join(120)

    def _guarded(self, part):
        try:
            part()
        except Exception as error:  # pylint: disable=broad-except
            self.stage.load.blame(f"{part.__name__}: {type(error).__name__}: {error}")

    def _others(self):
        """Other facts and reports, and now and then what is no request at all."""
        while not self.end.wait(0.05):
            bad = self.random.random() < 0.3
            method, path, body, allowed = self.random.choice(BAD if bad else OTHERS)
            number = str(next(self.numbers))
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).replace("%s", number).encode()
            client = Client(self.stage.server.port, Unchecked())
            try:
                status = client.send(method, path.replace("%s", number), body).status
            except Exception:  # pylint: disable=broad-except
                status = None
            client.close()
            self.bad += bad
            if status not in allowed | LATER:
                self.stage.load.blame(f"{method} {path}: {status}")

    def break_things(self, seconds):
        """A fault now and then, for so long. In the thread of the caller: PostgreSQL ends with the thread that has started it."""
        parts = [self.kill_backends] * 3 + [self.reset] * 3 + [self.drip, self.vanish]
        end, number = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0 and self.stage.server.alive():
            time.sleep(min(self.every, left))
            number += 1
            (self.restart if number % 20 == 10 else self.random.choice(parts))()
            self.stage.faults += 1

    def kill_backends(self):
        self.stage.cluster.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND random() < 0.4", self.stage.database)

    def restart(self):
        self.stage.cluster.stop(signal.SIGINT)
        start_again(self.stage.cluster)

    def _open(self, data):
        connection = socket.create_connection(("127.0.0.1", self.stage.server.port), timeout=10)
        connection.sendall(data)
        return connection

    def reset(self):
        """In the header, in the body, while it is answered."""
        whole = b'POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{"name":"gone, I am not"}'
        for _ in range(20):
            connection = self._open(whole[:self.random.randrange(1, len(whole))])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()

    def drip(self):
        """A header that takes longer than it may."""
        connections = [self._open(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ") for _ in range(10)]
        for _ in range(15):
            if self.end.wait(0.2):
                break
            for connection in connections:
                try:
                    connection.send(b"y")
                except OSError:
                    pass
        for connection in connections:
            connection.close()

    def vanish(self):
        """Asks for much, and reads none of it."""
        connection = self._open(b"GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n" * 50)
        self.end.wait(1)
        connection.close()
