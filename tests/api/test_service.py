"""What holds for every path: health, the contract itself, methods, media types, limits, problems."""
import json
import http.client
import socket

import pytest

from support.contract import METHODS, parse_json, problem_table
from support.raw import Raw

ORDER = {"customer": {"external_id": "c"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-01T00:00:00Z"}


def test_healthz_and_readyz_say_200_while_all_is_well(api):
    api.get("/healthz")
    api.get("/readyz")


def test_the_root_says_where_to_read_on(api):
    root = api.get("/").json
    assert root["name"] == "Ciclo"
    for path in (root["openapi"], root["kpis"]):
        api.get(path)


def test_openapi_yaml_is_the_file(api, contract):
    assert api.get("/openapi.yaml").body == contract.text


def test_openapi_json_says_the_same_as_the_file(api, contract):
    assert json.loads(api.get("/openapi.json").body) == contract.document


@pytest.mark.parametrize("slug", problem_table())
def test_every_problem_type_is_documented_at_its_address(api, slug):
    status, title = problem_table()[slug]
    page = api.get(f"/problems/{slug}").json
    assert (page["code"], page["title"], page["status"]) == (slug, title, status)
    assert len(page["description"]) > 20


def test_an_unknown_problem_type_is_not_found(api):
    assert api.get("/problems/nothing_of_the_kind", 404).code == "not_found"


def test_head_has_the_fields_of_get_and_no_body(api):
    got, head = api.get("/openapi.json"), api.send("HEAD", "/openapi.json")
    assert head.status == 200 and head.body == b""
    for field in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers.get(field) == got.headers.get(field), field


def test_options_names_exactly_the_methods_of_each_path(api, contract):
    for template, item in contract.document["paths"].items():
        path = template.replace("{date}", "2026-01-01").replace("{ref}", "external:x")
        path = path.replace("{response}", "external:y").replace("{name}", "orders").replace("{code}", "not_found")
        answer = api.send("OPTIONS", path)
        assert answer.status == 204 and answer.body == b""
        expected = {name.upper() for name in item if name in METHODS} | {"OPTIONS"}
        expected |= {"HEAD"} if "GET" in expected else set()
        assert set(answer.headers["Allow"].replace(" ", "").split(",")) == expected, path


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/order", "/v1/orders/", "/v1/orders/x/y/z", "//v1/orders", "/V1/orders"])
def test_a_path_that_does_not_exist_is_not_found(api, path):
    assert api.get(path, 404).code == "not_found"


@pytest.mark.parametrize("path, method, has", [("/v1/orders", "DELETE", {"GET", "POST"}), ("/v1/settings", "POST", {"GET", "PUT", "PATCH"}),
                                              ("/healthz", "PUT", {"GET", "HEAD"}), ("/v1/orders", "TRACE", {"GET", "POST"})])
def test_a_method_that_a_path_lacks_gives_405_with_allow(api, path, method, has):
    answer = api.send(method, path)
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert has | {"OPTIONS"} <= set(answer.headers["Allow"].replace(" ", "").split(","))


def test_a_method_that_nobody_knows_is_refused(api):
    answer = api.send("BREW", "/v1/orders")
    assert (answer.status, answer.code) in ((501, "not_implemented"), (405, "method_not_allowed"))


def test_no_common_media_type_gives_406(api):
    assert api.get("/v1/orders", 406, headers={"Accept": "image/png"}).code == "not_acceptable"
    api.get("/v1/orders", headers={"Accept": "text/html, application/json;q=0.1"})
    api.get("/v1/orders", headers={"Accept": "application/*"})
    api.get("/v1/orders", 406, headers={"Accept": "application/json;q=0"})


def test_a_body_of_another_media_type_gives_415(api):
    for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonp"):
        assert api.post("/v1/orders", b"{}", 415, media_type=media_type).code == "unsupported_media_type"


def test_the_media_type_of_a_body_may_carry_parameters_and_capitals(shop):
    shop.api.post("/v1/orders", ORDER, 201, media_type="Application/JSON; charset=utf-8")


def test_a_compressed_body_gives_415(api):
    assert api.post("/v1/orders", b"\x1f\x8b", 415, headers={"Content-Encoding": "gzip"}).code == "unsupported_media_type"


def test_a_body_over_the_limit_gives_413_and_the_service_lives_on(shop):
    body = b'{"currency":"EUR","customer":"' + b"x" * (1 << 20) + b'"}'
    assert shop.client().post("/v1/orders", body, 413).code == "body_too_large"
    shop.api.get("/healthz")


def test_a_chunked_body_over_the_limit_is_cut_off(shop):
    connection = http.client.HTTPConnection("127.0.0.1", shop.server.port, timeout=30)
    chunks = (b" " * 65536 for _ in range(64))
    try:
        connection.request("POST", "/v1/orders", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
        pass  # closing on a client that sends for ever is right as well
    finally:
        connection.close()
    shop.api.get("/healthz")


def test_a_very_long_target_gives_414(shop):
    with socket.create_connection(("127.0.0.1", shop.server.port), timeout=30) as raw:
        raw.sendall(b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.recv(65536).startswith((b"HTTP/1.1 414", b"HTTP/1.1 404", b"HTTP/1.1 431"))
    shop.api.get("/healthz")


def test_a_target_of_8192_bytes_leaves_room_for_the_other_fields(shop):
    others = b"".join(b"X-%d: %s\r\n" % (n, b"b" * 200) for n in range(10))
    with Raw(shop.server.port, b"GET /" + b"a" * 8191 + b" HTTP/1.1\r\nHost: a\r\n" + others + b"\r\n") as raw:
        assert [status for status, _, _ in raw.read()] == [404]


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_an_answer_that_is_always_the_same_says_the_request_id_of_each(shop, path):
    def request(method, name, *fields):
        return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: a", f"X-Request-Id: {name}", *fields, "", "")).encode()
    tag = shop.api.get(path).headers["ETag"]
    with Raw(shop.server.port, request("GET", "one") + request("GET", "two") + request("GET", "three", f"If-None-Match: {tag}")
             + request("GET", "four") + request("GET", "five", "Connection: close")) as raw, Raw(shop.server.port, request("HEAD", "six")) as head:
        answers = raw.read(5) + head.read()
    assert [status for status, _, _ in answers] == [200, 200, 304, 200, 200, 200]
    seen = [dict(line.split(": ", 1) for line in fields.split("\r\n")[1:]) for _, fields, _ in answers]
    assert [fields.pop("X-Request-Id") for fields in seen] == ["one", "two", "three", "four", "five", "six"]
    for fields in seen:
        del fields["Date"]
    assert seen[4].pop("Connection") == "close"
    same = seen[0]
    assert {"ETag", "Cache-Control", "Content-Type", "Content-Length", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} == set(same)
    assert [fields == same for fields in seen] == [True, True, False, True, True, True]
    assert len({body for _, _, body in answers[:2] + answers[3:5]}) == 1


def test_an_unknown_query_parameter_is_named(api):
    answer = api.get("/v1/orders", 400, query={"colour": "red", "limit": 5})
    assert answer.code == "invalid_parameter" and answer.places == {"colour"}


def test_all_bad_query_parameters_are_named_at_once(api):
    answer = api.get("/v1/orders", 400, query={"limit": "0", "ordered_from": "yesterday", "colour": "red"})
    assert answer.places == {"limit", "ordered_from", "colour"}


def test_a_repeated_query_parameter_is_refused(api):
    assert api.get("/v1/orders?limit=5&limit=6", 400).code == "invalid_parameter"


@pytest.mark.parametrize("target", ["/v1/orders?limit=%zz", "/v1/orders?limit=%", "/v1/orders?limit=%00", "/v1/customers/external:%ff"])
def test_a_bad_escape_is_refused(api, target):
    assert api.send("GET", target).status == 400


def test_the_body_must_be_json(api):
    for body in (b"", b"{", b"nonsense", b'{"currency":"EUR",}', b'{"currency":"EUR"} {}', b'{"a":1,"a":2}', b'{"name":"\xff"}'):
        assert api.post("/v1/customers", body, 400).code == "invalid_json", body


def test_json_that_is_no_object_is_refused(api):
    for body in (b"[]", b"null", b"1", b'"x"', b"true"):
        assert api.post("/v1/customers", body, (400, 422)).status in (400, 422), body


def test_deep_json_is_refused_and_not_followed(api):
    depth = 100000
    assert api.post("/v1/customers", b'{"attributes":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}", (400, 413, 422))


def test_an_unknown_field_is_named(api):
    answer = api.post("/v1/orders", {**ORDER, "totl": 5, "items": [{"unit_price": 1, "colour": "red"}]}, 422)
    assert answer.code == "validation_failed" and {"/totl", "/items/0/colour"} <= answer.places


def test_all_violations_are_named_at_once(api):
    body = {"customer": 5, "ordered_at": "yesterday", "currency": "euro", "status": "lost", "shipping": -1, "test": "no",
            "items": [{"unit_price": 100}, {"unit_price": "1.00", "quantity": 0}, {}], "channel": "x" * 101}
    answer = api.post("/v1/orders", body, 422)
    assert answer.code == "validation_failed"
    assert {"/customer", "/ordered_at", "/currency", "/status", "/shipping", "/test", "/items/1/unit_price",
            "/items/1/quantity", "/channel"} <= answer.places
    assert any(place.startswith("/items/2") for place in answer.places), "the missing unit_price"
    assert not any(place.startswith("/items/0") for place in answer.places), "the good line"


def test_every_answer_has_a_request_id_of_its_own(api):
    ids = {api.get("/healthz").headers["X-Request-Id"] for _ in range(5)}
    ids |= {api.get("/v1/nowhere", 404).headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 10


def test_a_problem_names_its_request(api):
    answer = api.get("/v1/nowhere", 404)
    assert answer.json["instance"].endswith(answer.headers["X-Request-Id"])


def test_personal_data_is_never_cached(shop):
    made = shop.customer("not cached", email="c@example.com")
    assert "no-store" in shop.api.get(f"/v1/customers/{made['id']}").headers["Cache-Control"]


def test_the_log_holds_no_personal_data_and_is_json(shop):
    shop.customer("log-external-id", email="logged-person@example.com", name="Logged Person")
    shop.api.get("/v1/customers/email:logged-person@example.com")
    shop.api.get("/v1/customers", query={"email": "logged-person@example.com"})
    for line in list(shop.server.lines):
        parse_json(line)
        assert not any(text in line for text in ("log-external-id", "logged-person", "Logged Person"))
