"""No log says what was sent: marked secrets in every place that a request has, then a search of both logs.

PostgreSQL is told to log all that it can, as somebody who looks for a fault would; what keeps secrets out then are the settings
of the database in docker/roles.sql.
"""
import itertools
import json
import os
import re
import subprocess

import psycopg2
import pytest

from support.contract import Contract, parse_json
from support.client import Client
from support.raw import Raw
from support.server import REPOSITORY, Server, command, wait_until

CLUSTER = os.path.join(REPOSITORY, "docker", "cluster.sh")
MARK = "s3cr3t"
_numbers = itertools.count(1)


def secret():
    """A new one each time, so that a find says where it came from."""
    return f"{MARK}{next(_numbers):03}x"


class Place:
    """A cluster as `make run` has it, and a service on it that logs everything."""

    def __init__(self, directory):
        self.directory = directory
        subprocess.run([CLUSTER, "start", directory], check=True, timeout=300)
        done = command("migrate", database_url=self.url("url-owner"))
        assert done.returncode == 0, done.stdout + done.stderr
        self.admin("ALTER SYSTEM SET log_statement = 'all'", "ALTER SYSTEM SET log_min_duration_statement = 0",
                   "ALTER SYSTEM SET log_min_messages = 'debug1'", "ALTER SYSTEM SET log_error_verbosity = 'verbose'",
                   "SELECT pg_reload_conf()",
                   # What fails with the row or the key in its DETAIL, and as a fault of the service's own.
                   "CREATE UNIQUE INDEX ON customer_profiles (name)",
                   "ALTER TABLE customer_profiles ADD CHECK (name NOT LIKE '% refused')",
                   "CREATE INDEX ON customer_profiles ((1 / CASE WHEN name LIKE '% broken' THEN 0 ELSE 1 END))")
        self.server = Server(self.url("url"), CICLO_LOG_LEVEL="debug")
        self.server.wait_ready()
        self.contract = Contract()

    def url(self, which):
        return subprocess.run([CLUSTER, which, self.directory], check=True, capture_output=True, text=True).stdout.strip()

    def admin(self, *statements):
        connection = psycopg2.connect(self.url("url-admin"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    def client(self, key=None):
        return Client(self.server.port, self.contract, key=key)

    def raw(self, *lines, body=b""):
        with Raw(self.server.port, "\r\n".join([*lines, "", ""]).encode() + body) as raw:
            return raw.read(1, 10)

    def database_log(self):
        with open(os.path.join(os.path.realpath(os.path.join(self.directory, "pg")), "server.log"), encoding="utf-8", errors="replace") as file:
            return file.read()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("logs"))
    os.chmod(os.path.dirname(directory), 0o755)
    opened = Place(directory)
    yield opened
    opened.server.stop()
    subprocess.run([CLUSTER, "drop", directory], check=True, timeout=300)


def _person(**fields):
    return {"external_id": secret(), "email": f"{secret()}@example.com", "name": secret(), "phone": secret(), "attributes": {secret(): secret()}, **fields}


def _order(**fields):
    return {"external_id": secret(), "customer": _person(), "currency": "EUR", "ordered_at": "2026-01-01T00:00:00Z", "campaign": secret(), "channel": secret(),
            "items": [{"sku": secret(), "name": secret(), "unit_price": 5}], **fields}


def _good(place, client):
    order = _order()
    client.post("/v1/orders", order, headers={"Idempotency-Key": secret()})
    client.get(f"/v1/customers/email:{order['customer']['email']}", headers={"If-None-Match": f'"{secret()}"', "User-Agent": secret(), "Cookie": secret()})
    client.get("/v1/customers", query={"email": order["customer"]["email"]})
    lines = "\n".join(json.dumps(_order()) for _ in range(5)).encode()
    client.post("/v1/orders/batch", lines, 200, media_type="application/x-ndjson", headers={"Idempotency-Key": secret()})
    client.post(f"/v1/orders/external:{order['external_id']}/refunds", {"amount": 1, "refunded_at": "2026-01-02T00:00:00Z", "reason": secret()})
    client.get(f"/v1/customers/external:{order['customer']['external_id']}/export")
    client.delete(f"/v1/customers/external:{order['customer']['external_id']}")
    client.get("/v1/kpis/orders", query={"from": "2026-01-01", "to": "2026-02-01"})


def _bad(place, client):
    client.send("GET", f"/v1/{secret()}")
    client.send("GET", f"/v1/customers/email:{secret()}@example.com")
    client.send("GET", "/v1/orders", query={secret(): secret()})
    client.send("GET", "/v1/orders", query={"cursor": secret(), "limit": secret()})
    client.send("GET", f"/v1/customers/external:{secret()}%00")
    client.send("POST", "/v1/orders", b'{"' + secret().encode())
    client.send("POST", "/v1/orders", _order(total=secret(), **{secret(): 1}))
    client.send("POST", "/v1/orders", secret().encode(), media_type=f"text/{secret()}")
    client.send("POST", "/v1/orders/batch", f'{{"external_id": "{secret()}", \n{secret()}'.encode(), media_type="application/x-ndjson")
    client.send("GET", "/v1/orders", headers={"Accept": secret(), "Origin": f"http://{secret()}"})
    client.send("PATCH", f"/v1/customers/external:{secret()}", {"name": secret()}, headers={"If-Match": f'"{secret()}"'})
    first, second = _order(), _order()
    client.post("/v1/orders", first)
    assert client.send("POST", "/v1/orders", {**second, "external_id": first["external_id"]}).status == 409
    second["customer"] = {**second["customer"], "external_id": first["customer"]["external_id"]}
    client.send("POST", "/v1/orders", second)
    client.send("POST", "/v1/customers", {**_person(), "email": first["customer"]["email"]})


def _statements_that_fail(place, client):
    name = secret()
    client.post("/v1/customers", {"external_id": secret(), "email": f"{secret()}@example.com", "name": name})
    assert client.send("POST", "/v1/customers", {"external_id": secret(), "email": f"{secret()}@example.com", "name": name}).status == 409
    assert client.send("POST", "/v1/customers", {"external_id": secret(), "name": f"{secret()} refused"}).status == 422
    assert client.send("POST", "/v1/customers", {"external_id": secret(), "name": f"{secret()} broken"}).status == 500


def _raw_bytes(place):
    for lines in ([f"GET /{secret()} HTTP/1.1"], [f"{secret().upper()} /v1/orders HTTP/1.1", "Host: a"], [f"GET /v1/{secret()} {secret()} HTTP/1.1", "Host: a"],
                  ["GET /v1/orders HTTP/1.1", f"Host: {secret()}", f"X-{secret()} : {secret()}"], ["GET /v1/orders HTTP/1.1", "Host: a", f"X-Request-Id: {secret()} {secret()}"],
                  ["POST /v1/orders HTTP/1.1", "Host: a", f"Content-Length: {secret()}"], ["GET /v1/orders HTTP/1.1", "Host: a", f"Transfer-Encoding: {secret()}"],
                  [f"{secret()}"], [f"GET /{secret()}{'a' * 20000} HTTP/1.1", "Host: a"], ["GET / HTTP/1.1", "Host: a", f"X: {secret()}{'a' * 20000}"],
                  [f"GET / {secret()}"], ["GET / HTTP/1.1", "Host: a", f" {secret()}"]):
        place.raw(*lines)
    place.raw("POST /v1/orders HTTP/1.1", "Host: a", "Content-Type: application/json", "Transfer-Encoding: chunked", body=f"{secret()}\r\n".encode())


def _keys(place):
    made = command("key", "create", "--scopes", "orders:read", database_url=place.url("url-owner")).stdout.strip()
    wait_until(lambda: place.client(key=made).send("GET", "/v1/orders").status == 200 and place.client().send("GET", "/v1/orders").status == 401, 30, "keys count")
    for wrong in (secret(), f"ciclo_{secret()}_{secret()}", f"ciclo_{'a' * 12}_{secret():x<43}", made[:-1]):
        assert place.client(key=wrong).send("GET", f"/v1/orders/external:{secret()}").status == 401
    place.client().send("GET", "/v1/orders", headers={"Authorization": f"Basic {secret()}"})
    place.client(key=made).send("POST", "/v1/orders", _order())
    return made.split("_", 2)[2][:42]


def test_no_log_says_what_was_sent(place):
    client = place.client()
    _good(place, client)
    _bad(place, client)
    _statements_that_fail(place, client)
    _raw_bytes(place)
    key = _keys(place)
    service = list(place.server.lines)
    database = place.database_log()
    # The logs are not just empty.
    assert sum('"route":"/v1/orders"' in line for line in service) > 5 and any('"db_rejected"' in line for line in service)
    for said in ("duplicate key value violates unique constraint", "violates check constraint", "division by zero", "execute order_insert"):
        assert said in database, said
    for line in service:
        parse_json(line)
    found = [line[:600] for line in (*service, *database.splitlines()) if MARK in line.lower() or key in line]
    assert not found, "\n".join(found[:20])
    assert not re.search(r"^.*(DETAIL|CONTEXT):.*$", database, re.MULTILINE)
