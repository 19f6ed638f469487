"""The shop's settings: defaults, replacing, merging, and that KPIs follow them at once."""
import pytest

DEFAULTS = {"base_currency": "EUR", "time_zone": "UTC", "week_start": "monday", "default_gross_margin": 1,
            "abandoned_after_minutes": 60, "lost_after_days": 365, "loyal_after_orders": 5, "placeholder_emails": []}
OTHERS = {"base_currency": "GBP", "time_zone": "Europe/London", "week_start": "sunday", "default_gross_margin": 0.25,
          "abandoned_after_minutes": 30, "lost_after_days": 90, "loyal_after_orders": 3, "placeholder_emails": ["*@till.example"]}


def _plain(answer):
    return {name: float(value) if name == "default_gross_margin" else value
            for name, value in answer.json.items() if name != "updated_at"}


@pytest.fixture(autouse=True)
def _defaults(api):
    api.put("/v1/settings", {}, 200)


def test_a_new_shop_has_the_defaults(new_shop):
    answer = new_shop().api.get("/v1/settings")
    assert _plain(answer) == DEFAULTS and answer.json["updated_at"].endswith("Z")


def test_put_replaces_and_gives_absent_fields_their_defaults(api):
    assert _plain(api.put("/v1/settings", OTHERS, 200)) == OTHERS
    assert _plain(api.get("/v1/settings")) == OTHERS
    assert _plain(api.put("/v1/settings", {"week_start": "sunday"}, 200)) == {**DEFAULTS, "week_start": "sunday"}
    assert _plain(api.get("/v1/settings")) == {**DEFAULTS, "week_start": "sunday"}


def test_patch_changes_only_what_it_names(api):
    api.put("/v1/settings", OTHERS, 200)
    assert _plain(api.patch("/v1/settings", {"lost_after_days": 30})) == {**OTHERS, "lost_after_days": 30}
    assert _plain(api.patch("/v1/settings", {"week_start": "monday"}, media_type="application/json"))["week_start"] == "monday"
    assert _plain(api.get("/v1/settings")) == {**OTHERS, "lost_after_days": 30, "week_start": "monday"}


@pytest.mark.parametrize("field, value", [
    ("base_currency", "XQX"), ("base_currency", "eur"), ("base_currency", 5), ("time_zone", "Mars/Olympus"), ("time_zone", "posix/UTC/../x"),
    ("time_zone", ""), ("week_start", "friday"), ("default_gross_margin", 1.5), ("default_gross_margin", -0.1),
    ("abandoned_after_minutes", 0), ("abandoned_after_minutes", 525601), ("lost_after_days", 0), ("lost_after_days", 36501),
    ("loyal_after_orders", 1), ("loyal_after_orders", 1001), ("loyal_after_orders", 2.5), ("colour", "red")])
def test_a_bad_value_is_refused_at_its_place_and_changes_nothing(api, field, value):
    for method in (api.put, api.patch):
        answer = method("/v1/settings", {"lost_after_days": 99, field: value} if field != "lost_after_days" else {field: value}, 422)
        assert f"/{field}" in answer.places
    assert _plain(api.get("/v1/settings")) == DEFAULTS


def test_all_bad_values_are_named_at_once(api):
    answer = api.put("/v1/settings", {"base_currency": "euro", "week_start": "friday", "lost_after_days": 0}, 422)
    assert answer.places == {"/base_currency", "/week_start", "/lost_after_days"}


def test_kpis_follow_the_settings_at_once(shop):
    shop.order({"external_id": "night owl"}, "2026-03-01T04:00:00Z", 500)
    assert shop.kpi("orders", "2026-03-01", "2026-03-02")["value"] == 1
    shop.api.patch("/v1/settings", {"time_zone": "America/New_York"})
    answer = shop.kpi("orders", "2026-03-01", "2026-03-02")
    assert (answer["value"], answer["time_zone"]) == (0, "America/New_York"), "4:00 UTC is the evening before"
    assert shop.value("orders", "2026-02-28", "2026-03-01") == 1
    assert shop.kpi("net_sales", "2026-02-28", "2026-03-01")["currency"] == "EUR"


def test_the_declared_margin_is_used_at_once(shop):
    shop.order({"external_id": "margin"}, "2026-04-01T12:00:00Z", 1000)
    shop.api.patch("/v1/settings", {"default_gross_margin": 0.25})
    assert shop.value("gross_margin", "2026-04-01", "2026-04-02") == 250


def test_the_first_day_of_the_week_is_the_settings(shop):
    for start, first in (("monday", "2026-01-05"), ("sunday", "2026-01-04")):
        shop.api.patch("/v1/settings", {"week_start": start})
        series = shop.kpi("orders", "2026-01-01", "2026-01-20", interval="week")["series"]
        assert (series[0]["from"], series[0]["to"], series[-1]["to"]) == ("2026-01-01", first, "2026-01-20")
