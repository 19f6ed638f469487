"""Who is kept out, over HTTP and with a real database: too many requests, guessed keys, pages of other sites."""
import json
import re
import time

import pytest

from support.importer import run_import, url_of
from support.raw import Raw
from support.server import command, wait_until

ORDERS = "orders:read,orders:write"
HOUR = 3600  # a window in which nothing comes back while a test runs
NDJSON = "application/x-ndjson"


def _key(shop, scopes=ORDERS):
    done = command("key", "create", "--scopes", scopes, "--name", "test", database_url=shop.url)
    assert done.returncode == 0, done.stderr
    return re.search(r"ciclo_\S+", done.stdout).group()


def _left(answer):
    """(r, t) of RateLimit."""
    found = re.fullmatch(r'"default";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    return int(found[1]), int(found[2])


def _line(number):
    return {"external_id": f"o-{number}", "customer": {"external_id": f"c-{number}"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-01T00:00:00Z"}


# ---- limits ------------------------------------------------------------------------------------------


def test_without_a_limit_nothing_is_said_of_one(api):
    assert not {"RateLimit", "RateLimit-Policy"} & set(api.get("/v1/orders").headers)


def test_a_key_has_its_limit_whichever_worker_is_asked(new_shop):
    shop = new_shop(CICLO_RATE_LIMIT=20, CICLO_RATE_WINDOW_S=HOUR, CICLO_WORKERS=3)
    one, other = _key(shop), _key(shop)
    # A connection each, which the kernel deals out to the workers.
    answers = [shop.client(key=one).send("GET", "/v1/orders") for _ in range(30)]
    assert [answer.status for answer in answers] == [200] * 20 + [429] * 10
    assert [_left(answer)[0] for answer in answers[:20]] == list(range(19, -1, -1))
    for answer in answers:
        assert answer.headers["RateLimit-Policy"] == '"default";q=20;w=3600'
    refused = answers[-1]
    assert refused.code == "quota_exceeded" and _left(refused)[0] == 0
    assert 170 <= int(refused.headers["Retry-After"]) <= 180  # 3600 s / 20
    # Nobody else is concerned, and probes of a balancer never are.
    assert _left(shop.client(key=other).get("/v1/orders"))[0] == 19
    for path in ("/healthz", "/readyz", "/openapi.yaml"):
        assert "RateLimit" not in shop.client(key=one).get(path).headers
    assert "RateLimit" not in shop.client(key=None).get("/v1/orders", 401).headers


def test_what_is_refused_is_not_done_and_costs_nothing(new_shop):
    shop = new_shop(CICLO_RATE_LIMIT=2, CICLO_RATE_WINDOW_S=HOUR)
    client = shop.client(key=_key(shop))
    client.post("/v1/orders", _line(1))
    client.get("/v1/orders/external:o-1")
    first = client.post("/v1/orders", _line(2), 429)
    assert client.post("/v1/orders", b"{", 429).code == "quota_exceeded"
    assert shop.sql("SELECT count(*) FROM orders") == [(1,)]
    assert abs(int(first.headers["Retry-After"]) - 1800) < 60


def test_the_limit_gives_back(new_shop):
    shop = new_shop(CICLO_RATE_LIMIT=2, CICLO_RATE_WINDOW_S=1)
    client = shop.client(key=_key(shop))
    wait_until(lambda: client.send("GET", "/v1/orders").status == 429, 30, "the limit is met")
    wait_until(lambda: client.send("GET", "/v1/orders").status == 200, 30, "a request came back")


@pytest.mark.parametrize("media_type", [NDJSON, "application/json"])
def test_an_item_of_a_batch_is_a_request(new_shop, media_type):
    shop = new_shop(CICLO_RATE_LIMIT=10, CICLO_RATE_WINDOW_S=HOUR)
    client = shop.client(key=_key(shop))
    lines = [_line(number) for number in range(25)]
    body = "\n".join(map(json.dumps, lines)).encode() if media_type == NDJSON else json.dumps(lines).encode()
    answer = client.post("/v1/orders/batch", body, 200, media_type=media_type)
    assert answer.json["created"] == 25 and _left(answer) == (0, 25 * 360)
    refused = client.get("/v1/orders", 429)
    assert 15 * 360 < int(refused.headers["Retry-After"]) <= 16 * 360  # 15 are owed, and one to go on with


def test_without_keys_an_address_has_the_limit(new_shop):
    shop = new_shop(CICLO_RATE_LIMIT=5, CICLO_RATE_WINDOW_S=HOUR)
    assert [shop.client().send("GET", "/v1/orders").status for _ in range(7)] == [200] * 5 + [429] * 2


def test_an_import_waits_as_long_as_it_is_told_to(new_shop, tmp_path):
    """Batches of 60 with 40 a second, and a second's patience with a service that does not answer."""
    shop = new_shop(CICLO_RATE_LIMIT=40, CICLO_RATE_WINDOW_S=1)
    file = tmp_path / "orders.ndjson"
    file.write_text("\n".join(json.dumps(_line(number)) for number in range(300)))
    run_import(url_of(shop), "--batch", 60, "--retry", 1, file, CICLO_API_KEY=_key(shop))
    assert shop.sql("SELECT count(*) FROM orders") == [(300,)]


# ---- keys --------------------------------------------------------------------------------------------


def _looked_up(shop):
    return shop.sql("SELECT coalesce(sum(seq_scan + idx_scan), 0) FROM pg_stat_user_tables WHERE relname = 'api_keys'")[0][0]


def test_guessed_keys_do_not_reach_the_database(new_shop):
    shop = new_shop()
    key = _key(shop)
    shop.client(key=key).get("/v1/orders")
    before, began = _looked_up(shop), time.monotonic()
    guesser = shop.client()
    for number in range(3000):
        assert guesser.send("GET", "/v1/orders", headers={"Authorization": f"Bearer ciclo_guess{number:07}_{'x' * 43}"}).status == 401
    # Sessions report what they did when they are next used, a second later at the soonest.
    wait_until(lambda: shop.client(key=key).get("/v1/orders") and _looked_up(shop) > before, 30, "statistics")
    # 20 a second, of each the key and the list of ids, which is read every four seconds as well; 2 s for both ends.
    assert _looked_up(shop) - before <= 2 * (20 + 1) * (time.monotonic() - began + 2)


def test_a_key_of_this_moment_works_at_once(new_shop):
    shop = new_shop()
    shop.client(key=_key(shop)).get("/v1/orders")
    for _ in range(5):
        shop.client(key=_key(shop)).get("/v1/orders")


def test_strangers_cannot_have_large_bodies_kept(new_shop):
    """256 MiB of bodies may be under way; three times that from those without a key leave room for one who has one."""
    shop = new_shop()
    key = _key(shop)
    shop.client(key=key).get("/v1/orders")
    head = b"POST /v1/orders/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: 16000000\r\n%s\r\n"
    part = b" " * (15 << 20)
    strangers = [Raw(shop.server.port, head % field + part) for field in (b"", b"Authorization: Bearer x\r\n") * 20]
    try:
        lines = "\n".join(json.dumps(_line(number)) for number in range(1000)).encode()
        assert shop.client(key=key).post("/v1/orders/batch", lines, 200, media_type=NDJSON).json["created"] == 1000
    finally:
        for each in strangers:
            each.socket.close()


# ---- browsers ----------------------------------------------------------------------------------------


def test_pages_of_other_sites_get_nothing_from_an_open_service(shop):
    for fields in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "rebound.example"}, {"Host": "rebound.example:8080"},
                   {"Host": "rebound.example", "Origin": "http://rebound.example"}):
        answer = shop.client().send("GET", "/v1/orders", headers=fields)
        assert (answer.status, answer.code) == (403, "foreign_origin"), fields
    # Without a body no preflight goes before it.
    assert shop.client().send("POST", "/v1/orders/external:x/cancel", headers={"Origin": "https://evil.example"}).status == 403
    for fields in ({"Origin": "http://localhost:3000"}, {"Host": "localhost"}, {"Host": "ciclo"}, {"Host": "192.168.1.5:80"}):
        shop.client().get("/v1/orders", headers=fields)


def test_with_a_key_it_does_not_matter_which_page_asks(new_shop):
    shop = new_shop()
    client = shop.client(key=_key(shop))
    client.get("/v1/orders", headers={"Origin": "https://evil.example", "Host": "shop.example"})


def test_a_site_that_is_named_may_call(new_shop):
    shop = new_shop(CICLO_CORS_ORIGINS="https://shop.example")
    client = shop.client(key=_key(shop))
    page = {"Origin": "https://shop.example"}
    preflight = shop.api.send("OPTIONS", "/v1/orders", headers={**page, "Access-Control-Request-Method": "POST"})
    assert preflight.status == 204 and "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    for status, send in ((201, lambda: client.send("POST", "/v1/orders", _line(1), headers=page)), (200, lambda: client.send("GET", "/v1/orders", headers=page)),
                         (401, lambda: shop.api.send("GET", "/v1/orders", headers=page)), (404, lambda: client.send("GET", "/v1/nowhere", headers=page))):
        answer = send()
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    other = client.get("/v1/orders", headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other.headers and "Origin" in other.headers["Vary"]


def test_options_of_the_server_has_every_method(shop, contract):
    with Raw(shop.server.port, b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") as raw:
        [(status, fields, _)] = raw.read(1, 30)
    used = {method for method, _, _ in contract.operations()}
    assert status == 204 and set(re.search(r"Allow: (.*)", fields)[1].strip().split(", ")) == used | {"HEAD", "OPTIONS"}


def test_an_address_has_its_share_of_connections(new_shop):
    shop = new_shop(CICLO_ADDRESS_CONNECTIONS=5)
    held = []

    def one_more():
        raw = Raw(shop.server.port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        if raw.read(1, 30):
            held.append(raw)
            return True
        raw.socket.close()
        return False
    for _ in range(5):
        wait_until(one_more, 30, "a connection; that of the start may still be counted")
    assert not one_more()
    held.pop().socket.close()
    wait_until(one_more, 30, "there is room again")
    for raw in held:
        raw.socket.close()
