"""RFM segments: scores by cumulative distribution, what a cut point means, which days and orders count."""
import csv
import io
import random
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from math import ceil

import pytest

AT = date(2025, 6, 30)
DIMENSIONS = ("recency", "frequency", "monetary")


def _rfm(shop, at=None, **query):
    return shop.api.get("/v1/segments/rfm", query={**({"at": at} if at else {}), **query}).json


def _scores(answer):
    return {tuple(segment[name] for name in DIMENSIONS): segment["customers"] for segment in answer["segments"]}


@pytest.fixture(scope="module")
def crowd(shops):
    """Customers with a few orders each, and what is known of each: (days, orders, sales)."""
    shop, chance, known, orders = shops(), random.Random(11), [], []
    for number in range(60):
        days = sorted(chance.choice([0, 3, 3, 30, 90, 400]) for _ in range(chance.choice([1, 1, 1, 2, 5])))
        prices = [chance.choice([500, 500, 1999, chance.randrange(1, 9000)]) for _ in days]
        known.append((days[0], len(days), sum(prices)))
        orders += [{"external_id": f"o{number}-{index}", "customer": {"external_id": f"c{number}"}, "currency": "EUR", "total": price,
                    "ordered_at": (datetime(2025, 6, 30, 12, index, tzinfo=timezone.utc) - timedelta(days=day)).isoformat()}
                   for index, (day, price) in enumerate(zip(days, prices))]
    shop.batch("/v1/orders", orders)
    yield shop, known
    shop.close()


def _expected(known):
    """Scores by the definition, from the values themselves; less recency is better."""
    def score(index, value):
        reached = sum(other[index] >= value if index == 0 else other[index] <= value for other in known)
        return ceil(Fraction(5 * reached, len(known)))
    return [tuple(score(index, value[index]) for index in range(3)) for value in known]


def test_a_score_is_the_cumulative_distribution(crowd):
    shop, known = crowd
    expected = _expected(known)
    answer = _rfm(shop, AT)
    assert _scores(answer) == {scores: expected.count(scores) for scores in expected}
    assert answer["customers"] == len(known) == sum(segment["customers"] for segment in answer["segments"])
    assert abs(sum(segment["share"] for segment in answer["segments"]) - 1) < 1e-4
    assert sum(segment["sales"] for segment in answer["segments"]) == sum(sales for _, _, sales in known)
    order = [tuple(-segment[name] for name in DIMENSIONS) for segment in answer["segments"]]
    assert order == sorted(order), "best first"


def test_a_score_is_one_and_the_cut_points_that_a_value_reaches(crowd):
    shop, known = crowd
    cuts = _rfm(shop, AT)["cut_points"]
    for value, scores in zip(known, _expected(known)):
        for index, name in enumerate(DIMENSIONS):
            reached = [value[index] <= cut if index == 0 else value[index] >= cut for cut in cuts[name]]
            assert 1 + sum(reached) == scores[index], (name, value[index], cuts[name])


def test_equal_customers_have_equal_scores(new_shop):
    shop = new_shop()
    shop.batch("/v1/orders", [{"customer": {"external_id": f"c{number}"}, "ordered_at": "2025-06-01T12:00:00Z", "currency": "EUR", "total": 100} for number in range(9)])
    answer = _rfm(shop, AT)
    assert _scores(answer) == {(5, 5, 5): 9}, "nobody is split from an equal"
    assert answer["cut_points"] == {"recency": [29] * 4, "frequency": [1] * 4, "monetary": [100] * 4}


def test_days_are_the_shops_and_today_is_the_default(new_shop):
    shop = new_shop(settings={"time_zone": "Pacific/Kiritimati"})
    shop.order({"external_id": "a"}, "2025-06-29T09:59:59Z", 100)  # still the 29th there
    shop.order({"external_id": "b"}, "2025-06-29T10:00:00Z", 100)  # the 30th
    assert _rfm(shop, "2025-06-29")["customers"] == 1
    assert _rfm(shop, "2025-06-30")["cut_points"]["recency"] == [1, 1, 0, 0]
    assert _rfm(shop, "2025-06-30", **{"from": "2025-06-30"})["customers"] == 1
    now = datetime.now(timezone.utc)
    shop.order({"external_id": "c"}, now.isoformat(), 100)
    answer = _rfm(shop)
    assert answer["at"] in [(now + timedelta(hours=14, minutes=minutes)).date().isoformat() for minutes in (0, 5)]
    assert answer["customers"] == 3 and answer["cut_points"]["recency"][3] == 0


def test_what_is_left_out_is_counted(new_shop):
    shop = new_shop()
    shop.order({"external_id": "a"}, "2025-06-01T12:00:00Z", 100, external_id="old")
    shop.refund("external:old", 30, "2025-06-02T12:00:00Z")
    shop.order({"external_id": "b"}, "2025-06-01T12:00:00Z", 100, test=True)
    shop.api.post("/v1/orders", {"customer": {"external_id": "c"}, "ordered_at": "2025-06-01T12:00:00Z", "currency": "EUR", "total": 100, "status": "pending"})
    shop.api.patch("/v1/settings", {"base_currency": "USD"})
    answer = _rfm(shop, AT)
    assert answer["excluded"] == {"test": 1, "unconverted_currency": 2} and answer["currency"] == "USD"
    assert answer["segments"] == [{"recency": 5, "frequency": 5, "monetary": 5, "customers": 1, "share": 1, "sales": 0}]


def test_a_shop_without_orders_has_no_segments(new_shop):
    shop = new_shop()
    shop.order({"external_id": "b"}, "2025-06-01T12:00:00Z", 100, test=True)
    answer = _rfm(shop, AT)
    assert (answer["customers"], answer["segments"], answer["excluded"]["test"]) == (0, [], 1)
    assert answer["cut_points"] == {name: [None] * 4 for name in DIMENSIONS}
    lines = shop.api.get("/v1/segments/rfm", query={"at": AT}, headers={"Accept": "text/csv"}).text
    assert lines == "at,recency,frequency,monetary,customers,share,sales\r\n"


def test_customers_who_are_one_person_count_once(new_shop):
    shop = new_shop()
    ids = [shop.order({"external_id": name}, f"2025-06-0{number}T12:00:00Z", 100)["customer_id"] for number, name in enumerate("abc", 1)]
    shop.link(ids[0], ids[1])
    answer = _rfm(shop, AT)
    assert (answer["customers"], answer["cut_points"]["frequency"]) == (2, [1, 1, 2, 2])


def test_csv_says_what_json_says(crowd):
    shop, _ = crowd
    text = shop.api.get("/v1/segments/rfm", query={"at": AT}, headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    segments = _rfm(shop, AT)["segments"]
    assert [{name: str(value) for name, value in {"at": AT, **segment}.items()} for segment in segments] == rows


def test_an_unchanged_answer_costs_a_304(new_shop):
    shop = new_shop()
    shop.order({"external_id": "a"}, "2025-06-01T12:00:00Z", 100)
    query = {"at": "2025-06-30"}
    tag = shop.api.get("/v1/segments/rfm", query=query).headers["ETag"]
    shop.api.get("/v1/segments/rfm", 304, query=query, headers={"If-None-Match": tag})
    shop.order({"external_id": "b"}, "2025-06-01T12:00:00Z", 100)
    shop.api.get("/v1/segments/rfm", 200, query=query, headers={"If-None-Match": tag})


@pytest.mark.parametrize("query", [{"at": "2025-06-30", "from": "2025-07-01"}, {"at": "today"}, {"from": "2025-02-30"}, {"to": "2025-06-30"}])
def test_days_that_cannot_be_are_refused(api, query):
    answer = api.get("/v1/segments/rfm", 400, query=query)
    assert answer.code == "invalid_parameter" and answer.places <= {"at", "from", "to"}
