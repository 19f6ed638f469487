"""A database of an earlier release is brought up to date with what is in it, whatever happens meanwhile."""
import glob
import hashlib
import http.client
import json
import os
import signal
import subprocess

import psycopg2
import pytest

from support.client import Client
from support.process import end, spawn
from support.server import BINARY, REPOSITORY, Server, command, environment, wait_until
from support.shop import Shop

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "upgrade")
PATIENCE = 600  # seconds; a busy machine is no fault
FIRST = 5  # the migration of the first program that had facts; what it wrote for facts_0005.json is facts_0005.sql
# The first schema did not keep when an order was paid: those that were in the end count as paid when they were ordered, cancelled ones as never.
AS_UPGRADED = {"o-4": "paid", "o-20": "pending"}
WINDOWS = ("from=2025-01-01&to=2026-01-01&interval=month", "from=2025-04-01&to=2025-07-01&compare=previous_period", "from=2025-06-01&to=2026-02-01&interval=week")

LEDGER = """CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,
                                            applied_at timestamptz NOT NULL DEFAULT now())"""
CUSTOMER, ORDER, EMPTY = ("0190a0a0-0000-7000-8000-00000000000" + digit for digit in "123")
WITH_ORDER_ITEMS = f"""
INSERT INTO customers (customer_id, version, created_at, updated_at) VALUES ('{CUSTOMER}', 1, '2026-01-10', '2026-01-10');
INSERT INTO customer_profiles (customer_id) VALUES ('{CUSTOMER}');
INSERT INTO orders (customer_id, order_id, ordered_at, status, currency, discount, shipping, tax, tax_included, total, net, base_currency,
                    base_total, base_net, base_cost, base_net_with_cost, test, paid_at, created_at, updated_at)
SELECT '{CUSTOMER}', id::uuid, '2026-01-10', 'paid', 'EUR', 0, 0, 0, true, 300, 300, 'EUR', 300, 300, 0, 0, false, '2026-01-10', '2026-01-10',
       '2026-01-10' FROM unnest(ARRAY['{ORDER}', '{EMPTY}']) AS id;
INSERT INTO order_items (customer_id, order_id, line_no, sku, name, quantity, unit_price, unit_cost, discount) VALUES
    ('{CUSTOMER}', '{ORDER}', 2, NULL, 'Tea "green"', 1, 100, NULL, 0), ('{CUSTOMER}', '{ORDER}', 1, 'S', NULL, 2, 100, 40, 5)"""


def _migrated_until(cluster, name, version):
    """A database as the program made it when its newest migration was that one."""
    url = cluster.create_database(name)
    cluster.sql(name, LEDGER)
    for path in sorted(glob.glob(os.path.join(REPOSITORY, "sql", "migrations", "*.sql"))):
        with open(path, "rb") as file:
            text = file.read()
        label = os.path.basename(path)[:-len(".sql")]
        if int(label[:4]) <= version:
            cluster.sql(name, text.decode())
            cluster.sql(name, "INSERT INTO schema_migrations (version, name, sha256) VALUES (%s, %s, %s)",
                        int(label[:4]), label, hashlib.sha256(text).hexdigest())
    return url


def test_orders_keep_their_lines_and_sums_are_made_again(cluster, contract):
    url = _migrated_until(cluster, "upgraded", 12)
    try:
        cluster.sql("upgraded", WITH_ORDER_ITEMS)
        while cluster.sql("upgraded", "SELECT customers FROM derive_changed(1000, NULL)") != [(0,)]:
            pass
        assert cluster.sql("upgraded", "SELECT count(*) > 0 FROM recency WHERE grain = 'month month'") == [(True,)], "sums of an earlier kind"
        done = command("migrate", database_url=url, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        server = Server(url)
        try:
            server.wait_ready()
            client = Client(server.port, contract)
            assert client.get(f"/v1/orders/{ORDER}").json["items"] == [
                {"sku": "S", "name": None, "quantity": 2, "unit_price": 100, "unit_cost": 40, "discount": 5},
                {"sku": None, "name": 'Tea "green"', "quantity": 1, "unit_price": 100, "unit_cost": None, "discount": 0}]
            assert client.get(f"/v1/orders/{EMPTY}").json["items"] == []
            for window, orders in (("from=2026-01-01&to=2026-02-01", 2), ("from=2026-01-11&to=2026-03-01", 0), ("from=2025-01-01&to=2026-12-01", 2)):
                assert client.get(f"/v1/kpis/orders?{window}").json["value"] == orders, window
        finally:
            server.stop()
        done = command("check", database_url=url, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout
    finally:
        cluster.drop_database("upgraded")


# ---- facts of the first schema ------------------------------------------------------------------


def _calls():
    with open(os.path.join(HERE, "facts_0005.json"), encoding="utf-8") as file:
        return json.load(file)


def _send(api, wanted, statuses=None):
    """Sends all of them, some orders with another status; what came back other than it had to."""
    odd = []
    for method, path, body in _calls():
        if statuses and body.get("external_id") in statuses:
            body = {**body, "status": statuses[body["external_id"]]}
        answer = api.send(method, path, body, **({"media_type": "application/merge-patch+json"} if method == "PATCH" else {}))
        if answer.status not in wanted:
            odd.append((method, path, body, answer.status, answer.body[:300]))
    return odd


def _filled(cluster, name):
    """A database of the first schema with facts in it."""
    url = _migrated_until(cluster, name, FIRST)
    with open(os.path.join(HERE, "facts_0005.sql"), encoding="utf-8") as file:
        cluster.sql(name, file.read())
    return url


def _timeless(value):
    """Without when it was computed and in which request."""
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    return {name: _timeless(item) for name, item in value.items() if name not in ("as_of", "instance")} if isinstance(value, dict) else value


def _numbers(api):
    """Everything that is computed of 2025."""
    kpis = [entry["name"] for entry in api.get("/v1/kpis").json["items"]]
    targets = [f"/v1/kpis/{kpi}?{window}" for kpi in kpis for window in WINDOWS]
    targets += [f"/v1/lifecycle/stages?at=2025-{month:02}-28" for month in range(1, 13)]
    targets += ["/v1/dashboard?from=2025-01-01&to=2026-01-01", "/v1/cohorts?from=2025-01-01&to=2026-01-01&interval=month", "/v1/segments/rfm?at=2025-12-31",
                "/v1/nps?from=2025-01-01&to=2026-01-01&interval=quarter", "/v1/kpis/orders?from=2025-01-01&to=2026-01-01&group_by=channel",
                "/v1/kpis/net_sales?from=2025-01-01&to=2026-01-01&group_by=country", "/v1/lifecycle/transitions?from=2025-03-01&to=2025-10-01"]
    found = {}
    for target in targets:
        answer = wait_until(lambda: next((it for it in [api.send("GET", target)] if it.status != 503), None), PATIENCE, f"{target} is answered")
        found[target] = (answer.status, _timeless(answer.json))
    return found


@pytest.fixture(scope="module")
def upgraded(cluster, contract, template):
    """(a shop that was upgraded, one that got the same facts today)."""
    _filled(cluster, "first")
    done = command("migrate", database_url=cluster.url("first"), timeout=PATIENCE)
    assert done.returncode == 0 and done.stdout.count("applied") + done.stderr.count("applied") > 0, done.stderr
    shops = []
    try:
        shops.append(Shop(cluster, contract, "from_first", "first"))
        shops.append(Shop(cluster, contract, "from_today", template))
        assert _send(shops[1].api, (200, 201), AS_UPGRADED) == []
        yield shops
    finally:
        for shop in shops:
            shop.close()
        cluster.drop_database("first")


def test_every_number_is_that_of_a_shop_that_got_the_same_facts_today(upgraded):
    old, new = (_numbers(shop.api) for shop in upgraded)
    assert len([status for status, _ in new.values() if status == 200]) > 150, "the comparison has something to compare"
    assert [(target, old[target], new[target]) for target in new if old[target] != new[target]] == []


def test_facts_that_are_sent_again_after_an_upgrade_are_known(upgraded):
    old = upgraded[0]
    before = _numbers(old.api)
    assert _send(old.api, (200,)) == []
    assert _numbers(old.api) == before


def test_check_finds_an_upgraded_shop_whole(upgraded):
    for shop in upgraded:
        done = command("check", database_url=shop.url, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout


# ---- versions that do not fit -------------------------------------------------------------------


@pytest.mark.parametrize("change, says", [("DELETE FROM schema_migrations WHERE version > 5", "the schema is older than this program: run ciclo migrate"),
                                          ("INSERT INTO schema_migrations VALUES (9999, 'later', 'x')", "the schema is newer than this program")])
def test_a_schema_that_does_not_fit_is_refused_clearly(cluster, template, change, says):
    url = cluster.create_database("unfit", template)
    server = None
    try:
        cluster.sql("unfit", change)
        server = Server(url, CICLO_REQUEST_TIMEOUT_MS=600000)
        wait_until(lambda: says in server.text(), PATIENCE, server.text)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        for target in ("/readyz", "/v1/orders"):
            connection.request("GET", target)
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["code"]) == (503, "database_unavailable"), target
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        if server:
            server.stop()
        cluster.drop_database("unfit")


def test_an_older_program_does_not_migrate_a_newer_schema(cluster, template):
    url = cluster.create_database("newer", template)
    try:
        cluster.sql("newer", "INSERT INTO schema_migrations VALUES (9999, 'later', 'x')")
        done = command("migrate", database_url=url, timeout=PATIENCE)
        assert done.returncode != 0 and "the database has migration 9999; this program knows only up to" in done.stdout + done.stderr
    finally:
        cluster.drop_database("newer")


# ---- interrupted, and at once -------------------------------------------------------------------


def _migrate(url):
    return spawn([BINARY, "migrate"], env=environment(url), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_two_that_migrate_at_once_apply_each_file_once(cluster):
    url = _filled(cluster, "twice")
    try:
        both = [_migrate(url), _migrate(url)]
        said = [process.communicate(timeout=PATIENCE)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        count, newest = cluster.sql("twice", "SELECT count(*), max(version) FROM schema_migrations")[0]
        assert sorted(text.count("applied") for text in said) == [0, newest - FIRST] and count == newest
        assert command("check", database_url=url, timeout=PATIENCE).returncode == 0
    finally:
        cluster.drop_database("twice")


def _waits_for_a_lock(cluster, name):
    """The newest migration that is there, when ciclo migrate waits for a lock on a table; else None."""
    waiting = cluster.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock' AND wait_event <> 'advisory'", name)
    return cluster.sql(name, "SELECT max(version) FROM schema_migrations")[0][0] if waiting[0][0] else None


@pytest.mark.parametrize("table", ["settings", "orders", "customers", "surveys"])
def test_a_migration_that_was_killed_goes_on(cluster, table):
    """A table that somebody reads stops the first migration that changes it half way; there the process is killed."""
    name = f"killed_{table}"
    url = _filled(cluster, name)
    holder = psycopg2.connect(url)
    process = None
    try:
        holder.cursor().execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        process = _migrate(url)
        reached = wait_until(lambda: _waits_for_a_lock(cluster, name), PATIENCE, f"nothing ever changes {table}")
        end(process, signal.SIGKILL, 30)
        holder.close()
        assert cluster.sql(name, "SELECT max(version) FROM schema_migrations")[0][0] == reached, "half a migration is none"
        done = command("migrate", database_url=url, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert command("check", database_url=url, timeout=PATIENCE).returncode == 0
    finally:
        holder.close()
        if process:
            end(process, signal.SIGKILL, 30)
        cluster.drop_database(name)
