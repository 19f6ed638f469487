"""KPIs beside those of an earlier window: which window that is, what changed, and whether it is more than chance."""
import csv
import io
from decimal import Decimal

import pytest

WINDOW = ("2025-02-01", "2025-03-01")
PERIOD, YEAR = ("2025-01-04", "2025-02-01"), ("2024-02-01", "2024-03-01")  # 28 days before, and the year before


@pytest.fixture(scope="module", autouse=True)
def _facts(shop):
    shop.api.post("/v1/campaigns", {"external_id": "k", "name": "K"})
    for day, interactions, conversions in (("2025-02-10", 2000, 100), ("2025-01-15", 2000, 60), ("2024-02-10", 1000, 40)):
        shop.api.put(f"/v1/campaigns/external:k/days/{day}", {"interactions": interactions, "conversions": conversions, "spend": 5000, "currency": "EUR"})
    for customer, at, total in (("p", "2024-02-10", 1000), ("p", "2024-03-20", 500), ("p", "2024-04-05", 9999), ("p", "2025-01-20", 300), ("q", "2025-01-21", 500),
                                ("q", "2025-02-05", 800), ("r", "2025-02-10", 2000), ("r", "2025-02-20", 200)):
        shop.order({"external_id": customer}, f"{at}T12:00:00Z", total)
    shop.api.post("/v1/surveys", {"external_id": "n", "kind": "nps", "name": "N"})
    # promoters, passives, detractors
    for day, counts in (("2025-02-10", (60, 28, 12)), ("2025-01-10", (40, 28, 32)), ("2024-02-10", (5, 3, 1))):
        shop.batch("/v1/surveys/external:n/responses", [{"score": score, "answered_at": f"{day}T12:00:00Z"} for score, count in zip((10, 7, 2), counts) for _ in range(count)])


def _previous(shop, name, how, window=WINDOW, **query):
    return shop.kpi(name, *window, compare=how, **query)["previous"]


@pytest.mark.parametrize("how, window, earlier", [
    ("previous_period", WINDOW, PERIOD), ("previous_year", WINDOW, YEAR),
    ("previous_period", ("2026-01-01", "2026-04-01"), ("2025-10-03", "2026-01-01")),
    ("previous_year", ("2024-02-29", "2024-03-31"), ("2023-02-28", "2023-03-31")),
    ("previous_year", ("2024-02-28", "2024-02-29"), ("2023-02-28", "2023-03-01")),
    ("previous_year", ("2023-01-01", "2025-01-01"), ("2022-01-01", "2024-01-01"))])
def test_the_earlier_window(shop, how, window, earlier):
    previous = _previous(shop, "orders", how, window)
    assert (previous["from"], previous["to"]) == earlier
    assert previous["value"] == shop.value("orders", *earlier)


def test_a_proportion_that_changed(shop):
    # 100/2000 and 60/2000: p = 0.04, z = 0.02 / sqrt(0.04 x 0.96 x 2/2000) = 3.23
    previous = _previous(shop, "conversion_rate", "previous_period")
    assert (previous["value"], previous["numerator"], previous["denominator"]) == (Decimal("0.03"), 60, 2000)
    assert (previous["change"], previous["change_ratio"]) == (Decimal("0.02"), Decimal("0.666667"))
    assert (previous["significant"], previous["reason"]) == (True, None)


def test_a_proportion_that_did_not(shop):
    # 100/2000 and 40/1000: p = 140/3000, z = 0.01 / sqrt(0.046667 x 0.953333 x (1/2000 + 1/1000)) = 0.01 / 0.008169 = 1.22
    previous = _previous(shop, "conversion_rate", "previous_year")
    assert (previous["change"], previous["change_ratio"], previous["significant"], previous["reason"]) == (Decimal("0.01"), Decimal("0.25"), False, None)


def test_too_few_customers_for_a_test(shop):
    # q and r in February, of whom r is new; p and q in January, of whom q is: 2 x 2/4 = 1 expected in each
    previous = _previous(shop, "acquisition_rate", "previous_period")
    assert (previous["numerator"], previous["denominator"]) == (1, 2)
    assert (previous["change"], previous["significant"], previous["reason"]) == (0, None, "too_few_data")


def test_counts_and_money_have_a_change_and_no_test(shop):
    orders = _previous(shop, "orders", "previous_period")
    assert (orders["value"], orders["change"], orders["change_ratio"], orders["significant"], orders["reason"]) == (2, 1, Decimal("0.5"), None, "no_test")
    # 3000 / 3 - 800 / 2
    assert [_previous(shop, "average_order_value", "previous_period")[name] for name in ("value", "change", "change_ratio")] == [400, 600, Decimal("1.5")]
    # 5000 / 100 - 5000 / 60: the exact difference is rounded, once
    cost = _previous(shop, "cost_per_acquisition", "previous_period")
    assert (cost["value"], cost["change"], cost["change_ratio"]) == (Decimal("83.3333"), Decimal("-33.3333"), Decimal("-0.4"))
    less = _previous(shop, "net_sales", "previous_period", ("2025-01-04", "2025-02-01"))
    assert (less["value"], less["change"], less["change_ratio"], less["reason"]) == (0, 800, None, "no_test")


def test_what_has_no_earlier_value_says_why(shop):
    previous = _previous(shop, "average_order_value", "previous_year", ("2024-02-01", "2024-03-01"))
    assert {name: previous[name] for name in ("value", "change", "change_ratio", "significant", "reason")} == {
        "value": None, "change": None, "change_ratio": None, "significant": None, "reason": "no_orders"}
    answer = shop.kpi("average_order_value", "2023-06-01", "2023-07-01", compare="previous_period")
    assert answer["reason"] == "no_orders" and answer["previous"]["change"] is None
    fell_silent = shop.kpi("conversion_rate", "2025-03-01", "2025-03-29", compare="previous_period")
    assert fell_silent["value"] is None and (fell_silent["previous"]["value"], fell_silent["previous"]["reason"]) == (Decimal("0.05"), "too_few_data")


@pytest.mark.parametrize("survey", [None, "external:n"])
def test_nps(shop, survey):
    query = {"from": WINDOW[0], "to": WINDOW[1], **({"survey": survey} if survey else {})}
    # s = 0.48 and 0.08, v = 0.4896 and 0.7136, z = 0.4 / sqrt(0.004896 + 0.007136) = 3.65
    previous = shop.api.get("/v1/nps", query={**query, "compare": "previous_period"}).json["previous"]
    assert (previous["from"], previous["to"], previous["score"], previous["responses"], previous["promoters"]) == (*PERIOD, 8, 100, 40)
    assert (previous["change"], previous["change_ratio"], previous["significant"], previous["reason"]) == (40, 5, True, None)
    few = shop.api.get("/v1/nps", query={**query, "compare": "previous_year"}).json["previous"]
    assert (few["responses"], few["score"], few["change"], few["significant"], few["reason"]) == (9, Decimal("44.4444"), Decimal("3.5556"), None, "too_few_data")
    nobody = shop.api.get("/v1/nps", query={**query, "from": "2023-01-01", "to": "2023-02-01", "compare": "previous_year"}).json["previous"]
    assert (nobody["score"], nobody["change"], nobody["reason"]) == (None, None, "no_answers")
    kpi = _previous(shop, "nps", "previous_period")
    assert {name: kpi[name] for name in ("value", "change", "significant")} == {"value": 8, "change": 40, "significant": True}


def test_until_moves_with_the_window(shop):
    """What r brought from February 2025 to the end of March beside what p brought from February 2024 to the end of that March."""
    answer = shop.kpi("clv_simple", *WINDOW, until="2025-03-31", compare="previous_year")
    assert answer["value"] == 2200
    assert (answer["previous"]["until"], answer["previous"]["value"], answer["previous"]["change"]) == ("2024-03-31", 1500, 700)
    assert answer["previous"]["value"] == shop.value("clv_simple", *YEAR, until="2024-03-31")
    # 28 days before 31 March is 3 March: q, 500 + 800
    by_period = _previous(shop, "clv_simple", "previous_period", until="2025-03-31")
    assert (by_period["until"], by_period["value"]) == ("2025-03-03", 1300)
    assert "until" not in _previous(shop, "orders", "previous_year")


@pytest.mark.parametrize("how, earlier", [("previous_period", PERIOD), ("previous_year", YEAR)])
def test_every_kpi_is_compared_with_itself(shop, how, earlier):
    board = shop.api.get("/v1/dashboard", query={"from": WINDOW[0], "to": WINDOW[1], "compare": how}).json
    for kpi in (kpi for stage in board["stages"] for kpi in stage["kpis"]):
        previous = kpi["previous"]
        assert previous == _previous(shop, kpi["kpi"], how), kpi["kpi"]
        parameters = {"until": previous["until"]} if "until" in previous else {}
        alone = shop.kpi(kpi["kpi"], *earlier, **parameters)
        for name in ("from", "to", "value", "numerator", "denominator", "confidence_interval"):
            assert previous[name] == alone[name], (kpi["kpi"], name)
        if kpi["value"] is not None and previous["value"] is not None:
            assert abs(kpi["value"] - previous["value"] - previous["change"]) <= Decimal("0.0001")
        assert (previous["significant"] is None) == (previous["reason"] is not None)


def test_csv_has_the_comparison_in_its_last_columns(shop):
    query = {"from": WINDOW[0], "to": WINDOW[1], "compare": "previous_period"}

    def row(path):
        return next(csv.DictReader(io.StringIO(shop.api.get(path, query=query, headers={"Accept": "text/csv"}).text, newline="")))
    kpi = row("/v1/kpis/conversion_rate")
    assert [kpi[name] for name in ("previous_from", "previous_to", "previous_value", "change", "change_ratio", "significant")] == [*PERIOD, "0.03", "0.02", "0.666667", "true"]
    nps = row("/v1/nps")
    assert [nps[name] for name in ("score", "previous_value", "change", "significant")] == ["48", "8", "40", "true"]
    assert shop.api.get("/v1/nps", 400, query={**query, "interval": "day"}, headers={"Accept": "text/csv"}).places == {"compare"}


@pytest.mark.parametrize("query", [{"compare": "yesterday"}, {"compare": "previous_period", "from": "0001-01-01", "to": "0001-02-01"},
                                   {"compare": "previous_year", "from": "0001-06-01", "to": "2025-01-01"}])
def test_comparisons_that_cannot_be_are_refused(api, query):
    answer = api.get("/v1/kpis/orders", 400, query=query)
    assert answer.code == "invalid_parameter" and answer.places == {"compare"}
