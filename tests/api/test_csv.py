"""CSV says what JSON says."""
import csv
import io
from decimal import Decimal

import pytest

WINDOW = {"from": "2025-01-01", "to": "2025-04-01"}
CSV = {"Accept": "text/csv"}


@pytest.fixture(scope="module", autouse=True)
def _facts(shop):
    shop.batch("/v1/orders", [{"customer": {"external_id": f"c{number % 3}"}, "ordered_at": f"2025-0{number % 2 + 1}-{number + 1:02}T12:00:00Z", "currency": "EUR", "total": 1000 + number}
                              for number in range(10)])
    shop.api.post("/v1/surveys", {"external_id": "n", "kind": "nps", "name": "N"})
    shop.batch("/v1/surveys/external:n/responses", [{"score": score, "answered_at": "2025-02-01T12:00:00Z"} for score in range(11)])


def _rows(answer):
    assert answer.media_type == "text/csv"
    assert answer.text.endswith("\r\n") and "\n" not in answer.text.replace("\r\n", ""), "RFC 4180"
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert len({len(row) for row in rows}) == 1 and len(set(rows[0])) == len(rows[0])
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def _same(cell, value):
    if value is None:
        return cell == ""
    if isinstance(value, bool):
        return cell == str(value).lower()
    return Decimal(cell) == value if isinstance(value, (int, Decimal)) else cell == value


def _agree(rows, objects):
    assert len(rows) == len(objects)
    for row, value in zip(rows, objects):
        interval = value.get("confidence_interval") or {"low": None, "high": None}
        flat = {**value, "low": interval["low"], "high": interval["high"]}
        for name in row:
            assert name not in flat or _same(row[name], flat[name]), (name, row, flat)


@pytest.mark.parametrize("name", ["orders", "average_order_value", "retention_rate", "customer_acquisition_cost", "nps"])
def test_a_kpi(api, name):
    path = f"/v1/kpis/{name}"
    _agree(_rows(api.get(path, query=WINDOW, headers=CSV)), [api.get(path, query=WINDOW).json])


@pytest.mark.parametrize("name", ["orders", "acquisition_rate"])
def test_a_series_has_a_row_for_each_interval(api, name):
    query = {**WINDOW, "interval": "month"}
    rows = _rows(api.get(f"/v1/kpis/{name}", query=query, headers=CSV))
    whole = api.get(f"/v1/kpis/{name}", query=query).json
    points = [{**whole, **point} for point in whole["series"]]
    _agree(rows, points if len(rows) == 3 else [whole, *points])


def test_the_dashboard_has_a_row_for_each_kpi(api):
    board = api.get("/v1/dashboard", query=WINDOW).json
    _agree(_rows(api.get("/v1/dashboard", query=WINDOW, headers=CSV)), [kpi for stage in board["stages"] for kpi in stage["kpis"]])


def test_nps(api):
    _agree(_rows(api.get("/v1/nps", query=WINDOW, headers=CSV)), [api.get("/v1/nps", query=WINDOW).json])


def test_cohorts(api):
    cohorts = api.get("/v1/cohorts").json["cohorts"]
    flat = [{**period, "cohort": cohort["cohort"]} for cohort in cohorts for period in cohort["periods"]]
    _agree(_rows(api.get("/v1/cohorts", headers=CSV)), flat)


def test_json_is_the_default_and_each_form_has_its_own_etag(api):
    both = [api.get("/v1/kpis/orders", query=WINDOW, headers=headers) for headers in ({"Accept": "*/*"}, CSV)]
    assert both[0].media_type == "application/json" and both[0].headers["ETag"] != both[1].headers["ETag"]
    api.get("/v1/kpis/orders", 200, query=WINDOW, headers={"If-None-Match": both[1].headers["ETag"]})
    api.get("/v1/kpis/orders", 304, query=WINDOW, headers={**CSV, "If-None-Match": both[1].headers["ETag"]})
    assert all("accept" in answer.headers.get("Vary", "").lower() for answer in both)
