"""Many facts at once: good items are kept, bad ones reported, in input order, each counted once."""
import pytest

from support.client import to_json
from support.shop import NDJSON

AT = "2026-01-10T10:00:00Z"
MIB = 1 << 20


def _orders(count, prefix="o", at=AT, **fields):
    return [{"external_id": f"{prefix}{number}", "customer": {"external_id": f"{prefix}-c{number % 50}"}, "ordered_at": at, "currency": "EUR", "total": number + 1, **fields}
            for number in range(count)]


def _send(shop, items, ndjson, path="/v1/orders/batch", status=200):
    body = ("\n".join(map(to_json, items)) + "\n").encode() if ndjson else to_json(items).encode()
    return shop.api.post(path, body, status, media_type=NDJSON if ndjson else "application/json").json


@pytest.mark.parametrize("ndjson", [True, False], ids=["ndjson", "array"])
def test_good_items_are_kept_and_bad_ones_reported_at_their_index(new_shop, ndjson):
    shop = new_shop()
    items = _orders(6)
    items[1]["currency"] = "euro"
    items[3]["customer"] = "external:nobody"
    items[4]["total"] = -1
    answer = _send(shop, items, ndjson)
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (3, 0, 3)
    assert [line["index"] for line in answer["results"]] == list(range(6))
    assert [line["status"] for line in answer["results"]] == [201, 422, 201, 422, 422, 201]
    problems = {line["index"]: line["problem"] for line in answer["results"] if "problem" in line}
    assert [problems[index]["code"] for index in (1, 3, 4)] == ["validation_failed", "unknown_reference", "validation_failed"]
    assert problems[1]["errors"][0]["pointer"].endswith("/currency")
    assert shop.value("net_sales", "2026-01-10", "2026-01-11") == 1 + 3 + 6
    for line in answer["results"]:
        if line["status"] == 201:
            assert shop.api.get(f"/v1/orders/{line['id']}").json["external_id"] == f"o{line['index']}"
    again = _send(shop, items, ndjson)
    assert (again["created"], again["unchanged"], again["failed"]) == (0, 3, 3)
    assert [line.get("id") for line in again["results"]] == [line.get("id") for line in answer["results"]]


@pytest.mark.parametrize("ndjson", [True, False], ids=["ndjson", "array"])
def test_a_fault_is_at_the_same_place_as_in_a_single_fact(shop, ndjson):
    """A pointer is a URI fragment: what one cannot hold is percent-encoded, in both."""
    order = {**_orders(1)[0], "größe 1%~/": 1}
    single = shop.api.post("/v1/orders", order, 422).json["errors"]
    assert [error["pointer"] for error in single] == ["#/gr%C3%B6%C3%9Fe%201%25~0~1"]
    assert _send(shop, [order], ndjson)["results"][0]["problem"]["errors"] == single


def test_a_line_that_is_no_json_is_one_bad_item(new_shop):
    shop = new_shop()
    good = [to_json(item) for item in _orders(2)]
    body = "\r\n".join([good[0], "{nonsense", "[]", good[1]]).encode()
    answer = shop.api.post("/v1/orders/batch", body, 200, media_type=NDJSON).json
    assert [line["status"] for line in answer["results"]] == [201, 400, answer["results"][2]["status"], 201]
    assert answer["results"][2]["status"] in (400, 422) and answer["results"][1]["problem"]["code"] == "invalid_json"


def test_an_array_that_is_no_json_is_refused_whole(new_shop):
    shop = new_shop()
    good = to_json(_orders(2))
    for body in (good[:-1], good + "]", "{}", "", "null"):
        shop.api.post("/v1/orders/batch", body.encode(), (400, 422))
    assert shop.api.pages("/v1/orders") == []


@pytest.mark.parametrize("ndjson", [True, False], ids=["ndjson", "array"])
def test_a_batch_holds_1_to_10000_items(shop, ndjson):
    assert _send(shop, [], ndjson, status=(400, 422))["code"] in ("validation_failed", "invalid_json")
    items = [{"x": 1}] * 10001
    assert _send(shop, items, ndjson, status=(413, 422))["code"] in ("validation_failed", "body_too_large")


def test_a_batch_over_16_mib_is_refused(shop):
    client = shop.client()
    assert client.post("/v1/orders/batch", b" " * (16 * MIB + 1), 413).code == "body_too_large"
    shop.api.get("/healthz")


def test_ten_thousand_orders_of_new_customers_in_one_batch(new_shop):
    shop = new_shop()
    items = [{**item, "customer": {"external_id": f"c{number % 4000}", "country": "DE"}} for number, item in enumerate(_orders(10000))]
    answer = _send(shop, items, True)
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (10000, 0, 0)
    assert shop.value("orders", "2026-01-10", "2026-01-11") == 10000
    assert shop.value("net_sales", "2026-01-10", "2026-01-11") == 10000 * 10001 // 2
    assert shop.value("active_customers", "2026-01-10", "2026-01-11") == 4000
    again = _send(shop, items, True)
    assert (again["created"], again["unchanged"]) == (0, 10000)
    assert shop.value("orders", "2026-01-10", "2026-01-11") == 10000


def test_the_same_item_twice_in_one_batch_is_one_fact(new_shop):
    shop = new_shop()
    one, two = _orders(2)
    answer = _send(shop, [one, two, one, {**two, "total": 999}], True)
    assert [line["status"] for line in answer["results"]] == [201, 201, 200, 409]
    assert answer["results"][0]["id"] == answer["results"][2]["id"] and answer["results"][3]["problem"]["code"] == "fact_conflict"
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (2, 1, 1)
    assert shop.value("net_sales", "2026-01-10", "2026-01-11") == 3


def test_a_new_customer_shared_by_many_items_is_made_once(new_shop):
    shop = new_shop()
    names = [{"external_id": "shared", "email": "shared@example.com"}, {"email": "shared@example.com"}, {"email": "SHARED@example.com"}, {"external_id": "shared"}]
    items = [{"customer": names[number % 4], "ordered_at": AT, "currency": "EUR", "total": 1} for number in range(40)]
    assert _send(shop, items, False)["created"] == 40
    assert len(shop.api.pages("/v1/customers")) == 1 and shop.value("active_customers", "2026-01-10", "2026-01-11") == 1


def test_a_bad_item_takes_nobody_with_it(new_shop):
    shop = new_shop()
    items = [{**item, "customer": {"external_id": "first of a bad one"}} for item in _orders(3)]
    items[0]["currency"] = "USD"
    answer = _send(shop, items, True)
    assert [line["status"] for line in answer["results"]] == [422, 201, 201]
    assert answer["results"][0]["problem"]["code"] == "exchange_rate_required"


def test_customers_in_a_batch(new_shop):
    shop = new_shop()
    shop.customer("old", name="Old")
    items = [{"external_id": "new", "email": "new@example.com"}, {"external_id": "old", "name": "Old"}, {"external_id": "old", "name": "Other"},
             {"name": "nobody"}, {"external_id": "thief", "email": "new@example.com"}, {"external_id": "new", "email": "new@example.com"}]
    answer = _send(shop, items, True, "/v1/customers/batch")
    assert [line["status"] for line in answer["results"]] == [201, 200, 409, 422, 409, 200]
    assert len(shop.api.pages("/v1/customers")) == 2


def test_answers_in_a_batch(new_shop):
    shop = new_shop()
    shop.api.post("/v1/surveys", {"external_id": "n", "kind": "nps", "name": "N"})
    items = [{"score": number % 11, "answered_at": AT, "customer": {"external_id": f"c{number % 7}"}} for number in range(99)] + [{"score": 11}]
    answer = _send(shop, items, True, "/v1/surveys/external:n/responses/batch")
    assert (answer["created"], answer["failed"]) == (99, 1)
    assert shop.api.get("/v1/nps", query={"from": "2026-01-01", "to": "2026-02-01"}).json["distribution"] == [9] * 11
    _send(shop, items, True, "/v1/surveys/external:nothing/responses/batch", 404)


def test_a_batch_under_an_idempotency_key_is_one_batch(new_shop):
    shop = new_shop()
    items = [{"customer": {"external_id": "c"}, "ordered_at": AT, "currency": "EUR", "total": 5} for _ in range(10)]
    first = shop.api.post("/v1/orders/batch", items, 200, headers={"Idempotency-Key": "one-batch"})
    again = shop.api.post("/v1/orders/batch", items, 200, headers={"Idempotency-Key": "one-batch"})
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
    assert shop.value("orders", "2026-01-10", "2026-01-11") == 10


def test_what_failed_in_a_batch_under_an_idempotency_key_may_be_sent_again(new_shop):
    shop, key = new_shop(), {"Idempotency-Key": "one-batch"}
    items = [{"customer": f"external:c{number % 2}", "ordered_at": AT, "currency": "EUR", "total": 5} for number in range(10)]
    shop.customer("c0")
    first = shop.api.post("/v1/orders/batch", items, 200, headers=key)
    shop.customer("c1")
    second = shop.api.post("/v1/orders/batch", items, 200, headers=key)
    assert [(answer.json["created"], answer.json["unchanged"], answer.json["failed"]) for answer in (first, second)] == [(5, 0, 5), (5, 5, 0)]
    third = shop.api.post("/v1/orders/batch", items, 200, headers=key)
    assert third.json == second.json and third.headers["Idempotent-Replayed"] == "true"
    assert shop.value("orders", "2026-01-10", "2026-01-11") == 10


def test_texts_that_mean_something_to_arrays_are_kept_as_they_are(new_shop):
    shop = new_shop()
    words = ["NULL", "null", '"', "\\", "\\\\\"", "{a,b}", "}", ",", " x ", "a\nb\tc", "\u00fc\u20ac\U0001f375", "\\N", "'", "%s", "\x7f"]
    items = [{**order, "external_id": f"{number} {word}", "channel": word, "campaign": word, "test": number % 2 == 0, "exchange_rate": f"1.{number}5",
              "currency": "USD", "items": [{"sku": word, "name": word, "quantity": 1, "unit_price": 100}], "total": 100}
             for number, (order, word) in enumerate(zip(_orders(len(words)), words))]
    answer = _send(shop, items, True)
    assert answer["created"] == len(words), answer
    for item, line in zip(items, answer["results"]):
        stored = shop.api.get(f"/v1/orders/{line['id']}").json
        assert str(stored["exchange_rate"]) == item["exchange_rate"]
        for name in ("external_id", "channel", "campaign", "test"):
            assert stored[name] == item[name]
        assert (stored["items"][0]["sku"], stored["items"][0]["name"]) == (item["items"][0]["sku"],) * 2
        assert stored["storefront"] is None and stored["cancelled_at"] is None
    assert _send(shop, items, False)["unchanged"] == len(words)
