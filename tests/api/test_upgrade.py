"""A database of an earlier release is brought up to date with what is in it."""
import glob
import hashlib
import os

from support.client import Client
from support.server import REPOSITORY, Server, command

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
        done = command("migrate", database_url=url)
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
        done = command("check", database_url=url)
        assert done.returncode == 0, done.stdout
    finally:
        cluster.drop_database("upgraded")
