"""Refunds without the order in the path: read by themselves, and many at once. Those of one order are in test_orders.py."""
AT = "2026-01-20T10:00:00Z"
REFUNDS = "/v1/refunds"


def _order(shop, name, **fields):
    body = {"external_id": name, "customer": {"external_id": "buyer"}, "ordered_at": "2026-01-15T12:00:00Z", "currency": "EUR", "total": 1000, **fields}
    return shop.api.post("/v1/orders", body).json


def test_a_refund_is_read_by_its_id_and_external_id(shop):
    _order(shop, "read")
    answer = shop.api.post("/v1/orders/external:read/refunds", {"external_id": "rf", "amount": 100, "refunded_at": AT, "reason": "broken"})
    assert answer.headers["Location"] == f"{REFUNDS}/{answer.json['id']}"
    assert shop.api.get(f"{REFUNDS}/{answer.json['id']}").json == shop.api.get(f"{REFUNDS}/external:rf").json == answer.json
    for name in ("external:nothing", "00000000-0000-7000-8000-000000000000"):
        shop.api.get(f"{REFUNDS}/{name}", 404)


def test_a_batch_of_refunds_names_the_orders(new_shop):
    shop = new_shop()
    orders = {name: _order(shop, name, **fields) for name, fields in (("a", {}), ("b", {}), ("unpaid", {"status": "pending"}))}
    single = shop.refund("external:a", 300, AT, external_id="r0")
    items = [{"order": "external:a", "external_id": "r0", "amount": 300, "refunded_at": AT}, {"order": orders["a"]["id"], "external_id": "r1", "amount": 700, "refunded_at": AT},
             {"order": "external:nothing", "external_id": "r2", "amount": 1}, {"order": "external:unpaid", "external_id": "r3", "amount": 1},
             {"order": "external:b", "external_id": "r4", "amount": 1001}, {"external_id": "r5", "amount": 1}, {"order": "external:b", "external_id": "r0", "amount": 300, "refunded_at": AT},
             {"order": "external:b", "external_id": "r6", "amount": 0}]
    for expected in ((1, 1, [200, 201, 422, 422, 422, 422, 409, 422]), (0, 2, [200, 200, 422, 422, 422, 422, 409, 422])):
        answer = shop.api.post(f"{REFUNDS}/batch", items, 200).json
        assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == expected
    assert answer["results"][0]["id"] == single["id"]
    problems = [line["problem"] for line in answer["results"] if "problem" in line]
    assert [problem["code"] for problem in problems] == ["unknown_reference", "invalid_state", "refund_exceeds_paid", "validation_failed", "fact_conflict", "validation_failed"]
    assert [problems[at]["errors"][0]["pointer"] for at in (0, 1, 3, 4, 5)] == ["#/order", "#/amount", "#/order", "#/external_id", "#/amount"]
    assert [shop.api.get(f"/v1/orders/external:{name}").json["refunded"] for name in orders] == [1000, 0, 0]
    assert shop.api.get(f"{REFUNDS}/external:r1").json["order_id"] == orders["a"]["id"]


def test_refunds_of_a_batch_never_exceed_what_was_paid(new_shop):
    shop = new_shop()
    for number in range(20):
        _order(shop, f"o{number}")
    items = [{"order": f"external:o{number % 20}", "external_id": f"r{number}", "amount": 300, "refunded_at": AT} for number in range(100)]
    answer = shop.api.post(f"{REFUNDS}/batch", items, 200).json
    assert (answer["created"], answer["failed"]) == (60, 40), "three of 300 fit into 1,000, five were sent for each order"
    assert {line["problem"]["code"] for line in answer["results"] if "problem" in line} == {"refund_exceeds_paid"}
    assert {shop.api.get(f"/v1/orders/external:o{number}").json["refunded"] for number in range(20)} == {900}
    assert shop.value("net_sales", "2026-01-20", "2026-01-21") == -18000
