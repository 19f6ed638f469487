"""SIGTERM drains: readiness fails first, what is in flight is answered, then exit 0."""
import http.client
import threading
import time

import psycopg2
import pytest

from support.server import wait_until

ORDER = {"customer": {"external_id": "c"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-10T10:00:00Z"}


class _Locked:
    """Holds a lock that makes every order wait inside PostgreSQL."""

    def __init__(self, shop):
        self.connection = psycopg2.connect(shop.url)
        self.connection.cursor().execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")

    def release(self):
        self.connection.close()


def _waiting(shop):
    return shop.sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")[0][0]


def test_a_request_in_flight_is_answered_before_the_end(new_shop):
    shop, answers = new_shop(), []
    lock, idle, client = _Locked(shop), shop.client(), shop.client()
    idle.get("/readyz")
    thread = threading.Thread(target=lambda: answers.append(client.post("/v1/orders", {**ORDER, "external_id": "in flight"}, (201, 503))))
    thread.start()
    wait_until(lambda: _waiting(shop), 10, "the order waits for the lock")
    shop.server.terminate()
    try:
        assert wait_until(lambda: idle.send("GET", "/readyz").status == 503, 5, "readiness fails while it drains")
    except (http.client.RemoteDisconnected, ConnectionError):
        pass  # idle connections may be closed
    with pytest.raises(ConnectionError):
        wait_until(lambda: shop.client().send("GET", "/healthz") and False, 5, "new connections are refused")
    assert shop.server.alive()
    lock.release()
    thread.join(20)
    assert shop.server.wait(20) == 0
    assert answers and answers[0].status == 201
    assert shop.sql("SELECT count(*) FROM orders WHERE external_id = 'in flight'")[0][0] == 1
    shop.start()


def test_it_ends_in_time_even_when_the_database_hangs(new_shop):
    shop, answers = new_shop(CICLO_DRAIN_TIMEOUT_MS=1000), []
    lock, client = _Locked(shop), shop.client()

    def post():
        try:
            answers.append(client.send("POST", "/v1/orders", ORDER).status)
        except (http.client.HTTPException, ConnectionError):
            answers.append(None)
    thread = threading.Thread(target=post)
    thread.start()
    wait_until(lambda: _waiting(shop), 10, "the order waits for the lock")
    begin = time.monotonic()
    shop.server.terminate()
    code = shop.server.wait(15)
    assert code is not None and time.monotonic() - begin < 10 and code >= 0, "no crash, and in time"
    thread.join(10)
    lock.release()
    assert answers in ([503], [504], [None])
    shop.start()


def test_nothing_acknowledged_is_lost_and_nothing_breaks_under_load(new_shop):
    shop = new_shop()
    acknowledged, broken, stop = [], [], threading.Event()

    def write(worker):
        client, number = shop.client(), 0
        while not stop.is_set():
            number += 1
            name = f"{worker}-{number}"
            try:
                answer = client.send("POST", "/v1/orders", {**ORDER, "external_id": name, "customer": {"external_id": f"c{worker}"}})
            except (ConnectionError, http.client.RemoteDisconnected):
                return  # it went away between two requests
            except Exception as error:  # a half answer, or one that breaks the contract
                broken.append(repr(error))
                return
            if answer.status == 201:
                acknowledged.append(name)
            elif answer.status != 503:
                broken.append(answer.status)
    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged) > 16 or broken, 30, "orders come in")
    shop.server.terminate()
    code = shop.server.wait(20)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert code == 0 and not broken and len(acknowledged) > 16
    stored = {name for name, in shop.sql("SELECT external_id FROM orders")}
    assert set(acknowledged) <= stored and len(stored) == shop.sql("SELECT count(*) FROM orders")[0][0]
    shop.start()


def test_a_second_sigterm_ends_it_at_once(new_shop):
    shop = new_shop()
    lock, client = _Locked(shop), shop.client()

    def post():
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            client.send("POST", "/v1/orders", ORDER)
    thread = threading.Thread(target=post)
    thread.start()
    wait_until(lambda: _waiting(shop), 10, "the order waits for the lock")
    shop.server.terminate()
    assert shop.server.wait(0.5) is None, "the first one waits for the order"
    shop.server.terminate()
    assert shop.server.wait(2) is not None
    thread.join(10)
    lock.release()
    shop.start()
