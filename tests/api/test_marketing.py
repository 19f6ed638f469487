"""Spend, campaigns and their days."""
import pytest

SPEND = {"date": "2026-01-10", "amount": 5000, "currency": "EUR", "category": "advertising"}
DAY = {"spend": 1000, "currency": "EUR", "sent": 100, "bounced": 5, "unopened": 50, "impressions": 10, "clicks": 7, "interactions": 6, "conversions": 2}


@pytest.fixture(scope="module", autouse=True)
def _campaign(shop):
    shop.api.post("/v1/campaigns", {"external_id": "camp", "name": "Camp", "channel": "email"})


def test_spend_comes_back_by_id_and_by_external_id(api):
    body = {**SPEND, "external_id": "bill-1", "paid_media": True, "campaign": "spring"}
    answer = api.post("/v1/spend", body)
    made = answer.json
    assert {name: made[name] for name in body} == body and (made["base_amount"], made["base_currency"]) == (5000, "EUR")
    assert answer.headers["Location"].endswith(f"/v1/spend/{made['id']}")
    assert api.get(f"/v1/spend/{made['id']}").json == api.get("/v1/spend/external:bill-1").json == made
    assert api.post("/v1/spend", SPEND).json["paid_media"] is False
    api.get("/v1/spend/external:no-such-bill", 404)


def test_the_same_bill_again_is_not_paid_twice(shop):
    body = {**SPEND, "external_id": "bill-2", "date": "2026-02-10"}
    first = shop.api.post("/v1/spend", body).json
    assert shop.api.post("/v1/spend", body, 200).json == first
    assert shop.api.post("/v1/spend", {**body, "amount": 5001}, 409).code == "fact_conflict"
    assert shop.value("marketing_spend", "2026-02-10", "2026-02-11") == 5000


@pytest.mark.parametrize("field, value", [("date", "2026-02-30"), ("date", "2026-01-10T00:00:00Z"), ("date", None), ("amount", -1), ("amount", 1.5), ("amount", "5"),
                                          ("currency", "EURO"), ("category", "fun"), ("paid_media", "yes"), ("colour", "red")])
def test_bad_spend_is_refused_at_its_place(api, field, value):
    assert f"/{field}" in api.post("/v1/spend", {**SPEND, field: value}, 422).places


@pytest.mark.parametrize("field", ["date", "amount", "currency", "category"])
def test_spend_needs_all_of_its_parts(api, field):
    answer = api.post("/v1/spend", {name: value for name, value in SPEND.items() if name != field}, 422)
    assert any(field in error.get("pointer", "") or field in error["detail"] for error in answer.json["errors"])


def test_spend_is_listed_by_date(new_shop):
    shop = new_shop()
    for day in range(1, 8):
        shop.api.post("/v1/spend", {**SPEND, "date": f"2026-01-{day:02}", "amount": day})
    found = shop.api.pages("/v1/spend", limit=2, **{"from": "2026-01-03", "to": "2026-01-06"})
    assert sorted(item["amount"] for item in found) == [3, 4, 5], "half-open"
    assert len(shop.api.pages("/v1/spend", limit=3)) == 7


def test_a_campaign_comes_back_and_is_made_once(api):
    body = {"external_id": "camp-2", "name": "Second camp", "channel": "search"}
    made = api.post("/v1/campaigns", body).json
    assert {name: made[name] for name in body} == body
    assert api.get("/v1/campaigns/external:camp-2").json == api.get(f"/v1/campaigns/{made['id']}").json == made
    assert api.post("/v1/campaigns", body, 200).json == made
    assert api.post("/v1/campaigns", {**body, "name": "Other"}, 409).code == "fact_conflict"
    assert made["id"] in {item["id"] for item in api.pages("/v1/campaigns", limit=1)}
    assert "/name" in api.post("/v1/campaigns", {"name": ""}, 422).places
    api.get("/v1/campaigns/external:no-camp", 404)


def test_a_day_is_put_once_and_then_replaced(shop):
    path = "/v1/campaigns/external:camp/days/2026-03-01"
    made = shop.api.put(path, DAY, 201).json
    assert {name: made[name] for name in DAY} == DAY and made["date"] == "2026-03-01" and made["base_spend"] == 1000
    assert shop.api.get(path).json == made
    assert shop.value("impressions", "2026-03-01", "2026-03-02") == 55
    replaced = shop.api.put(path, {"impressions": 3}, 200).json
    assert replaced["impressions"] == 3 and replaced["spend"] is None and replaced["sent"] is None and replaced["currency"] is None
    assert (shop.value("impressions", "2026-03-01", "2026-03-02"), shop.value("marketing_spend", "2026-03-01", "2026-03-02")) == (3, 0)


def test_days_are_listed_by_date(shop):
    for day in range(1, 6):
        shop.api.put(f"/v1/campaigns/external:camp/days/2026-04-{day:02}", {"clicks": day})
    found = shop.api.pages("/v1/campaigns/external:camp/days", limit=2, **{"from": "2026-04-02", "to": "2026-04-05"})
    assert sorted((item["date"], item["clicks"]) for item in found) == [(f"2026-04-0{day}", day) for day in (2, 3, 4)]


@pytest.mark.parametrize("body, place", [({"spend": 5}, "/currency"), ({"sent": -1}, "/sent"), ({"clicks": 1.5}, "/clicks"), ({"views": 5}, "/views"),
                                         ({"spend": 5, "currency": "EURO"}, "/currency")])
def test_a_bad_day_is_refused(api, body, place):
    answer = api.put("/v1/campaigns/external:camp/days/2026-05-01", body, 422)
    assert place in answer.places
    api.get("/v1/campaigns/external:camp/days/2026-05-01", 404)


def test_a_day_needs_a_real_date_and_a_campaign(api):
    api.put("/v1/campaigns/external:camp/days/2026-02-30", {"clicks": 1}, (400, 404))
    api.put("/v1/campaigns/external:camp/days/today", {"clicks": 1}, (400, 404))
    api.put("/v1/campaigns/external:no-camp/days/2026-02-01", {"clicks": 1}, 404)


@pytest.mark.parametrize("collection, body, wrong", [("spend", SPEND, {"amount": -1}), ("campaigns", {"name": "Many", "channel": "search"}, {"name": ""})])
def test_bills_and_campaigns_come_many_at_once(new_shop, collection, body, wrong):
    shop = new_shop()
    items = [{**body, "external_id": f"m{number}"} for number in range(30)]
    items[7] = {**items[7], **wrong}
    items += [items[0], {**items[1], "campaign" if collection == "spend" else "channel": "other"}, body]
    answer = shop.api.post(f"/v1/{collection}/batch", items, 200).json
    assert [line["status"] for line in answer["results"]] == [201] * 7 + [422] + [201] * 22 + [200, 409, 201]
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (30, 1, 2)
    assert shop.api.get(f"/v1/{collection}/external:m29").json["id"] == answer["results"][29]["id"]
    assert len(shop.api.pages(f"/v1/{collection}", limit=11)) == 30
