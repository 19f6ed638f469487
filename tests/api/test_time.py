"""Days are the shop's days: year ends, days of 23, 24.5 and 25 hours, and windows that add up."""
import random
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "UTC"]
CHANGES = [  # zone, the day that is not 24 hours long, its hours
    ("Europe/London", date(2025, 3, 30), 23), ("Europe/London", date(2025, 10, 26), 25), ("America/New_York", date(2025, 3, 9), 23),
    ("America/New_York", date(2025, 11, 2), 25), ("Australia/Lord_Howe", date(2025, 10, 5), 23.5), ("Australia/Lord_Howe", date(2025, 4, 6), 24.5),
    ("America/Sao_Paulo", date(2018, 11, 4), 23), ("Africa/Cairo", date(2025, 10, 31), 24)]


def _start(day, zone):
    """The first instant of a day: local midnight, or where the clock jumped to when there was none."""
    local = datetime.combine(day, time(), ZoneInfo(zone))
    instant = local.astimezone(timezone.utc)
    while instant.astimezone(ZoneInfo(zone)).date() < day:
        instant += timedelta(minutes=30)
    while (instant - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() >= day:
        instant -= timedelta(minutes=30)
    return instant


def _text(instant):
    return instant.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _day(shop, name, day):
    return shop.value(name, day.isoformat(), (day + timedelta(days=1)).isoformat())


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_ten_minutes_before_midnight_on_new_years_eve_is_the_old_year(new_shop, zone):
    shop = new_shop(settings={"time_zone": zone})
    at = datetime(2025, 12, 31, 23, 50, tzinfo=ZoneInfo(zone))
    shop.order({"external_id": "late"}, at.isoformat(), 100)
    shop.order({"external_id": "early"}, (at + timedelta(minutes=20)).isoformat(), 100)
    assert shop.value("orders", "2025-12-31", "2026-01-01") == 1 and shop.value("orders", "2026-01-01", "2026-01-02") == 1
    series = shop.kpi("orders", "2025-01-01", "2027-01-01", interval="year")["series"]
    assert [(point["from"], point["value"]) for point in series] == [("2025-01-01", 1), ("2026-01-01", 1)]


@pytest.mark.parametrize("zone, day, hours", CHANGES, ids=[f"{zone} {day}" for zone, day, _ in CHANGES])
def test_a_day_runs_from_local_midnight_to_local_midnight(new_shop, zone, day, hours):
    begins, ends = _start(day, zone), _start(day + timedelta(days=1), zone)
    assert (ends - begins).total_seconds() == hours * 3600, "the test's own idea of the day"
    shop = new_shop(settings={"time_zone": zone})
    for name, at in (("before", begins - timedelta(microseconds=1)), ("first", begins), ("last", ends - timedelta(microseconds=1)), ("after", ends)):
        shop.order({"external_id": name}, _text(at), 100)
    assert _day(shop, "orders", day) == 2
    assert _day(shop, "orders", day - timedelta(days=1)) == 1 and _day(shop, "orders", day + timedelta(days=1)) == 1
    window = (day - timedelta(days=2)).isoformat(), (day + timedelta(days=3)).isoformat()
    series = shop.kpi("orders", *window, interval="day")["series"]
    assert [point["value"] for point in series] == [0, 1, 2, 1, 0]


def test_the_hour_that_comes_twice_counts_twice(new_shop):
    shop = new_shop(settings={"time_zone": "Europe/London"})
    for number, offset in enumerate(("+01:00", "+00:00")):
        shop.order({"external_id": f"hour {number}"}, f"2025-10-26T01:30:00{offset}", 100)
    assert _day(shop, "orders", date(2025, 10, 26)) == 2


@pytest.mark.parametrize("interval, starts", [
    ("month", ["2025-01-15", "2025-02-01", "2025-03-01", "2025-04-01"]), ("quarter", ["2025-01-15", "2025-04-01"]), ("year", ["2025-01-15"]),
    ("week", ["2025-01-15"] + [(date(2025, 1, 20) + timedelta(weeks=number)).isoformat() for number in range(12)])])
def test_a_series_cuts_the_window_at_calendar_borders(shop, interval, starts):
    series = shop.kpi("orders", "2025-01-15", "2025-04-08", interval=interval)["series"]
    assert [point["from"] for point in series] == starts
    assert [point["to"] for point in series] == starts[1:] + ["2025-04-08"]


def test_week_one_may_begin_in_december(shop):
    series = shop.kpi("orders", "2024-12-23", "2025-01-13", interval="week")["series"]
    assert [point["from"] for point in series] == ["2024-12-23", "2024-12-30", "2025-01-06"]


ADDITIVE = ["orders", "net_sales", "new_customers", "marketing_spend", "impressions", "gross_margin"]
BOTH_PARTS = ["average_order_value", "click_through_rate", "conversion_rate", "cost_per_impression", "csat", "ces", "days_between_orders",
              "order_value_first", "order_value_repeat"]


@pytest.mark.parametrize("zone", ZONES)
def test_adjacent_windows_add_up(new_shop, zone):
    shop = new_shop(settings={"time_zone": zone, "default_gross_margin": 1})
    chance = random.Random(zone)
    first, past = date(2025, 1, 1), date(2026, 1, 1)
    orders = [{"external_id": f"o{number}", "customer": {"external_id": f"c{chance.randrange(60)}"}, "currency": "EUR", "total": chance.randrange(1, 99999),
               "ordered_at": _text(_start(first, zone) + timedelta(microseconds=chance.randrange(365 * 86400 * 10**6)))} for number in range(300)]
    shop.batch("/v1/orders", orders)
    for number in range(0, 300, 7):
        at = datetime.fromisoformat(orders[number]["ordered_at"].replace("Z", "+00:00")) + timedelta(seconds=chance.randrange(9 * 10**6))
        shop.refund(f"external:o{number}", orders[number]["total"] // 2 + 1, _text(at))
    shop.api.post("/v1/campaigns", {"external_id": "c", "name": "C"})
    shop.api.post("/v1/surveys", {"external_id": "csat", "kind": "csat", "name": "S"})
    shop.api.post("/v1/surveys", {"external_id": "ces", "kind": "ces", "name": "E"})
    for number in range(60):
        day = (first + timedelta(days=chance.randrange(365))).isoformat()
        shop.api.post("/v1/spend", {"date": day, "amount": chance.randrange(9999), "currency": "EUR", "category": "tools"})
        shop.api.put(f"/v1/campaigns/external:c/days/{day}", {"impressions": 50, "clicks": 5, "interactions": 4, "conversions": 2, "spend": 7, "currency": "EUR"})
        shop.api.post("/v1/surveys/external:csat/responses", {"score": chance.randrange(1, 6), "answered_at": f"{day}T00:30:00Z"})
        shop.api.post("/v1/surveys/external:ces/responses", {"score": chance.randrange(1, 8), "answered_at": f"{day}T23:30:00Z"})
    cuts = sorted({first, past, *(first + timedelta(days=chance.randrange(1, 365)) for _ in range(6))})
    windows = [(one.isoformat(), other.isoformat()) for one, other in zip(cuts, cuts[1:])]
    whole = (first.isoformat(), past.isoformat())
    for name in ADDITIVE:
        assert sum(shop.value(name, *window) for window in windows) == shop.value(name, *whole), name
        parts = shop.kpi(name, *whole, interval="week")["series"]
        assert sum(point["value"] for point in parts) == shop.value(name, *whole), name
    for name in BOTH_PARTS:
        parts, total = [shop.kpi(name, *window) for window in windows], shop.kpi(name, *whole)
        for side in ("numerator", "denominator"):
            assert abs(sum(part[side] for part in parts) - total[side]) < 0.01, (name, side)
