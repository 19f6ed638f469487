"""The database comes and goes; the service stays, says 503, loses nothing, and recovers by itself."""
import http.client
import signal
import threading
import time

import psycopg2
import pytest

from support.client import Client
from support.cluster import Cluster
from support.server import Server, command, wait_until

ORDER = {"customer": {"external_id": "c"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-10T10:00:00Z"}


@pytest.fixture
def own_cluster():
    """A PostgreSQL of its own, migrated, and stopped."""
    cluster = Cluster()
    try:
        cluster.start()
        done = command("migrate", database_url=cluster.create_database("shop"))
        assert done.returncode == 0, done.stderr
        cluster.stop()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def server(own_cluster):
    server = Server(own_cluster.url("shop"))
    yield server
    server.stop()


def _refused(client, method, path, body=None):
    answer = client.send(method, path, body)
    assert (answer.status, answer.code) == (503, "database_unavailable"), (method, path, answer.status)
    assert int(answer.headers["Retry-After"]) >= 1


def test_it_starts_before_the_database_and_finds_it_by_itself(own_cluster, server, contract):
    client = Client(server.port, contract)
    client.get("/healthz")
    client.get("/openapi.yaml")
    assert client.send("GET", "/readyz").status == 503
    for method, path, body in (("POST", "/v1/orders", ORDER), ("GET", "/v1/orders", None), ("GET", "/v1/kpis/orders", None), ("PUT", "/v1/settings", {}),
                               ("POST", "/v1/orders/batch", [ORDER]), ("GET", "/v1/customers/external:c", None), ("GET", "/v1/dashboard", None)):
        _refused(client, method, path, body)
    own_cluster.start()
    wait_until(lambda: client.send("GET", "/readyz").status == 200, 15, "ready again")
    made = client.post("/v1/orders", {**ORDER, "external_id": "after"}).json
    for sig in (signal.SIGINT, signal.SIGQUIT):
        own_cluster.stop(sig)
        wait_until(lambda: client.send("GET", "/readyz").status == 503, 10, "not ready")
        client.get("/healthz")
        _refused(client, "POST", "/v1/orders", ORDER)
        _refused(client, "GET", f"/v1/orders/{made['id']}")
        own_cluster.start()
        wait_until(lambda: client.send("GET", "/readyz").status == 200, 15, "ready again")
        assert client.get("/v1/orders/external:after").json == made


def test_a_process_is_ready_when_all_its_workers_are(own_cluster, contract):
    own_cluster.start()
    too_few, all_of_them = 2 * 5 - 1, 2 * 6  # two workers with five lanes; the one that derives has two connections
    for statement in (f"CREATE ROLE narrow LOGIN CONNECTION LIMIT {too_few}", "GRANT ALL ON ALL TABLES IN SCHEMA public TO narrow"):
        own_cluster.sql("shop", statement)
    one_each = dict.fromkeys(("CICLO_WRITE_CONNECTIONS", "CICLO_READ_CONNECTIONS", "CICLO_REPORT_CONNECTIONS"), 1)
    server = Server(own_cluster.url("shop") + " user=narrow", CICLO_WORKERS=2, **one_each)
    try:
        def connected():
            return own_cluster.sql("shop", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'narrow'")[0][0]
        wait_until(lambda: connected() == too_few and server.text().count('"db_connected"') >= too_few, 15, "as many are connected as may")
        answers = {Client(server.port, contract).send("GET", "/readyz").status for _ in range(30)}
        assert answers == {503}, "whichever worker is asked"
        own_cluster.sql("shop", f"ALTER ROLE narrow CONNECTION LIMIT {all_of_them}")
        wait_until(lambda: Client(server.port, contract).send("GET", "/readyz").status == 200, 15, "ready")
    finally:
        server.stop()


def test_a_database_without_the_schema_is_not_ready(cluster, contract):
    server = Server(cluster.create_database("no_schema"))
    try:
        client = Client(server.port, contract)
        assert client.send("GET", "/readyz").status == 503
        assert client.send("GET", "/v1/orders").status == 503
        assert command("migrate", database_url=cluster.url("no_schema")).returncode == 0
        wait_until(lambda: client.send("GET", "/readyz").status == 200, 15, "ready once it is migrated")
    finally:
        server.stop()
        cluster.drop_database("no_schema")


def test_migrating_twice_changes_nothing(cluster):
    url = cluster.create_database("migrated_twice")
    try:
        assert [command("migrate", database_url=url).returncode for _ in range(2)] == [0, 0]
    finally:
        cluster.drop_database("migrated_twice")


def _write(shop, worker, stop, acknowledged, sent, wrong):
    """Keeps writing orders, sends each until it is acknowledged, and notes everything that is neither 2xx nor 503."""
    client, number = shop.client(), 0
    while not stop.is_set():
        number += 1
        body = {**ORDER, "external_id": f"{worker}-{number}", "customer": {"external_id": f"c{worker}"}}
        sent.append(body["external_id"])
        for _ in range(200):
            try:
                answer = client.send("POST", "/v1/orders", body)
            except (http.client.HTTPException, ConnectionError, AssertionError) as error:
                wrong.append(repr(error))
                return
            if answer.status in (200, 201):
                acknowledged.append(answer.json["id"])
                break
            if answer.status != 503:
                wrong.append((answer.status, answer.body))
            time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_while_backends_die_under_load_every_answer_is_2xx_or_503_and_every_2xx_is_kept(new_shop, workers):
    shop = new_shop(CICLO_WORKERS=workers)
    acknowledged, sent, wrong, stop = [], [], [], threading.Event()
    threads = [threading.Thread(target=_write, args=(shop, worker, stop, acknowledged, sent, wrong)) for worker in range(12)]
    for thread in threads:
        thread.start()
    for _ in range(12):
        before = len(acknowledged)
        shop.cluster.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", shop.database)
        wait_until(lambda: wrong or len(acknowledged) > before + 3, 60, "writes get through again")
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not wrong, wrong[:3]
    rows = [(str(order), name) for order, name in shop.sql("SELECT order_id, external_id FROM orders")]
    assert set(acknowledged) <= {order for order, _ in rows}
    assert len({name for _, name in rows}) == len(rows) and {name for _, name in rows} <= set(sent), "each once, and nothing else"
    wait_until(lambda: shop.client().send("GET", "/readyz").status == 200, 10, "ready again")
    assert shop.value("orders", "2026-01-10", "2026-01-11") == len(rows)


def test_a_slow_report_delays_no_order(new_shop):
    shop = new_shop()
    lock = psycopg2.connect(shop.url)
    lock.cursor().execute("LOCK TABLE survey_responses IN ACCESS EXCLUSIVE MODE")
    try:
        client = shop.client()
        thread = threading.Thread(target=lambda: client.send("GET", "/v1/nps"))
        thread.start()
        time.sleep(0.3)
        begin = time.monotonic()
        shop.api.post("/v1/orders", ORDER)
        shop.api.get("/healthz")
        assert time.monotonic() - begin < 2
    finally:
        lock.close()
    thread.join(30)
    assert not thread.is_alive()
