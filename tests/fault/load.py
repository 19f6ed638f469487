"""Many concurrent clients of one shop: orders with customers, refunds, batches, updates, reads and KPIs, all in a journal.

    load = Load(lambda: shop.server.port, clients=16, seed=7)
    with load:
        ...                          # faults
    load.settle()                    # the same requests again, until each is acknowledged
    Checker(load.journal, ...).check()

Every request carries an Idempotency-Key; half of the orders and refunds have no external_id, so the key alone tells them
apart. What is read is held against what was acknowledged before it was asked for.
"""
import itertools
import json
import os
import random
import threading
import time

from fault.journal import ACKNOWLEDGED, Journal, Request, Row, exchange
from support.client import Client

CUSTOMERS = 40
FIRST, PAST, DAYS = "2026-01-01", "2026-02-01", 31  # all facts are of this window
LONG = os.environ.get("CICLO_FAULT") == "long"  # make fault; else the short form, for make test
DEADLINE_SECONDS = 8 if LONG else 3  # what the service under test is given (CICLO_REQUEST_TIMEOUT_MS)
GRACE_SECONDS = 12    # until a client calls it a hang: a busy machine
BATCH = 12
OPTIONS = {"CICLO_REQUEST_TIMEOUT_MS": DEADLINE_SECONDS * 1000, "CICLO_REPORT_TIMEOUT_MS": DEADLINE_SECONDS * 1000}
# What may be answered to what; anything else is a violation. 503 and 504 are always allowed.
ALLOWED = {"order": {200, 201, 409}, "refund": {200, 201, 409}, "batch": {200, 409}, "update": {200, 409, 412}, "read": {200}, "kpi": {200}}


class Unchecked:
    """A contract that nothing breaks: what is asked for here is checked by other tests."""

    def check(self, *_):
        pass


class Stalls:
    """How long this process itself was stopped, by the machine: no client may blame the service for that."""

    def __init__(self):
        self.stopped, self._end = 0.0, threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        last = time.monotonic()
        while not self._end.wait(0.2):
            now = time.monotonic()
            self.stopped += max(0.0, now - last - 1.2)
            last = now

    def end(self):
        self._end.set()


class Load:
    """`port`: a function, as the service may come back on another one."""

    def __init__(self, port, clients=12, seed=1, weights=None, pause=0.0):
        self.port, self.journal, self.pause = port, Journal(), pause
        self.violations, self.orders = [], []
        self.lock, self._end, self._stalls = threading.Lock(), threading.Event(), None
        self._numbers, self.prefix = itertools.count(1), f"s{seed}"
        kinds = {"order": 40, "refund": 10, "batch": 5, "update": 15, "read": 20, "kpi": 3, **(weights or {})}
        self.kinds, self.weights = list(kinds), list(kinds.values())
        self._threads = [threading.Thread(target=self._work, args=(random.Random(f"{seed}-{number}"),), daemon=True) for number in range(clients)]

    def __enter__(self):
        self._stalls = Stalls()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends when every client has its answer. Twice is no fault."""
        self._end.set()
        if not self._stalls:
            return  # never begun
        for thread in self._threads:
            thread.join(DEADLINE_SECONDS + GRACE_SECONDS + 600)  # a client gives up by itself long before
            if thread.is_alive():
                self.blame("a client never came back")
        self._stalls.end()

    def blame(self, text):
        with self.lock:
            self.violations.append(text)

    def client(self):
        client = Client(self.port(), Unchecked())
        client.connection.timeout = DEADLINE_SECONDS + GRACE_SECONDS
        return client

    def wait_acknowledged(self, more, seconds=120):
        """Until as many more rows of orders are acknowledged: faults go by what got through, not by the clock."""
        wanted, deadline = self.journal.acknowledged["orders"] + more, time.monotonic() + seconds
        while self.journal.acknowledged["orders"] < wanted:
            if time.monotonic() > deadline:
                raise AssertionError(f"not {more} more orders got through within {seconds} s: {self.violations[:3]} {self.last_replies()}")
            time.sleep(0.01)

    def wait_refused(self, more, seconds=120):
        """Until as many more requests were answered with 503 or 504."""
        def count():
            return sum(reply.status in (503, 504) for _, reply in self.journal.replies())
        wanted, deadline = count() + more, time.monotonic() + seconds
        while count() < wanted:
            if time.monotonic() > deadline:
                raise AssertionError(f"not {more} more were refused within {seconds} s: {self.last_replies()}")
            time.sleep(0.05)

    def last_replies(self):
        return [(request.kind, reply.status, reply.code, reply.error) for request, reply in list(self.journal.replies())[-5:]]

    # one client --------------------------------------------------------------------------------

    def _work(self, rng):
        client, port = self.client(), self.port()
        while not self._end.is_set():
            if port != self.port():
                client.close()
                client, port = self.client(), self.port()
            kind = rng.choices(self.kinds, self.weights)[0]
            try:
                reply = getattr(self, f"_{kind}")(client, rng)
            except Exception as error:  # pylint: disable=broad-except
                self.blame(f"{kind}: {type(error).__name__}: {error}")
                raise
            if reply is not None and reply.status not in (200, 201, 412):
                self._end.wait(0.02 + 0.05 * rng.random())  # as one who is refused would
            elif self.pause:
                self._end.wait(self.pause)
        client.close()

    def send(self, client, request, again=False):
        """Sends what the journal has, or puts it there first."""
        if not again:
            self.journal.begin(request)
        stopped = self._stalls.stopped if self._stalls else 0.0
        reply = exchange(client, request)
        self.journal.end(request, reply)
        frozen = (self._stalls.stopped if self._stalls else 0.0) - stopped
        if "imeout" in reply.error and not frozen:
            self.blame(f"{request.method} {request.path}: no answer within {DEADLINE_SECONDS + GRACE_SECONDS} s")
        if reply.status is not None and reply.status not in (503, 504) and reply.status not in ALLOWED[request.kind]:
            self.blame(f"{request.method} {request.path}: {reply.status} {json.dumps(reply.document)[:600]}")
        if reply.status in (503, 504) and not reply.code or reply.status == 503 and not (reply.retry_after or "").isdigit():
            self.blame(f"{request.method} {request.path}: {reply.status} without a problem document or Retry-After")
        return reply

    # what clients do -----------------------------------------------------------------------------

    def order_item(self, rng, named=None, customer=None):
        """(body, row) of one new order."""
        token = f"{self.prefix}-o{next(self._numbers)}"
        customer, total = customer or f"{self.prefix}-c{rng.randrange(CUSTOMERS)}", rng.randrange(1000, 100000)
        at = f"2026-01-{rng.randrange(1, DAYS + 1):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"
        body = {"customer": {"external_id": customer}, "ordered_at": at, "currency": "EUR", "items": [{"sku": token, "unit_price": total}],
                "storefront": f"store-{total % 3}"}
        external_id = token if (rng.random() < 0.5 if named is None else named) else None
        if external_id:
            body["external_id"] = external_id
        return body, Row("orders", token, {"external_id": external_id, "customer": customer, "total": total, "ordered_at": at})

    def order_request(self, rng, named=None, customer=None):
        body, row = self.order_item(rng, named, customer)
        return Request("order", "POST", "/v1/orders", json.dumps(body).encode(), {"Idempotency-Key": row.token}, rows=(row,))

    def _order(self, client, rng):
        request = self.order_request(rng)
        reply = self.send(client, request)
        if reply.outcome != ACKNOWLEDGED and rng.random() < 0.3:
            reply = self.send(client, request, again=True)
        if reply.outcome == ACKNOWLEDGED:
            self._same(request, reply, request.rows[0])
            self.orders.append((reply.document["id"], request.rows[0]))
        return reply

    def _same(self, request, reply, row):
        """The document of an order says what was sent."""
        found = {"external_id": reply.document["external_id"], "total": reply.document["total"], "ordered_at": reply.document["ordered_at"]}
        if any(found[name] != row.fields[name] for name in found) or reply.document["items"][0]["sku"] != row.token:
            self.blame(f"{request.method} {request.path}: {row} was answered with {json.dumps(reply.document)[:600]}")

    def _refund(self, client, rng):
        """Each order once, so that what is paid back is never too much; it is not read again, as its document changes."""
        with self.lock:
            if not self.orders:
                return None
            order_id, order = self.orders.pop(rng.randrange(len(self.orders)))
        token = f"{self.prefix}-r{next(self._numbers)}"
        amount = rng.randrange(1, order.fields["total"])
        body = {"amount": amount, "reason": token, "refunded_at": "2026-01-31T12:00:00Z"}
        if rng.random() < 0.5:
            body["external_id"] = token
        row = Row("refunds", token, {"external_id": body.get("external_id"), "order": order.token, "amount": amount})
        return self.send(client, Request("refund", "POST", f"/v1/orders/{order_id}/refunds", json.dumps(body).encode(), {"Idempotency-Key": token}, rows=(row,)))

    def _batch(self, client, rng):
        items = [self.order_item(rng) for _ in range(BATCH)]
        body = "\n".join(json.dumps(item) for item, _ in items).encode()
        key = f"{self.prefix}-b{next(self._numbers)}"
        request = Request("batch", "POST", "/v1/orders/batch", body, {"Idempotency-Key": key}, "application/x-ndjson", tuple(row for _, row in items))
        reply = self.send(client, request)
        if reply.status == 200:
            for item, (_, row) in zip(reply.document["results"], items):
                if item["status"] < 300:
                    self.orders.append((item["id"], row))
        return reply

    def _update(self, client, rng):
        """Of a customer's name, on the version that was read."""
        path = f"/v1/customers/external:{self.prefix}-c{rng.randrange(CUSTOMERS)}"
        read = exchange(client, Request("read", "GET", path))
        if read.status != 200:
            if read.status not in (404, 503, 504, None):
                self.blame(f"GET {path}: {read.status}")
            return read
        token, base = f"{self.prefix}-u{next(self._numbers)}", int(read.etag.strip('"').split(".")[0])
        request = Request("update", "PATCH", path, json.dumps({"name": token}).encode(), {"If-Match": read.etag}, "application/merge-patch+json", base=base)
        reply = self.send(client, request)
        # The answer is the customer as it is now, so it may show a later update; the checker looks at those.
        if reply.status == 200 and reply.document["name"] != token and reply.document["version"] == base + 1:
            self.blame(f"PATCH {path}: {token} was answered with {reply.document['name']}")
        return reply

    def _read(self, client, rng):
        """What was acknowledged is there, in the very next answer."""
        if not self.orders:
            return None
        with self.lock:
            order_id, row = rng.choice(self.orders) if self.orders else (None, None)
        if order_id is None:
            return None
        request = Request("read", "GET", f"/v1/orders/{order_id}")
        reply = self.send(client, request)
        if reply.status == 200:
            self._same(request, reply, row)
        return reply

    def _kpi(self, client, _):
        """Not less than was acknowledged before, nor more than was sent until then; and the days add up to the whole."""
        acknowledged = self.journal.acknowledged["orders"]
        reply = self.send(client, Request("kpi", "GET", f"/v1/kpis/orders?from={FIRST}&to={PAST}&interval=day"))
        sent = self.journal.sent["orders"]
        if reply.status == 200:
            value = reply.document["value"]
            if not acknowledged <= value <= sent:
                self.blame(f"KPI orders is {value}: {acknowledged} were acknowledged before it was asked for, {sent} sent until it was answered")
            if sum(point["value"] for point in reply.document["series"]) != value:
                self.blame(f"the days of KPI orders do not add up to {value}")
        return reply

    # afterwards ----------------------------------------------------------------------------------

    def settle(self, seconds=60):
        """Sends every request that made rows and was not acknowledged again, under its own key, until it is."""
        client, deadline, tries = self.client(), time.monotonic() + seconds, 0
        for request in self.journal.unsettled():
            while any(outcome != ACKNOWLEDGED for outcome in request.outcomes()):
                reply = self.send(client, request, again=True)
                tries += reply.outcome != ACKNOWLEDGED
                if time.monotonic() > deadline and tries > 50:  # after both: the machine may have stood still
                    raise AssertionError(f"not settled within {seconds} s: {request.method} {request.path}: {reply}")
                if reply.outcome != ACKNOWLEDGED:
                    time.sleep(0.05)
        client.close()
