"""A short session that meets each part of the service once; under memcheck it also proves that no byte is read amiss or lost.

It runs with every other test as well: what it asks is right whatever the speed."""
from support.client import to_json
from support.shop import NDJSON

WINDOW = "from=2026-01-01&to=2026-02-01"


def _order(number, **more):
    return {"external_id": f"o{number}", "customer": {"external_id": f"c{number % 3}", "email": f"c{number % 3}@example.com"},
            "ordered_at": f"2026-01-{number + 1:02d}T10:00:00Z", "currency": "EUR", "items": [{"quantity": 1, "unit_price": 100 + number}], **more}


def test_memcheck_session(new_shop):
    shop = new_shop(CICLO_WORKERS=2)
    api = shop.api
    first = api.post("/v1/orders", _order(0)).json
    assert api.get(f"/v1/orders/{first['id']}").json == first
    assert api.post("/v1/orders", _order(0), 200).json["id"] == first["id"]
    assert api.post("/v1/orders", _order(0, currency="USD", exchange_rate="0.9"), 409).code == "fact_conflict"
    # Batches of both forms, with a bad item.
    lines = "\n".join(to_json(_order(n)) for n in range(1, 6)) + "\n{\n"
    answer = api.post("/v1/orders/batch", lines.encode(), 200, media_type=NDJSON).json
    assert (answer["created"], answer["failed"]) == (5, 1)
    assert api.post("/v1/orders/batch", [_order(n) for n in range(4, 8)], 200).json["created"] == 2
    # What changes and what goes.
    api.patch("/v1/customers/external:c0", {"name": "Ada", "attributes": {"size": "é"}})
    api.post(f"/v1/orders/{first['id']}/refunds", {"external_id": "r1", "amount": 50, "refunded_at": "2026-01-05T10:00:00Z"})
    api.post("/v1/touchpoints", {"external_id": "t1", "visitor": "v1", "occurred_at": "2026-01-02T10:00:00Z", "kind": "visit", "channel": "search"},
             (201, 422))
    # Lists, page by page; reports, and that nothing has changed since.
    page = api.get("/v1/orders?limit=3").json
    assert len(page["items"]) == 3 and len(api.get(f"/v1/orders?limit=100&cursor={page['next']}").json["items"]) == 5
    sales = api.get(f"/v1/kpis/net_sales?{WINDOW}&interval=week&compare=previous_period")
    api.get(f"/v1/kpis/net_sales?{WINDOW}&interval=week&compare=previous_period", 304, headers={"If-None-Match": sales.headers["ETag"]})
    for path in (f"/v1/dashboard?{WINDOW}", f"/v1/cohorts?{WINDOW}", "/v1/lifecycle/stages?at=2026-01-31", f"/v1/kpis/orders/members?{WINDOW}",
                 "/v1/customers/external:c0/timeline", "/v1/customers/external:c0/export", "/v1/segments/rfm?at=2026-01-31", "/openapi.json", "/readyz"):
        api.get(path)
    assert api.get(f"/v1/dashboard?{WINDOW}", headers={"Accept": "text/csv"}).media_type == "text/csv"
    # What is refused.
    assert api.post("/v1/orders", {**_order(9), "größe": 1, "items": [{"quantity": 0}]}, 422).places
    api.post("/v1/orders", b'{"a":1,', 400)
    api.get("/v1/orders?cursor=x&limit=0", 400)
    api.get("/v1/nothing", 404)
    api.delete("/v1/orders", 405)
    api.get(f"/v1/dashboard?{WINDOW}", 406, headers={"Accept": "image/png"})
    api.delete("/v1/customers/external:c0")
    api.get("/v1/customers/external:c0", 404)
