"""What every KPI answer keeps: names, working, reasons, intervals of confidence, freshness."""
from datetime import date, datetime, timedelta, timezone
from math import sqrt

import pytest

CATALOGUE = {
    "awareness": ["unique_visitors", "followers", "discovery_channels", "impressions", "cost_per_impression", "click_through_rate", "marketing_spend", "customer_acquisition_cost", "cost_per_acquisition"],
    "consideration": ["sessions", "average_session_duration", "pages_per_session", "bounce_rate", "engagement_rate", "email_open_rate", "email_click_rate"],
    "conversion": ["conversion_rate", "orders", "net_sales", "average_order_value", "new_customers", "acquisition_rate", "cart_abandonment_rate", "abandoned_value", "cart_recovery_rate"],
    "retention": ["active_customers", "transaction_frequency", "repeat_purchase_rate", "returning_customer_rate", "retention_rate", "churn_rate",
                  "reactivated_customers", "order_value_first", "order_value_repeat", "days_between_orders", "csat", "ces"],
    "loyalty": ["nps", "loyalty_participation_rate", "subscription_renewal_rate"],
    "advocacy": ["referred_customers", "referral_participation_rate", "referral_value", "reviews", "average_rating"],
    "value": ["gross_margin", "clv_simple", "clv_historic", "clv_predictive", "clv_to_cac", "cac_payback_months"]}
NAMES = [name for names in CATALOGUE.values() for name in names]
UNITS = {"count": ["impressions", "orders", "new_customers", "active_customers", "reactivated_customers", "unique_visitors", "followers", "sessions", "pages_per_session",
                   "referred_customers", "reviews"],
         "money": ["cost_per_impression", "marketing_spend", "customer_acquisition_cost", "cost_per_acquisition", "net_sales", "average_order_value",
                   "order_value_first", "order_value_repeat", "gross_margin", "clv_simple", "clv_historic", "clv_predictive",
                   "abandoned_value", "referral_value"],
         "seconds": ["average_session_duration"], "list": ["discovery_channels"],
         "ratio": ["bounce_rate", "engagement_rate", "email_open_rate", "email_click_rate", "cart_abandonment_rate", "cart_recovery_rate", "loyalty_participation_rate",
                   "subscription_renewal_rate", "referral_participation_rate", "click_through_rate", "conversion_rate", "acquisition_rate", "repeat_purchase_rate", "returning_customer_rate", "retention_rate", "churn_rate", "csat"],
         "score": ["nps", "ces", "average_rating"], "days": ["days_between_orders"], "months": ["cac_payback_months"], "number": ["transaction_frequency", "clv_to_cac"]}
SUMS = ["unique_visitors", "followers", "discovery_channels", "sessions", "abandoned_value", "referred_customers", "referral_value", "reviews", "impressions", "marketing_spend", "orders", "net_sales", "new_customers", "gross_margin", "active_customers", "reactivated_customers"]
PROPORTIONS = ["click_through_rate", "conversion_rate", "acquisition_rate", "repeat_purchase_rate", "returning_customer_rate", "retention_rate", "churn_rate", "csat"]
# Proportions of what this shop has none of, or only sometimes proportions.
AMONG_OTHERS = ["bounce_rate", "email_open_rate", "email_click_rate", "cart_abandonment_rate", "cart_recovery_rate", "loyalty_participation_rate",
                "subscription_renewal_rate", "referral_participation_rate"]
PLACES = {"money": 4, "ratio": 6, "score": 4, "days": 4, "number": 6, "months": 4, "seconds": 4, "count": 4, "list": 0}
WINDOW = ("2025-02-01", "2025-03-01")


@pytest.fixture(scope="module")
def busy(shops):
    """A shop with something for every KPI."""
    shop = shops()
    orders = [{"external_id": f"o{number}", "customer": {"external_id": f"c{number % 13}"}, "currency": "EUR", "total": 1000 + 37 * number, "test": number % 11 == 10,
               "ordered_at": (datetime(2025, 1, 3, 12, tzinfo=timezone.utc) + timedelta(days=number)).isoformat()} for number in range(60)]
    orders += [{"external_id": "late", "customer": {"external_id": "newcomer"}, "currency": "EUR", "total": 77, "ordered_at": "2025-02-03T00:00:00Z"}]
    shop.batch("/v1/orders", orders)
    shop.api.post("/v1/campaigns", {"external_id": "c", "name": "C"})
    shop.api.put("/v1/campaigns/external:c/days/2025-02-05", {"sent": 90, "bounced": 7, "unopened": 40, "impressions": 1000, "clicks": 31, "interactions": 200,
                                                              "conversions": 9, "spend": 4321, "currency": "EUR"})
    shop.api.post("/v1/spend", {"date": "2025-02-06", "amount": 999, "currency": "EUR", "category": "sales"})
    for kind, top in (("nps", 10), ("csat", 5), ("ces", 7)):
        shop.api.post("/v1/surveys", {"external_id": kind, "kind": kind, "name": kind})
        shop.batch(f"/v1/surveys/external:{kind}/responses", [{"score": score, "answered_at": "2025-02-07T12:00:00Z"} for score in range(1, top + 1)])
    yield shop
    shop.close()


def test_the_catalogue_lists_every_kpi_with_its_stage_and_unit(api):
    entries = {entry["name"]: entry for entry in api.get("/v1/kpis").json["items"]}
    for stage, names in CATALOGUE.items():
        for name in names:
            assert entries[name]["stage"] == stage, name
    for unit, names in UNITS.items():
        for name in names:
            assert entries[name]["unit"] == unit, name
    assert len({entry["title"] for entry in entries.values()}) == len(entries)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_repeats_its_definition(busy, name):
    entry = next(entry for entry in busy.api.get("/v1/kpis").json["items"] if entry["name"] == name)
    answer = busy.kpi(name, *WINDOW)
    assert (answer["kpi"], answer["stage"], answer["unit"]) == (name, entry["stage"], entry["unit"])
    assert answer["definition"] == {"formula": entry["formula"], "version": entry["version"]}
    assert (answer["from"], answer["to"], answer["time_zone"]) == (*WINDOW, "UTC")
    assert answer["currency"] == ("EUR" if entry["unit"] == "money" else None)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_its_numerator_by_its_denominator(busy, name):
    answer = busy.kpi(name, *WINDOW)
    value, above, below = answer["value"], answer["numerator"], answer["denominator"]
    assert value is not None or answer["reason"]
    if value is not None and above is not None and below:
        scale = 100 if name == "nps" else 1
        assert abs(float(value) - scale * float(above) / float(below)) <= 10.0 ** -PLACES[answer["unit"]], answer
    if value is not None:
        assert -value.as_tuple().exponent <= PLACES[answer["unit"]] if hasattr(value, "as_tuple") else True


@pytest.mark.parametrize("name", NAMES)
def test_a_shop_without_facts_has_sums_of_zero_and_no_quotients(shop, name):
    answer = shop.kpi(name, "2024-01-01", "2024-02-01")
    if name in SUMS:
        assert (answer["value"], answer["reason"]) == (0, None)
    else:
        assert answer["value"] is None and answer["reason"] and answer["confidence_interval"] is None
    series = shop.kpi(name, "2024-01-01", "2024-03-01", interval="month")["series"]
    assert [point["value"] for point in series] == [answer["value"]] * 2


@pytest.mark.parametrize("name", ["impressions", "marketing_spend", "orders", "net_sales", "new_customers", "gross_margin"])
@pytest.mark.parametrize("interval", ["day", "week", "month", "quarter", "year"])
def test_a_series_sums_to_the_whole(busy, name, interval):
    answer = busy.kpi(name, "2025-01-01", "2025-04-11", interval=interval)
    assert sum(point["value"] for point in answer["series"]) == answer["value"] > 0
    assert answer["series"][0]["from"] == "2025-01-01" and answer["series"][-1]["to"] == "2025-04-11"
    assert all(one["to"] == other["from"] for one, other in zip(answer["series"], answer["series"][1:]))


@pytest.mark.parametrize("name", NAMES)
def test_each_point_of_a_series_is_the_kpi_of_its_window(busy, name):
    for point in busy.kpi(name, "2025-01-15", "2025-03-20", interval="month")["series"]:
        alone = busy.kpi(name, point["from"], point["to"])
        assert {key: alone[key] for key in point} == point


def _wilson(hits, n, z=1.959963984540054):
    centre, spread = hits / n + z * z / (2 * n), z * sqrt(hits / n * (1 - hits / n) / n + z * z / (4 * n * n))
    return (centre - spread) / (1 + z * z / n), (centre + spread) / (1 + z * z / n)


@pytest.mark.parametrize("name", PROPORTIONS)
def test_a_proportion_has_its_wilson_interval(busy, name):
    answer = busy.kpi(name, *WINDOW)
    interval, (low, high) = answer["confidence_interval"], _wilson(float(answer["numerator"]), float(answer["denominator"]))
    assert answer["denominator"] > 0 and float(interval["level"]) == 0.95
    assert abs(float(interval["low"]) - low) < 2e-5 and abs(float(interval["high"]) - high) < 2e-5
    assert 0 <= interval["low"] <= answer["value"] <= interval["high"] <= 1


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (*PROPORTIONS, "nps", *AMONG_OTHERS)])
def test_what_is_no_proportion_has_no_wilson_interval(busy, name):
    interval = busy.kpi(name, *WINDOW)["confidence_interval"]
    assert interval is None or interval["method"] != "wilson"


def test_nps_has_its_margin_of_error(busy):
    p, d, n = 2 / 10, 6 / 10, 10
    margin = 1.959963984540054 * 100 * sqrt((p + d - (p - d) ** 2) / n)
    answer = busy.api.get("/v1/nps", query={"from": WINDOW[0], "to": WINDOW[1]}).json
    assert (answer["score"], answer["responses"]) == (-40, 10)
    assert abs(float(answer["margin_of_error"]) - margin) < 6e-5
    assert abs(float(answer["confidence_interval"]["low"]) - (-40 - margin)) < 6e-5 and abs(float(answer["confidence_interval"]["high"]) - (-40 + margin)) < 6e-5
    kpi = busy.kpi("nps", *WINDOW)
    assert kpi["value"] == -40 and kpi["confidence_interval"] == answer["confidence_interval"]


def test_an_nps_series_has_all_of_its_parts(busy):
    answer = busy.api.get("/v1/nps", query={"from": "2025-01-01", "to": "2025-04-01", "interval": "month"}).json
    assert [point["responses"] for point in answer["series"]] == [0, 10, 0] and [point["score"] for point in answer["series"]] == [None, -40, None]
    assert answer["series"][1]["distribution"] == answer["distribution"] == [0] + [1] * 10


def test_tests_are_counted_apart(busy):
    answer = busy.kpi("orders", "2025-01-01", "2025-04-11")
    assert answer["excluded"] == {"test": 5, "unconverted_currency": 0} and answer["value"] == 56


def test_the_dashboard_is_every_kpi_by_stage(busy):
    board = busy.api.get("/v1/dashboard", query={"from": WINDOW[0], "to": WINDOW[1]}).json
    assert {stage["stage"]: {kpi["kpi"] for kpi in stage["kpis"]} >= set(CATALOGUE[stage["stage"]]) for stage in board["stages"] if stage["stage"] in CATALOGUE} \
        == {stage: True for stage in CATALOGUE}
    for stage in board["stages"]:
        for kpi in stage["kpis"]:
            alone = busy.kpi(kpi["kpi"], *WINDOW)
            assert {**kpi, "as_of": None} == {**alone, "as_of": None}


def test_the_dashboard_takes_an_interval(busy):
    board = busy.api.get("/v1/dashboard", query={"from": "2025-01-01", "to": "2025-04-01", "interval": "month"}).json
    assert all(len(kpi["series"]) == 3 for stage in board["stages"] for kpi in stage["kpis"])


def test_the_default_window_is_the_last_30_days_with_today(new_shop):
    shop = new_shop(settings={"time_zone": "Pacific/Kiritimati"})
    today = (datetime.now(timezone.utc) + timedelta(hours=14)).date()
    answer = shop.kpi("orders")
    assert (answer["from"], answer["to"]) in [((day - timedelta(days=29)).isoformat(), (day + timedelta(days=1)).isoformat()) for day in (today, today + timedelta(days=1))]
    only_to = shop.kpi("orders", None, "2025-02-01")
    assert (only_to["from"], only_to["to"]) == ("2025-01-02", "2025-02-01")


def test_an_acknowledged_write_is_in_the_very_next_answer(new_shop):
    shop = new_shop()
    other = shop.client()
    today = date.today().isoformat()
    window = {"from": "2020-01-01", "to": "2100-01-01"}
    for number in range(1, 30):
        shop.order({"external_id": f"c{number}"}, f"{today}T00:00:00Z", 10)
        assert other.get("/v1/kpis/orders", query=window).json["value"] == number
        assert other.get("/v1/kpis/net_sales", query=window).json["value"] == 10 * number


def test_late_facts_change_the_past(new_shop):
    shop = new_shop()
    shop.order({"external_id": "c"}, "2025-03-01T12:00:00Z", 100)
    assert shop.value("new_customers", "2025-03-01", "2025-03-02") == 1
    shop.order({"external_id": "c"}, "2025-02-01T12:00:00Z", 100)
    assert shop.value("new_customers", "2025-03-01", "2025-03-02") == 0 and shop.value("new_customers", "2025-02-01", "2025-02-02") == 1


@pytest.mark.parametrize("query", [
    {"from": "2025-02-01", "to": "2025-02-01"}, {"from": "2025-02-02", "to": "2025-02-01"}, {"from": "2025-02-30"}, {"to": "tomorrow"}, {"from": "2025-02-01T00:00:00Z"},
    {"interval": "decade"}, {"interval": "day", "from": "1900-01-01", "to": "2025-01-01"}, {"basis": "paid_media"}, {"until": "2025-01-01"}, {"refunds": "never"}, {"colour": "red"},
    {"lifetime_months": "5"}, {"from": "0000-01-01"}, {"to": "10000-01-01"}])
def test_a_window_or_parameter_that_cannot_be_is_refused(api, query):
    answer = api.get("/v1/kpis/orders", 400, query=query)
    assert answer.code == "invalid_parameter" and answer.places <= {"from", "to", "interval", "basis", "until", "refunds", "colour", "lifetime_months"}


def test_an_unknown_kpi_is_not_found(api):
    assert api.get("/v1/kpis/happiness", 404).code == "not_found"


def test_a_window_of_ten_thousand_years_is_answered(busy):
    assert busy.value("orders", "0001-01-01", "9999-12-31") == 56


def test_an_unchanged_answer_costs_a_304_and_a_changed_one_does_not(new_shop):
    shop = new_shop()
    query = {"from": "2025-01-01", "to": "2025-02-01"}
    shop.order({"external_id": "a"}, "2025-01-05T12:00:00Z", 100)
    for path in ("/v1/kpis/orders", "/v1/dashboard", "/v1/nps", "/v1/cohorts"):
        asked = {} if path == "/v1/cohorts" else query
        tag = shop.api.get(path, query=asked).headers["ETag"]
        answer = shop.api.send("GET", path, query=asked, headers={"If-None-Match": tag})
        assert answer.status in (200, 304)
    tag = shop.api.get("/v1/kpis/orders", query=query).headers["ETag"]
    shop.order({"external_id": "b"}, "2025-01-06T12:00:00Z", 100)
    answer = shop.api.get("/v1/kpis/orders", 200, query=query, headers={"If-None-Match": tag})
    assert answer.json["value"] == 2 and answer.headers["ETag"] != tag


def test_clv_predictive_is_one_by_churn_when_no_lifetime_is_given(new_shop):
    """Two customers in January, one of them again in February: half of them leave in a month, so a lifetime is two months."""
    shop = new_shop()
    for customer, at in (("a", "2025-01-10"), ("b", "2025-01-20"), ("a", "2025-02-10")):
        shop.order({"external_id": customer}, f"{at}T12:00:00Z", 1000)
    given = shop.value("clv_predictive", "2025-01-01", "2025-03-01", lifetime_months=2)
    assert given == 1500, "3 orders / 2 customers / 2 months x 1000 x 1 x 2"
    answer = shop.kpi("clv_predictive", "2025-01-01", "2025-03-01")
    assert (answer["value"] is None) == (answer["reason"] is not None)
