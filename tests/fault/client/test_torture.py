"""The n-th call of malloc, recv, send, accept or epoll fails, for one n after the other, in requests of every kind (as curl tests itself).

The service stays; an answer is the right one, or 503, or there is none and the connection is closed; what was acknowledged is
there, whole; and the same request once more brings the right answer. CICLO_FAULT=long takes every n, else some.
"""
import errno
import http.client
import itertools
import os
import re

import pytest

from support import faults
from support.client import to_json
from support.server import command, wait_until

LONG = os.environ.get("CICLO_FAULT") == "long"
CALLS_MAX = 5000  # more than any request here makes
CLIENT_SECONDS = 10
SAMPLES = 8        # of the short form, for each kind of request
AT = "2026-01-10T10:00:00Z"
# Ids, instants, versions and tags differ between two answers that are the same.
VARIES = re.compile(r'"(?:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}|20\d\d-\d\d-\d\dT[^"]*)"|"version":\d+|urn:ciclo[^"]*')
ORDER = {"external_id": "order-%s", "customer": {"external_id": "who-%s", "email": "who-%s@example.com", "name": "Who %s"}, "ordered_at": AT, "currency": "EUR",
         "channel": "search", "items": [{"sku": "A", "quantity": 2, "unit_price": 100, "unit_cost": 60}, {"sku": "B", "quantity": 1, "unit_price": 50}], "shipping": 5}
KNOWN = {"customer": "external:known", "ordered_at": AT, "currency": "EUR", "total": 100}
numbers = itertools.count(100000)


class Ask:
    """One kind of request; %s is the number of the attempt. `read`: where what it wrote is found again."""

    def __init__(self, method, path, body=None, statuses=(200,), read=None, **fields):
        self.method, self.path, self.statuses, self.read = method, path, statuses, read
        self.body = body if body is None or isinstance(body, str) else to_json(body)
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}
        if body is not None:
            self.fields.setdefault("Content-Type", "application/json")

    def send(self, port, number):
        """(status, names of the header fields, body without what varies) over a connection of its own; None: no answer."""
        fill = lambda text: text.replace("%s", str(number)) if text else text  # noqa: E731
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CLIENT_SECONDS)
        try:
            connection.request(self.method, fill(self.path), fill(self.body), {name: fill(value) for name, value in self.fields.items()})
            response = connection.getresponse()
            body = response.read().decode()
        except (http.client.HTTPException, ConnectionError):
            return None
        except TimeoutError:
            return "no answer and no end"
        finally:
            connection.close()
        names = {name.lower() for name in response.headers} - {"date", "connection", "idempotent-replayed"}
        return response.status, names, VARIES.sub("~", body).replace(str(number), "%s")


ASKS = {
    "order": Ask("POST", "/v1/orders", ORDER, (201, 200), "/v1/orders/external:order-%s"),
    "order under a key": Ask("POST", "/v1/orders", {**KNOWN, "channel": "k-%s"}, (201,), Idempotency_Key="key-%s"),
    "batch": Ask("POST", "/v1/orders/batch", "\n".join(to_json({**ORDER, "external_id": f"batch-%s-{n}"}) for n in range(3)), read="/v1/orders/external:batch-%s-2",
                 Content_Type="application/x-ndjson"),
    "customer": Ask("POST", "/v1/customers", {"external_id": "customer-%s", "email": "c-%s@example.com", "name": "C %s", "attributes": {"a": 1}}, (201, 200),
                    "/v1/customers/external:customer-%s"),
    "change": Ask("PATCH", "/v1/customers/external:known", {"name": "name %s"}, read="/v1/customers/external:known", Content_Type="application/merge-patch+json"),
    "cart": Ask("PUT", "/v1/carts/cart-%s", {"customer": "external:known", "updated_at": AT, "currency": "EUR", "value": 100}, (200, 201), "/v1/carts/cart-%s"),
    "touchpoint": Ask("POST", "/v1/touchpoints", {"external_id": "touch-%s", "kind": "visit", "visitor": "v-%s", "at": AT}, (201, 200)),
    "refund": Ask("POST", "/v1/orders/external:big/refunds", {"external_id": "refund-%s", "amount": 1}, (201, 200)),
    "cancel": Ask("POST", "/v1/orders/external:cancelled/cancel", {}, Idempotency_Key="cancel-%s"),
    "read": Ask("GET", "/v1/orders/external:big"),
    "list": Ask("GET", "/v1/campaigns?limit=3"),
    "kpi": Ask("GET", "/v1/kpis/net_sales?from=2025-01-01&to=2025-02-01&group_by=channel"),
    "dashboard": Ask("GET", "/v1/dashboard?from=2025-01-01&to=2025-02-01"),
    "csv": Ask("GET", "/v1/nps?from=2025-01-01&to=2025-04-01&interval=month", Accept="text/csv"),
    "stages": Ask("GET", "/v1/lifecycle/stages?at=2025-01-01"),
    "export": Ask("GET", "/v1/customers/external:quiet/export"),
    "timeline": Ask("GET", "/v1/customers/external:quiet/timeline"),
    "bad": Ask("POST", "/v1/orders", {"currency": "x", "items": [{"quantity": 0}], "colour": "red"}, (422,)),
    "nowhere": Ask("GET", "/v1/nowhere", statuses=(404,)),
    "health": Ask("GET", "/healthz"),
}
# What else than memory fails, in which requests, and how.
CALLS = {"recv": (faults.RECV, (errno.ECONNRESET,)), "send": (faults.SEND, (errno.EPIPE, errno.ECONNRESET)),
         "epoll_wait": (faults.EPOLL_WAIT, (errno.EINTR,)), "epoll_ctl": (faults.EPOLL_CTL, (errno.ENOMEM, errno.ENOSPC)),
         "accept": (faults.ACCEPT, (errno.ECONNABORTED, errno.EINTR, errno.EMFILE)), "socket": (faults.SOCKET, (errno.EMFILE,))}


@pytest.fixture(scope="module")
def page():
    page = faults.Faults()
    yield page
    page.close()


@pytest.fixture(scope="module")
def frail(shops, page):
    """A shop whose server obeys the page. What derives in the background makes calls as well, so that n is not always the same call."""
    shop = shops(**page.environment)
    for name in ("known", "quiet"):
        shop.customer(name, email=f"{name}@example.com")
    for name in ("big", "cancelled"):
        shop.order("external:known", AT, 10_000_000, external_id=name)
    yield shop
    page.disarm()
    done = command("check", database_url=shop.url, timeout=300)
    shop.close()
    assert done.returncode == 0, done.stdout + done.stderr


def _settled(shop, ask, number):
    """The answer without faults, as soon as the database is there again."""
    def settled():
        assert shop.server.alive(), f"the server died:\n{shop.server.text()[-2000:]}"
        answer = ask.send(shop.server.port, number)
        return answer if answer and answer[0] != 503 else None
    return wait_until(settled, 60, "answered again")


def _torture(shop, page, ask, kinds, nths, error=errno.ENOMEM):
    """Returns what went wrong: (n, what)."""
    reread = Ask("GET", ask.read) if ask.read else None
    wrong, beyond = [], 0
    _settled(shop, ask, next(numbers))
    first = next(numbers)
    expected = _settled(shop, ask, first)
    assert expected[0] in ask.statuses, expected
    stored = reread and _settled(shop, reread, first)
    for nth in nths:
        number = next(numbers)
        page.arm(kinds, nth, error=error)
        answer = ask.send(shop.server.port, number)
        beyond = 0 if page.disarm() else beyond + 1
        if answer and answer[0] != 503 and answer != expected:
            wrong.append((nth, answer))
        again = _settled(shop, ask, number)
        if again[0] not in ask.statuses:
            wrong.append((nth, "again", again))
        if reread and (here := _settled(shop, reread, number)) != stored:
            wrong.append((nth, "stored", here))
        if beyond == 3:  # this request makes fewer calls
            break
    return wrong


def _some(first, most):
    """Every n, or some: closer together where requests are short, and never the same for two kinds of request."""
    if LONG:
        return range(1, CALLS_MAX)
    return [first + round(most * (step / SAMPLES) ** 2) for step in range(SAMPLES)]


@pytest.mark.parametrize("name", ASKS)
def test_memory_runs_out(frail, page, name):
    assert not _torture(frail, page, ASKS[name], faults.MEMORY, _some(3 + list(ASKS).index(name) % 7, 350))


@pytest.mark.parametrize("name", CALLS)
def test_a_call_of_the_system_fails(frail, page, name):
    kinds, errors = CALLS[name]
    for error in errors:
        for ask in ("order", "read", "health"):
            assert not _torture(frail, page, ASKS[ask], kinds, range(1, 40 if LONG else 5), error), (ask, errno.errorcode[error])
