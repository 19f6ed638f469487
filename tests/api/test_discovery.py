"""KPI discovery_channels: first touch and what customers say themselves; the numbers are in golden/discovery.json."""
import pytest

WINDOW = ("2025-01-01", "2025-02-01")
NAME = "discovery_channels"


@pytest.fixture(scope="module", autouse=True)
def _facts(shop):
    for name, kind, fields in (("heard", "choice", {"choices": ["friend", "search"], "purpose": "discovery"}), ("other", "choice", {"choices": ["red", "blue"]}), ("score", "nps", {})):
        shop.api.post("/v1/surveys", {"external_id": name, "kind": kind, "name": name, **fields})
    shop.batch("/v1/surveys/external:heard/responses", [{"choice": choice, "answered_at": "2025-01-10T12:00:00Z"} for choice in ("friend", "search", "friend")])
    shop.batch("/v1/surveys/external:other/responses", [{"choice": "red", "answered_at": "2025-01-10T12:00:00Z"}])
    for name, channel in (("a", "search"), ("b", "search"), ("c", "=cmd|' /C'"), ("d", None)):
        shop.customer(name, **({"acquisition": {"channel": channel}} if channel else {}))
        shop.order(f"external:{name}", "2025-01-15T12:00:00Z", 100)


def _lists(shop, **query):
    return shop.kpi(NAME, *WINDOW, **query)["details"]


def test_the_value_is_the_new_customers(shop):
    answer = shop.kpi(NAME, *WINDOW)
    lines = answer["details"]["by_touchpoint"]
    assert answer["value"] == answer["numerator"] == shop.value("new_customers", *WINDOW) == sum(line["customers"] for line in lines) == 4
    assert [line["channel"] for line in lines] == ["search", "=cmd|' /C'", None], "by count, then by name, unknown last"
    assert [line["share"] for line in lines] == [0.5, 0.25, 0.25]
    assert (answer["unit"], answer["reason"], answer["confidence_interval"]) == ("list", None, None)


def test_a_survey_can_be_named(shop):
    assert [line["choice"] for line in _lists(shop)["by_survey"]] == ["friend", "search"]
    by_name = _lists(shop, survey="external:other")
    assert by_name["by_survey"] == [{"choice": "red", "answers": 1, "share": 1}] and by_name["by_touchpoint"] == _lists(shop)["by_touchpoint"]
    made = shop.api.get("/v1/surveys/external:other").json["id"]
    assert _lists(shop, survey=made) == by_name


@pytest.mark.parametrize("survey", ["external:nothing", "external:score", "019c4d05-7cd3-7099-8580-6b0d6f03675a"])
def test_a_survey_without_choices_is_refused(shop, survey):
    answer = shop.api.get(f"/v1/kpis/{NAME}", 422, query={"survey": survey})
    assert answer.code == "unknown_reference" and answer.places == {"survey"}


def test_other_kpis_ask_no_survey(shop):
    assert shop.api.get("/v1/kpis/orders", 400, query={"survey": "external:heard"}).places == {"survey"}
    entries = {entry["name"]: entry for entry in shop.api.get("/v1/kpis").json["items"]}
    assert entries[NAME]["parameters"] == ["survey"] and entries[NAME]["unit"] == "list"


def test_the_dashboard_has_the_lists(shop):
    board = shop.api.get("/v1/dashboard", query={"from": WINDOW[0], "to": WINDOW[1]}).json
    found = [kpi for stage in board["stages"] if stage["stage"] == "awareness" for kpi in stage["kpis"] if kpi["kpi"] == NAME]
    assert [{**kpi, "as_of": None} for kpi in found] == [{**shop.kpi(NAME, *WINDOW), "as_of": None}]


def test_a_series_has_the_numbers_and_the_lists_are_of_the_whole(shop):
    answer = shop.kpi(NAME, "2025-01-01", "2025-03-01", interval="month")
    assert [point["value"] for point in answer["series"]] == [4, 0] and answer["details"]["by_touchpoint"] == _lists(shop)["by_touchpoint"]


def test_csv_has_the_number(shop):
    text = shop.api.get(f"/v1/kpis/{NAME}", query={"from": WINDOW[0], "to": WINDOW[1]}, headers={"Accept": "text/csv"}).text
    assert text.split("\r\n")[1].startswith(f"{NAME},awareness,list,,2025-01-01,2025-02-01,UTC,4,4,")


def test_a_late_touchpoint_changes_the_first_touch(new_shop):
    shop = new_shop()
    shop.order({"external_id": "a"}, "2025-01-15T12:00:00Z", 100)

    def channels():
        return [line["channel"] for line in _lists(shop)["by_touchpoint"]]
    assert channels() == [None]
    shop.api.post("/v1/touchpoints", {"customer": "external:a", "kind": "visit", "at": "2025-01-10T12:00:00Z", "channel": "email"})
    assert channels() == ["email"]
    shop.api.post("/v1/touchpoints", {"customer": "external:a", "kind": "ad_click", "at": "2025-01-09T12:00:00Z", "channel": "search"})
    assert channels() == ["search"]
    shop.api.post("/v1/touchpoints", {"customer": "external:a", "kind": "visit", "at": "2025-01-08T12:00:00Z"})
    assert channels() == ["search"], "a touch without a channel tells nothing"


def test_customers_who_are_one_person_are_found_once(new_shop):
    shop = new_shop()
    ids = [shop.order({"external_id": name}, f"2025-01-1{number}T12:00:00Z", 100)["customer_id"] for number, name in enumerate("ab")]
    shop.api.patch(f"/v1/customers/{ids[1]}", {"acquisition": {"channel": "fair"}})
    shop.link(*ids)
    assert _lists(shop)["by_touchpoint"] == [{"channel": "fair", "customers": 1, "share": 1}]
