"""Cohorts by first order: who came back, for how much, and which cells are not over yet."""
from datetime import datetime, timedelta, timezone

import pytest

ORDERS = [  # customer, instant (UTC; the shop is in New York), total
    ("a", "2025-01-10T12:00:00Z", 100), ("a", "2025-01-20T12:00:00Z", 200), ("a", "2025-03-05T12:00:00Z", 300),
    ("b", "2025-02-01T04:59:59Z", 400),  # still 31 January in New York
    ("b", "2025-02-01T05:00:00Z", 500),  # February
    ("c", "2025-03-01T04:59:59Z", 600)]  # 28 February
SETTINGS = {"time_zone": "America/New_York"}


@pytest.fixture(scope="module", autouse=True)
def _facts(shop):
    for number, (customer, at, total) in enumerate(ORDERS):
        shop.order({"external_id": customer}, at, total, external_id=f"o{number}")
    shop.order({"external_id": "d"}, "2025-01-05T12:00:00Z", 999, test=True)
    shop.order({"external_id": "e"}, "2025-01-05T12:00:00Z", 999, external_id="cancelled")
    shop.api.post("/v1/orders/external:cancelled/cancel", {}, 200)
    shop.refund("external:o0", 40, "2025-02-15T12:00:00Z")


def _cells(answer, cohort, count=3):
    found = next(item for item in answer["cohorts"] if item["cohort"] == cohort)
    return [(cell["index"], cell["customers"], cell["sales"]) for cell in found["periods"][:count]]


def test_cohorts_by_month(api):
    answer = api.get("/v1/cohorts").json
    assert [(item["cohort"], item["customers"]) for item in answer["cohorts"]] == [("2025-01-01", 2), ("2025-02-01", 1)]
    assert _cells(answer, "2025-01-01") == [(0, 2, 700), (1, 1, 460), (2, 1, 300)], "the refund of 40 is February's"
    assert _cells(answer, "2025-02-01") == [(0, 1, 600), (1, 0, 0), (2, 0, 0)]
    assert (answer["interval"], answer["time_zone"], answer["currency"]) == ("month", "America/New_York", "EUR")


def test_retention_is_the_share_of_the_cohort(api):
    for cohort in api.get("/v1/cohorts").json["cohorts"]:
        for cell in cohort["periods"]:
            assert cell["retention"] == pytest.approx(cell["customers"] / cohort["customers"], abs=1e-6)
        assert cohort["periods"][0]["retention"] == 1
        assert [cell["index"] for cell in cohort["periods"]] == list(range(len(cohort["periods"])))


@pytest.mark.parametrize("interval, cohorts", [("quarter", [("2025-01-01", 3)]), ("year", [("2025-01-01", 3)]),
                                               ("week", [("2025-01-06", 1), ("2025-01-27", 1), ("2025-02-24", 1)]),
                                               ("day", [("2025-01-10", 1), ("2025-01-31", 1), ("2025-02-28", 1)])])
def test_other_intervals(api, interval, cohorts):
    answer = api.get("/v1/cohorts", query={"interval": interval}).json
    assert [(item["cohort"], item["customers"]) for item in answer["cohorts"]] == cohorts


def test_from_and_to_choose_cohorts(api):
    def chosen(**query):
        return [item["cohort"] for item in api.get("/v1/cohorts", query=query).json["cohorts"]]
    assert chosen(**{"from": "2025-02-01"}) == ["2025-02-01"]
    assert chosen(to="2025-02-01") == ["2025-01-01"], "half-open"
    assert chosen(**{"from": "2026-01-01", "to": "2026-02-01"}) == []


def test_an_unfinished_cell_says_so(new_shop):
    shop = new_shop()
    now = datetime.now(timezone.utc)
    shop.order({"external_id": "c"}, (now - timedelta(days=70)).isoformat(), 100)
    shop.order({"external_id": "c"}, now.isoformat(), 100)
    cells = shop.api.get("/v1/cohorts").json["cohorts"][0]["periods"]
    assert [cell["complete"] for cell in cells] == [True] * (len(cells) - 1) + [False], "this month alone"
    assert cells[-1]["customers"] == 1


def test_a_shop_without_orders_has_no_cohorts(new_shop):
    assert new_shop().api.get("/v1/cohorts").json["cohorts"] == []
