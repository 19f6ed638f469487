"""The lifetime value of one customer: how it is asked for, what counts, and why there may be none."""
from datetime import datetime, timezone

import pytest

UNTIL = "2025-12-31"


def _value(shop, ref, status=200, **query):
    return shop.api.get(f"/v1/customers/{ref}/value", status, query={"until": UNTIL, **query}).json


@pytest.fixture(scope="module", autouse=True)
def _facts(shop):
    shop.order({"external_id": "ann", "email": "Ann@Example.com", "visitor_id": "v-1"}, "2025-01-15T12:00:00Z", 1000, external_id="a1")
    shop.order("external:ann", "2025-03-15T12:00:00Z", 500, external_id="a2")
    shop.refund("external:a2", 200, "2025-04-01T12:00:00Z")
    shop.api.post("/v1/orders", {"customer": "external:ann", "ordered_at": "2025-05-15T12:00:00Z", "currency": "EUR", "total": 999, "status": "pending"})
    shop.order("external:ann", "2025-06-15T12:00:00Z", 999, external_id="gone")
    shop.api.post("/v1/orders/external:gone/cancel", {}, 200)


def test_every_reference_names_the_same_customer(shop):
    answer = _value(shop, "external:ann", lifetime_months=6)
    assert (answer["orders"], answer["net_sales"], answer["clv_simple"], answer["clv_historic"]) == (2, 1300, 1300, 1300)
    for ref in (answer["customer_id"], "email:ann@example.com", "email:ANN@example.com", "visitor:v-1"):
        assert {**_value(shop, ref, lifetime_months=6), "as_of": None} == {**answer, "as_of": None}


@pytest.mark.parametrize("ref", ["external:nobody", "email:nobody@example.com", "visitor:nobody", "019c4d05-7cd3-7099-8580-6b0d6f03675a"])
def test_who_is_not_known_is_not_found(shop, ref):
    assert _value(shop, ref, 404)["code"] == "not_found"


def test_until_takes_its_whole_day_and_is_today_by_default(new_shop):
    shop = new_shop(settings={"time_zone": "America/New_York"})
    shop.order({"external_id": "a"}, "2025-07-01T03:59:59Z", 100)  # 30 June there
    shop.order("external:a", "2025-07-01T04:00:00Z", 10)
    assert [_value(shop, "external:a", until=day)["orders"] for day in ("2025-06-29", "2025-06-30", "2025-07-01")] == [0, 1, 2]
    shop.order("external:a", datetime.now(timezone.utc).isoformat(), 1)
    assert shop.api.get("/v1/customers/external:a/value").json["net_sales"] == 111


def test_one_customer_alone_is_the_mean_of_all(shop):
    alone = _value(shop, "external:ann")
    for name in ("clv_simple", "clv_historic"):
        assert shop.value(name, "2025-01-01", "2025-02-01", until=UNTIL) == alone[name], "nobody else is here"


def test_why_there_is_no_prediction(new_shop):
    shop = new_shop()
    shop.api.post("/v1/customers", {"external_id": "quiet"})
    shop.order({"external_id": "a"}, "2025-01-15T12:00:00Z", 1000, external_id="o")
    assert _value(shop, "external:quiet")["reasons"] == {"clv_predictive": "no_orders"}
    assert _value(shop, "external:a")["reasons"] == {"clv_predictive": "no_previous_customers"}
    shop.order({"external_id": "b"}, "2024-06-15T12:00:00Z", 1000)
    answer = _value(shop, "external:a")
    assert (answer["lifetime_months"], answer["reasons"]) == (12, {}), "the one customer of 2024 did not come back in 2025"
    shop.order({"external_id": "b"}, "2025-06-15T12:00:00Z", 1000)
    assert _value(shop, "external:a")["reasons"] == {"clv_predictive": "churn_is_zero"}
    assert _value(shop, "external:a", lifetime_months=5)["reasons"] == {}
    shop.refund("external:o", 1000, "2025-02-01T12:00:00Z")
    answer = _value(shop, "external:a", lifetime_months=5)
    assert (answer["clv_simple"], answer["clv_predictive"], answer["reasons"]) == (0, None, {"clv_predictive": "no_net_sales"})


def test_what_is_left_out_is_counted(new_shop):
    shop = new_shop()
    shop.order({"external_id": "a"}, "2025-01-15T12:00:00Z", 1000, external_id="o")
    shop.refund("external:o", 300, "2025-02-01T12:00:00Z")
    shop.order({"external_id": "a"}, "2025-01-16T12:00:00Z", 1000, test=True)
    shop.api.patch("/v1/settings", {"base_currency": "USD"})
    answer = _value(shop, "external:a", lifetime_months=5)
    assert answer["excluded"] == {"test": 1, "unconverted_currency": 2}
    assert (answer["orders"], answer["clv_simple"], answer["clv_predictive"], answer["average_order_value"]) == (1, 0, None, None)


def test_customers_who_are_one_person_have_one_value(new_shop):
    shop = new_shop()
    ids = [shop.order({"external_id": name}, "2025-01-15T12:00:00Z", price)["customer_id"] for name, price in (("a", 100), ("b", 20), ("c", 3))]
    shop.link(ids[0], ids[1])
    for name in "ab":
        answer = _value(shop, f"external:{name}")
        assert (answer["customer_id"], answer["orders"], answer["net_sales"]) == (ids[1], 2, 120)
    assert _value(shop, "external:c")["net_sales"] == 3


def test_an_unchanged_answer_costs_a_304(shop):
    path, query = "/v1/customers/external:ann/value", {"until": UNTIL, "lifetime_months": 6}
    tag = shop.api.get(path, query=query).headers["ETag"]
    shop.api.get(path, 304, query=query, headers={"If-None-Match": tag})


@pytest.mark.parametrize("query, place", [({"until": "2025-02-30"}, "until"), ({"lifetime_months": 0}, "lifetime_months"),
                                          ({"lifetime_months": "long"}, "lifetime_months"), ({"from": "2025-01-01"}, "from")])
def test_parameters_that_cannot_be_are_refused(shop, query, place):
    answer = shop.api.get("/v1/customers/external:ann/value", 400, query=query)
    assert answer.code == "invalid_parameter" and answer.places == {place}


@pytest.mark.parametrize("until, reason", [("0001-01-01", "no_orders"), ("9999-12-31", "no_previous_customers")])
def test_the_ends_of_the_calendar(shop, until, reason):
    answer = _value(shop, "external:ann", until=until)
    assert (answer["until"], answer["lifetime_months"], answer["reasons"]) == (until, None, {"clv_predictive": reason})
    assert _value(shop, "external:ann", until=until, lifetime_months=5)["lifetime_months"] == 5
