"""Naughty strings go in and come back byte for byte, or are refused with a reason; none reaches SQL or the log."""
import json
from urllib.parse import quote

import pytest


@pytest.fixture(scope="module")
def strings(data_file):
    with open(data_file("nasty", "blns.json"), encoding="utf-8") as file:
        found = json.load(file)
    assert len(found) > 500
    return found + ["'; DROP TABLE orders; --", "\u202e\u2066", "a\u0301", "\U0010ffff", "\ufffe", "\u0085", "x" * 200, "\ud7ff", "%s%n%x", "$1", "{n}", "\\u0000"]


def _taken(answer, text, limit):
    """Whether it was taken; what is refused must deserve it."""
    if answer.status in (200, 201):
        return True
    assert answer.status == 422 and (not text or len(text) > limit or "\x00" in text), (answer.status, text, answer.body[:300])
    return False


def test_names_of_customers(shop, strings):
    for number, text in enumerate(strings):
        answer = shop.api.send("POST", "/v1/customers", {"external_id": f"name-{number}", "name": text})
        if _taken(answer, text, 200):
            assert answer.json["name"] == text == shop.api.get(f"/v1/customers/external:name-{number}").json["name"]


def test_attributes_and_their_names(shop, strings):
    for number, text in enumerate(strings):
        answer = shop.api.send("POST", "/v1/customers", {"external_id": f"attributes-{number}", "attributes": {"value": text, "list": [text]}})
        assert answer.status == 201, (text, answer.body)
        assert answer.json["attributes"] == {"value": text, "list": [text]} == shop.api.get(f"/v1/customers/external:attributes-{number}").json["attributes"]
        answer = shop.api.send("POST", "/v1/customers", {"external_id": f"keys-{number}", "attributes": {text: 1}})
        if _taken(answer, text, 100):
            assert answer.json["attributes"] == {text: 1} == shop.api.get(f"/v1/customers/external:keys-{number}").json["attributes"]


def test_comments_of_answers(shop, strings):
    shop.api.post("/v1/surveys", {"external_id": "comments", "kind": "nps", "name": "N"})
    for number, text in enumerate(strings):
        answer = shop.api.send("POST", "/v1/surveys/external:comments/responses", {"external_id": f"comment-{number}", "score": 5, "comment": text})
        if _taken(answer, text, 5000):
            assert answer.json["comment"] == text == shop.api.get(f"/v1/surveys/external:comments/responses/external:comment-{number}").json["comment"]


def test_external_ids_as_names_of_orders(shop, strings):
    for text in strings:
        answer = shop.api.send("POST", "/v1/orders", {"external_id": text, "customer": {"external_id": "naughty"}, "currency": "EUR", "total": 1})
        if _taken(answer, text, 200):
            assert answer.json["external_id"] == text
            found = shop.api.send("GET", "/v1/orders/external:" + quote(text, safe=""))
            assert found.status == 200 and found.json["id"] == answer.json["id"] or "/" in text or text in (".", "..") or found.status == 400, (text, found.status)


def test_refs_and_filters(shop, strings):
    for text in strings:
        for target in (f"/v1/customers/{quote(text, safe='')}", f"/v1/customers/visitor:{quote(text, safe='')}"):
            assert shop.api.send("GET", target).status in (200, 400, 404, 405), target
        for name in ("email", "external_id", "cursor", "limit", "created_from"):
            assert shop.api.send("GET", "/v1/customers", query={name: text}).status in (200, 400), (name, text)


def _sendable(text):
    """The bytes of a header value, or None where no client could send them."""
    try:
        value = text.encode("latin-1")
    except UnicodeEncodeError:
        value = text.encode("utf-8")
    return None if any(byte in b"\r\n\x00" for byte in value) else value


def test_headers(shop, strings):
    client = shop.client()
    for value in filter(None, map(_sendable, strings)):
        assert client.send("GET", "/v1/campaigns", headers={"X-Request-Id": value, "If-None-Match": value, "Accept": value}).status < 500, value
        assert client.send("POST", "/v1/campaigns", {"name": "x"}, headers={"Idempotency-Key": value}).status in (201, 400), value


def test_the_log_stays_one_json_object_a_line(shop):
    for line in list(shop.server.lines):
        assert isinstance(json.loads(line), dict) and all(ord(letter) >= 32 for letter in line)
