"""A shop of its own: a database made from the migrated template, and a server on it."""
import contextlib
import itertools
import os

import psycopg2

from support.client import Client, to_json
from support.server import Server

NDJSON = "application/x-ndjson"


class Shop:
    """Server, client and database of one isolated shop, with shorthands for facts and KPIs."""

    def __init__(self, cluster, contract, database, template, *, settings=None, key=None, **extra):
        self.cluster, self.contract, self.database = cluster, contract, database
        self.url = cluster.create_database(database, template)
        self.extra, self.key = extra, key
        self.server = None
        self.clients = []
        self.numbers = itertools.count(1)
        try:
            self.start()
            if settings:
                self.api.put("/v1/settings", settings, 200)
        except BaseException:
            if self.server:
                self.server.kill()
            raise

    def start(self):
        self.server = Server(self.url, **self.extra)
        self.server.wait_ready()
        self.api = self.client()

    def client(self, **options):
        """Another connection, for a thread or for another API key."""
        options.setdefault("key", self.key)
        self.clients.append(Client(self.server.port, self.contract, **options))
        return self.clients[-1]

    def close(self):
        for client in self.clients:
            client.close()
        try:
            self.server.stop()
        finally:
            self.cluster.drop_database(self.database)

    def sql(self, statement, *values):
        return self.cluster.sql(self.database, statement, *values)

    @contextlib.contextmanager
    def nobody_derives(self):
        """A cursor of the session that alone may derive meanwhile."""
        connection = psycopg2.connect(self.url)
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT pg_advisory_lock(426835799152), pg_advisory_lock(426835799154)")
            connection.commit()
            yield cursor
        finally:
            connection.close()

    # facts ---------------------------------------------------------------------------------------

    def order(self, customer, at, total, status=201, **fields):
        """An order without lines unless `items` is given; currency EUR unless said."""
        body = {"customer": customer, "ordered_at": at, "currency": "EUR", **fields}
        if total is not None:
            body["total"] = total
        return self.api.post("/v1/orders", body, status).json

    def customer(self, external_id=None, status=201, **fields):
        return self.api.post("/v1/customers", {"external_id": external_id or f"c{next(self.numbers)}", **fields}, status).json

    def refund(self, order, amount, at, status=201, **fields):
        return self.api.post(f"/v1/orders/{order}/refunds", {"amount": amount, "refunded_at": at, **fields}, status).json

    def link(self, customer, person):
        """Says in the database that two customer rows (ids) are one person, which is the second."""
        self.sql("INSERT INTO customer_links (customer_id, linked_to, identity, linked_at) VALUES (%s, %s, repeat('0', 64), now())", customer, person)
        self.sql("INSERT INTO customer_persons (customer_id, person_id) VALUES (%s, %s)", customer, person)
        self.sql("INSERT INTO changed_customers (customer_id) VALUES (%s), (%s)", customer, person)

    def batch(self, collection, items, chunk=5000, ndjson=True):
        """Sends many; the counters of all answers, summed. Every item must be taken."""
        total = {"created": 0, "unchanged": 0}
        for start in range(0, len(items), chunk):
            part = items[start:start + chunk]
            if ndjson:
                body, media_type = "\n".join(map(to_json, part)).encode(), NDJSON
            else:
                body, media_type = to_json(part).encode(), "application/json"
            answer = self.api.post(f"{collection}/batch", body, 200, media_type=media_type).json
            assert answer["failed"] == 0, [line for line in answer["results"] if "problem" in line][:3]
            assert [line["index"] for line in answer["results"]] == list(range(len(part)))
            total["created"] += answer["created"]
            total["unchanged"] += answer["unchanged"]
        return total

    # answers -------------------------------------------------------------------------------------

    def kpi(self, name, start=None, end=None, status=200, **query):
        window = {key: value for key, value in (("from", start), ("to", end)) if value is not None}
        return self.api.get(f"/v1/kpis/{name}", status, query={**window, **query}).json

    def value(self, name, start=None, end=None, **query):
        return self.kpi(name, start, end, **query)["value"]


def data_directory():
    """Third-party test data, kept outside the repository."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "data")
    return os.path.normpath(os.environ.get("CICLO_TEST_DATA", beside))
