"""A year of a real shop (UCI Online Retail, 541,909 lines, not in the repository): known cohorts, and the oracle in SQL."""
import csv
import gzip
from collections import Counter
from datetime import date, datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from support.client import to_json
from support.oracle_sql import by_sql
from support.shop import NDJSON

LONDON = ZoneInfo("Europe/London")
MIB = 1 << 20
COUNTRIES = {
    "United Kingdom": "GB", "Germany": "DE", "France": "FR", "EIRE": "IE", "Spain": "ES", "Netherlands": "NL", "Belgium": "BE", "Switzerland": "CH", "Portugal": "PT",
    "Australia": "AU", "Norway": "NO", "Italy": "IT", "Finland": "FI", "Cyprus": "CY", "Sweden": "SE", "Austria": "AT", "Denmark": "DK", "Japan": "JP", "Poland": "PL",
    "Israel": "IL", "USA": "US", "Hong Kong": "HK", "Singapore": "SG", "Iceland": "IS", "Canada": "CA", "Greece": "GR", "Malta": "MT", "United Arab Emirates": "AE",
    "RSA": "ZA", "Lebanon": "LB", "Lithuania": "LT", "Brazil": "BR", "Czech Republic": "CZ", "Bahrain": "BH", "Saudi Arabia": "SA",
    "Channel Islands": None, "European Community": None, "Unspecified": None}  # no country of ISO 3166
COHORTS = dict(zip(["2010-12-01"] + [f"2011-{month:02}-01" for month in range(1, 13)], [885, 417, 380, 452, 300, 284, 242, 188, 169, 299, 358, 323, 41]))
FIRST_COHORT = [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235]
YEAR = ("2010-12-01", "2011-12-10")
WINDOWS = [YEAR, ("2011-01-01", "2011-02-01"), ("2011-03-01", "2011-06-01"), ("2011-06-10", "2011-12-10"), ("2011-11-01", "2011-12-01"), ("2011-09-07", "2011-09-14")]


def _pence(row):
    return int((Decimal(row["UnitPrice"]) * int(row["Quantity"]) * 100).to_integral_value(ROUND_HALF_UP))


def _orders(path):
    """One order for each clean invoice: customer known, quantity and price above zero, no cancellation, no adjustment."""
    orders = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["CustomerID"] or int(row["Quantity"]) <= 0 or Decimal(row["UnitPrice"]) <= 0 or row["InvoiceNo"][0] in "CA":
                continue
            order = orders.get(row["InvoiceNo"])
            if order is None:  # the first line has the time; 43 invoices have two
                at = datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=LONDON).astimezone(timezone.utc)
                country = COUNTRIES[row["Country"].strip()]
                customer = {"external_id": row["CustomerID"], **({"country": country} if country else {})}
                order = orders[row["InvoiceNo"]] = {"external_id": row["InvoiceNo"], "customer": customer, "ordered_at": at.isoformat(), "currency": "GBP", "items": []}
            order["items"].append({"sku": row["StockCode"], "quantity": 1, "unit_price": _pence(row)})
    return list(orders.values())


def _batches(orders):
    """NDJSON bodies; smaller than a batch may be, so that each is answered in time under a sanitizer as well."""
    lines, size = [], 0
    for order in orders:
        line = to_json(order).encode() + b"\n"
        if lines and (len(lines) == 2000 or size + len(line) > 16 * MIB):
            yield b"".join(lines), len(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    yield b"".join(lines), len(lines)


@pytest.fixture(scope="module")
def retail(shops, data_file):
    """The shop after the whole year."""
    orders = _orders(data_file("online_retail.csv.gz"))
    shop = shops(settings={"base_currency": "GBP", "time_zone": "Europe/London"}, CICLO_REQUEST_TIMEOUT_MS=120000)
    shop.sales = sum(line["unit_price"] for order in orders for line in order["items"])
    for body, count in _batches(orders):
        answer = shop.api.post("/v1/orders/batch", body, 200, media_type=NDJSON).json
        assert (answer["created"], answer["failed"]) == (count, 0), [line for line in answer["results"] if "problem" in line][:3]
    yield shop
    shop.close()


def test_every_order_and_customer_is_there(retail):
    assert retail.value("orders", *YEAR) == 18532
    assert retail.value("active_customers", *YEAR) == retail.value("new_customers", *YEAR) == 4338
    assert retail.value("net_sales", *YEAR) == retail.sales
    assert abs(retail.sales - Decimal("891140790.4")) < 5000, "8,911,407.904 pounds but for rounding each line to pence"
    assert retail.value("repeat_purchase_rate", *YEAR) == (Decimal(2845) / 4338).quantize(Decimal("0.000001"))


def test_cohorts_by_month_of_the_first_order(retail):
    cohorts = retail.api.get("/v1/cohorts").json["cohorts"]
    assert {item["cohort"]: item["customers"] for item in cohorts} == COHORTS


def test_the_first_cohort_month_by_month(retail):
    cells = retail.api.get("/v1/cohorts", query={"from": "2010-12-01", "to": "2011-01-01"}).json["cohorts"][0]["periods"]
    assert [cell["customers"] for cell in cells[:13]] == FIRST_COHORT
    assert all(cell["customers"] == 0 for cell in cells[13:]) and all(cell["complete"] for cell in cells[:13])


def test_cohort_sales_sum_to_all_sales(retail):
    cohorts = retail.api.get("/v1/cohorts").json["cohorts"]
    assert sum(cell["sales"] for item in cohorts for cell in item["periods"]) == retail.value("net_sales", *YEAR)


@pytest.mark.parametrize("first, past", WINDOWS)
def test_retention_agrees_with_plain_sql(retail, first, past):
    connection = psycopg2.connect(retail.url)
    try:
        expected = by_sql(connection.cursor(), "Europe/London", date.fromisoformat(first), date.fromisoformat(past))
    finally:
        connection.close()
    for name, value in expected.items():
        answer = retail.kpi(name, first, past)
        if isinstance(value, tuple):
            assert (answer["numerator"], answer["denominator"]) == value, name
        else:
            assert answer["value"] == value, name


def test_a_purchase_that_was_cancelled_twelve_minutes_later_leaves_what_was_bought_before(retail):
    orders = retail.api.get("/v1/orders", query={"customer": "external:16446"}).json["items"]
    assert sorted(order["net"] for order in orders) == [290, 16846960]
    big = max(orders, key=lambda order: order["net"])
    day = ("2011-12-09", "2011-12-10")
    before, customer = retail.value("net_sales", *day), retail.value("net_sales", *YEAR)
    retail.refund(big["id"], 16846960, "2011-12-09T09:27:00Z", external_id="C581484")
    assert retail.value("net_sales", *day) == before - 16846960
    assert retail.value("net_sales", *YEAR) == customer - 16846960
    left = retail.api.get("/v1/orders", query={"customer": "external:16446"}).json["items"]
    assert sum(order["net"] - order["refunded"] for order in left) == 290


def test_each_customer_keeps_the_country_of_the_first_order_that_was_sent(retail):
    listed = Counter(item["country"] for item in retail.api.pages("/v1/customers", limit=1000))
    assert sum(listed.values()) == 4338 and listed["GB"] > 3900
