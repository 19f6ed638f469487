"""The facts behind a KPI: they are the very ones, and they add up to its numerator and to its denominator."""
import pytest

WINDOW = ("2025-02-01", "2025-03-01")
UNTIL = "2025-12-31"


@pytest.fixture(scope="module")
def facts(shop):
    """
    Cost is known for half of ann's second order; the declared margin is 0.5.
    ann   10 Jan 1000, 5 Feb 2000 (cost 300 of 1000), 20 Feb 3000
    bob   10 Feb 4000, of which 1000 go back on 25 Feb; 12 Mar 700
    guest is bob as well, 20 Dec 500
    """
    shop.api.patch("/v1/settings", {"default_gross_margin": 0.5})
    made = {}
    for name, customer, at, total in (("a1", "ann", "2025-01-10", 1000), ("a3", "ann", "2025-02-20", 3000), ("b1", "bob", "2025-02-10", 4000), ("b2", "bob", "2025-03-12", 700),
                                      ("g1", "guest", "2024-12-20", 500)):
        made[name] = shop.order({"external_id": customer}, f"{at}T12:00:00Z", total, external_id=name)
    made["a2"] = shop.order("external:ann", "2025-02-05T12:00:00Z", None, items=[{"quantity": 1, "unit_price": 1000, "unit_cost": 300}, {"quantity": 1, "unit_price": 1000}])
    shop.order("external:ann", "2025-02-06T12:00:00Z", 50, test=True)
    made["foreign"] = shop.order("external:ann", "2025-02-07T12:00:00Z", 50, currency="USD", exchange_rate=1)
    made["refund"] = shop.refund("external:b1", 1000, "2025-02-25T12:00:00Z")
    shop.link(made["g1"]["customer_id"], made["b1"]["customer_id"])
    return made


def _members(shop, name, window=WINDOW, limit=2, **query):
    return shop.api.pages(f"/v1/kpis/{name}/members", limit=limit, **{"from": window[0], "to": window[1]}, **query)


def _ids(items):
    return [item["id"] for item in items]


def test_orders_newest_first(shop, facts):
    items = _members(shop, "orders")
    assert _ids(items) == [facts[name]["id"] for name in ("a3", "b1", "foreign", "a2")]
    assert items[0] == {"kind": "order", "id": facts["a3"]["id"], "customer_id": facts["a3"]["customer_id"], "at": "2025-02-20T12:00:00Z", "amount": None}


def test_money_has_amounts_and_refunds_take_theirs_off(shop, facts):
    items = _members(shop, "net_sales")
    assert [(item["kind"], item["id"], item["amount"]) for item in items] == [
        ("refund", facts["refund"]["id"], -1000), ("order", facts["a3"]["id"], 3000), ("order", facts["b1"]["id"], 4000), ("order", facts["foreign"]["id"], 50),
        ("order", facts["a2"]["id"], 2000)]
    assert all(item["kind"] == "order" for item in _members(shop, "average_order_value"))
    assert _ids(_members(shop, "average_order_value", refunds="on_refund_date")) == _ids(items)


def test_a_margin_is_that_of_each_order(shop, facts):
    # a2: 1000 - 300 + 1000 x 0.5
    assert {item["id"]: item["amount"] for item in _members(shop, "gross_margin")} == {
        facts["refund"]["id"]: -500, facts["a3"]["id"]: 1500, facts["b1"]["id"]: 2000, facts["foreign"]["id"]: 25, facts["a2"]["id"]: 1200}


def test_customers_are_persons_with_the_order_that_made_them_count(shop, facts):
    items = _members(shop, "active_customers")
    assert [(item["kind"], item["id"], item["at"]) for item in items] == [("customer", facts["b1"]["customer_id"], "2025-02-10T12:00:00Z"),
                                                                           ("customer", facts["a1"]["customer_id"], "2025-02-05T12:00:00Z")]
    assert _members(shop, "new_customers") == []  # bob ordered as a guest
    assert _ids(_members(shop, "new_customers", ("2024-12-01", "2025-01-01"))) == [facts["b1"]["customer_id"]]
    assert _ids(_members(shop, "retention_rate")) == [facts["a1"]["customer_id"]]
    # an order of a linked row is the person's
    assert [(item["id"], item["customer_id"]) for item in _members(shop, "orders", ("2024-12-01", "2025-01-01"))] == [(facts["g1"]["id"], facts["b1"]["customer_id"])]


def test_either_part(shop, facts):
    assert _ids(_members(shop, "churn_rate")) == [] and _ids(_members(shop, "churn_rate", part="denominator")) == [facts["a1"]["customer_id"]]
    assert _ids(_members(shop, "churn_rate", part="numerator")) == []
    assert shop.api.get("/v1/kpis/orders/members", 400, query={"part": "denominator"}).places == {"part"}
    assert shop.api.get("/v1/kpis/orders/members", 400, query={"part": "half"}).places == {"part"}


def test_days_between_orders_are_amounts(shop, facts):
    # bob 20 Dec - 10 Feb: 52 days; ann 10 Jan - 5 Feb - 7 Feb - 20 Feb
    assert [(item["id"], item["amount"]) for item in _members(shop, "days_between_orders")] == [
        (facts["a3"]["id"], 13), (facts["b1"]["id"], 52), (facts["foreign"]["id"], 2), (facts["a2"]["id"], 26)]


def test_customer_value_lists_everything_until_a_day(shop, facts):
    window = ("2024-12-01", "2025-01-01")
    assert _ids(_members(shop, "clv_simple", window, until="2025-02-28")) == [facts[name]["id"] for name in ("refund", "b1", "g1")]
    assert _ids(_members(shop, "clv_simple", window, until=UNTIL)) == [facts[name]["id"] for name in ("b2", "refund", "b1", "g1")]
    assert _ids(_members(shop, "clv_historic", window, part="denominator", until=UNTIL)) == [facts["b1"]["customer_id"]]


def test_customer_value_lists_what_the_customers_cost(new_shop):
    shop = new_shop()
    order = shop.order({"external_id": "c"}, "2025-02-05T12:00:00Z", 1000)
    cost = "01950000-0000-7000-8000-000000000001"
    for number, currency, at in ((1, "EUR", "2025-03-01"), (2, "USD", "2025-03-01"), (3, "EUR", "2025-04-01")):
        shop.sql("INSERT INTO costs (customer_id, cost_id, kind, amount, currency, base_currency, base_amount, incurred_at, created_at)"
                 " VALUES (%s, %s, 'service', 70, %s, %s, 70, %s, now())", order["customer_id"], cost[:-1] + str(number), currency, currency, f"{at}T12:00:00Z")
    for name in ("clv_simple", "clv_historic"):
        assert [(item["kind"], item["id"], item["amount"]) for item in _members(shop, name, limit=1, until="2025-03-31")] == [("cost", cost, -70), ("order", order["id"], 1000)]
        assert len(_members(shop, name, part="denominator", until="2025-03-31")) == 1


def test_marketing_is_listed_by_day(new_shop):
    shop = new_shop()
    campaign = shop.api.post("/v1/campaigns", {"external_id": "k", "name": "K"}).json["id"]
    for day in (3, 4, 5):
        shop.api.put(f"/v1/campaigns/external:k/days/2025-02-0{day}", {"impressions": 10 * day, "spend": day, "currency": "EUR", **({"sent": 9, "unopened": 2} if day == 4 else {})})
    spend = shop.api.post("/v1/spend", {"date": "2025-02-04", "amount": 500, "currency": "EUR", "category": "sales", "paid_media": True}).json["id"]
    assert [(item["kind"], item["id"], item["at"], item["amount"], item["customer_id"]) for item in _members(shop, "impressions", limit=1)] == [
        ("campaign_day", campaign, "2025-02-05", 50, None), ("campaign_day", campaign, "2025-02-04", 47, None), ("campaign_day", campaign, "2025-02-03", 30, None)]
    assert sorted((item["id"], item["amount"]) for item in _members(shop, "customer_acquisition_cost", limit=1)) == sorted([(campaign, 3), (campaign, 4), (campaign, 5), (spend, 500)])
    # paid media: not the day that sent e-mail
    assert sorted(item["amount"] for item in _members(shop, "customer_acquisition_cost", basis="paid_media")) == [3, 5, 500]
    assert [item["amount"] for item in _members(shop, "cost_per_impression")] == [5, 4, 3]


def test_answers_are_listed_without_their_text(new_shop):
    shop = new_shop()
    for kind in ("nps", "csat", "ces"):
        shop.api.post("/v1/surveys", {"external_id": kind, "kind": kind, "name": kind})
    named = shop.customer("c")["id"]
    given = {}
    for kind, scores in (("nps", (10, 9, 8, 6, 0)), ("csat", (5, 4, 3)), ("ces", (7, 1))):
        for score in scores:
            body = {"score": score, "answered_at": f"2025-02-{score + 1:02}T12:00:00Z", **({"customer": "external:c"} if score == 10 else {})}
            given[kind, score] = shop.api.post(f"/v1/surveys/external:{kind}/responses", body).json["id"]
    shop.api.post("/v1/surveys/external:nps/responses", {"answered_at": "2025-02-01T12:00:00Z"})  # skipped
    assert _members(shop, "nps")[0] == {"kind": "response", "id": given["nps", 10], "customer_id": named, "at": "2025-02-11T12:00:00Z", "amount": 1}
    assert [(item["id"], item["customer_id"], item["amount"]) for item in _members(shop, "nps")][1:] == [(given["nps", 9], None, 1), (given["nps", 6], None, -1), (given["nps", 0], None, -1)]
    assert len(_members(shop, "nps", part="denominator")) == 5
    assert _ids(_members(shop, "csat")) == [given["csat", 5], given["csat", 4]]
    assert [item["amount"] for item in _members(shop, "ces")] == [7, 1]


def test_kpis_that_no_single_facts_make_up_say_so(shop):
    entries = {entry["name"]: entry["members"] for entry in shop.api.get("/v1/kpis").json["items"]}
    for name in ("clv_predictive", "clv_to_cac", "cac_payback_months"):
        assert entries[name] == []
        answer = shop.api.get(f"/v1/kpis/{name}/members", 404)
        assert answer.code == "not_found" and "single facts" in answer.json["detail"]
    assert entries["orders"] == ["numerator"] and entries["nps"] == entries["clv_historic"] == ["numerator", "denominator"]
    assert shop.api.get("/v1/kpis/happiness/members", 404).code == "not_found"


@pytest.mark.parametrize("query", [{"cursor": "nonsense"}, {"limit": 0}, {"from": "2025-02-01", "to": "2025-01-01"}, {"basis": "paid_media"}, {"until": UNTIL}, {"interval": "day"}, {"group_by": "channel"}])
def test_parameters_that_do_not_fit_are_refused(api, query):
    answer = api.get("/v1/kpis/orders/members", 400, query=query)
    assert answer.code == "invalid_parameter" and answer.places & set(query)


def test_a_cursor_of_instants_is_none_of_days(shop, facts):
    cursor = shop.api.get("/v1/kpis/orders/members", query={"from": WINDOW[0], "to": WINDOW[1], "limit": 1}).json["next"]
    assert shop.api.get("/v1/kpis/impressions/members", 400, query={"cursor": cursor}).places == {"cursor"}


def test_pages_go_on_behind_the_last_item_while_facts_arrive(new_shop):
    """Keyset: nothing is seen twice; what sorts behind the cursor is seen, what sorts before it is not."""
    shop = new_shop()
    for day in (2, 4, 6, 8):
        shop.order({"external_id": "c"}, f"2025-02-0{day}T12:00:00Z", day, external_id=f"o{day}")
    query = {"from": WINDOW[0], "to": WINDOW[1], "limit": 2}
    first = shop.api.get("/v1/kpis/net_sales/members", query=query).json
    shop.order({"external_id": "c"}, "2025-02-07T12:00:00Z", 7)
    shop.order({"external_id": "c"}, "2025-02-03T12:00:00Z", 3)
    rest = shop.api.pages("/v1/kpis/net_sales/members", **{**query, "cursor": first["next"]})
    assert [item["amount"] for item in first["items"]] == [8, 6]
    assert [item["amount"] for item in rest] == [4, 3, 2]


def test_every_kpi_that_has_members_adds_up_to_its_parts(new_shop):
    """Facts of every family; the items, or their amounts, are the numerator and the denominator of each KPI."""
    shop = new_shop()
    post, day = shop.api.post, "2025-02-{:02}T12:00:00Z".format
    for n in range(1, 4):
        shop.order({"external_id": f"c{n}"}, day(n), 1000 * n, cart=f"k{n}")
        post("/v1/touchpoints", {"kind": "visit", "customer": f"external:c{n}", "at": day(n), "pages": n, "duration_seconds": 10 * n})
        post("/v1/reviews", {"customer": f"external:c{n}", "rating": n, "reviewed_at": day(n + 3)})
        post("/v1/costs", {"customer": f"external:c{n}", "kind": "service", "amount": 7 * n, "currency": "EUR", "incurred_at": day(n + 3)})
    post("/v1/touchpoints", {"kind": "visit", "visitor": "v", "at": day(5)})
    for n, hour in ((1, "11:50"), (2, "09:00"), (4, "09:00"), (5, "10:00")):
        shop.api.put(f"/v1/carts/k{n}", {"visitor": f"w{n}", "value": 100 * n, "currency": "EUR", "updated_at": f"2025-02-0{n}T{hour}:00Z"})
    post("/v1/loyalty/members", {"customer": "external:c1", "joined_at": day(1)})
    post("/v1/referrals", {"referrer": "external:c1", "customer": "external:c2", "referred_at": day(2)})
    seen = 0
    for entry in shop.api.get("/v1/kpis").json["items"]:
        answer = shop.kpi(entry["name"], *WINDOW)
        for part in entry["members"]:
            items = _members(shop, entry["name"], part=part)
            total = sum(item["amount"] if item["amount"] is not None else 1 for item in items)
            assert abs(total - (answer[part] if answer[part] is not None else 0)) < 0.001, (entry["name"], part, total, answer[part])
            assert len({(item["kind"], item["id"], item["at"]) for item in items}) == len(items)
            seen += bool(items)
    assert seen > 40
    assert len(_members(shop, "cart_abandonment_rate")) == 3 and [item["kind"] for item in _members(shop, "reviews")] == ["review"] * 3
