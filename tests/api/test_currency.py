"""Money in several currencies: converted when it comes in, exactly, and never summed without a rate."""
from decimal import ROUND_HALF_EVEN, Decimal

import pytest

AT = "2026-01-15T12:00:00Z"
EXPONENT = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0, "KWD": 3, "ISK": 0, "CHF": 2}


def _converted(amount, currency, rate, base="EUR"):
    """Minor units of `base` for minor units of `currency`, half to even."""
    exact = Decimal(amount).scaleb(EXPONENT[base] - EXPONENT[currency]) * Decimal(rate)
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def _order(api, status=201, **fields):
    return api.post("/v1/orders", {"customer": {"external_id": "c"}, "ordered_at": AT, **fields}, status)


@pytest.mark.parametrize("currency, rate, total, shipping", [
    ("USD", "0.85", 10000, 500), ("USD", "0.8537", 9999, 333), ("USD", "0.5", 1, 0), ("USD", "0.5", 3, 0), ("USD", "0.5", 5, 0), ("USD", "1.5", 1, 0),
    ("JPY", "0.0062", 12345, 600), ("JPY", "0.005", 1, 0), ("JPY", "0.005", 3, 0), ("KWD", "3.0125", 10000, 1), ("KWD", "1", 5, 0), ("KWD", "1", 15, 0),
    ("KWD", "1", 25, 0), ("GBP", "1.123456789012", 9999999, 7), ("ISK", "0.00671", 149999, 0), ("USD", "1e-3", 12500, 0)])
def test_amounts_are_converted_half_to_even(api, currency, rate, total, shipping):
    for sent in (rate, Decimal(rate)):
        made = _order(api, currency=currency, exchange_rate=sent, total=total, shipping=shipping).json
        assert made["base_total"] == _converted(total, currency, rate), made
        assert made["base_net"] == _converted(total - shipping, currency, rate), made
        assert (made["base_currency"], made["total"], made["net"]) == ("EUR", total, total - shipping)
        assert Decimal(str(made["exchange_rate"])) == Decimal(rate)
        assert api.get(f"/v1/orders/{made['id']}").json == made


def test_another_currency_needs_a_rate(api):
    for path, body in (("/v1/orders", {"customer": {"external_id": "c"}, "currency": "USD", "total": 5}),
                       ("/v1/spend", {"date": "2026-01-01", "amount": 5, "currency": "USD", "category": "tools"})):
        assert api.post(path, body, 422).code == "exchange_rate_required"
    api.post("/v1/campaigns", {"external_id": "k", "name": "K"})
    assert api.put("/v1/campaigns/external:k/days/2026-01-01", {"spend": 5, "currency": "USD"}, 422).code == "exchange_rate_required"


@pytest.mark.parametrize("rate", [0, -1, "0", "-0.5", "abc", "", "1,5", "NaN", "Infinity", True, [1]])
def test_a_rate_is_a_positive_number(api, rate):
    assert any(place.startswith("/exchange_rate") for place in _order(api, 422, currency="USD", total=5, exchange_rate=rate).places)


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "", "ZZZ", "E\u00dcR", 978])
def test_a_currency_is_one_of_iso_4217(api, currency):
    assert "/currency" in _order(api, 422, currency=currency, total=5, exchange_rate=1).places


def test_spend_and_campaign_days_are_converted_too(api):
    made = api.post("/v1/spend", {"date": "2026-02-01", "amount": 1001, "currency": "USD", "exchange_rate": "0.85", "category": "tools"}).json
    assert (made["base_amount"], made["base_currency"]) == (_converted(1001, "USD", "0.85"), "EUR")
    api.post("/v1/campaigns", {"external_id": "days", "name": "Days"})
    day = api.put("/v1/campaigns/external:days/days/2026-02-01", {"spend": 5000, "currency": "JPY", "exchange_rate": "0.0062"}).json
    assert day["base_spend"] == _converted(5000, "JPY", "0.0062") == 3100


def test_kpis_sum_base_amounts(new_shop):
    shop = new_shop(settings={"base_currency": "GBP", "default_gross_margin": 1})
    for number, (currency, rate, total) in enumerate([("GBP", None, 1000), ("USD", "0.8", 1000), ("JPY", "0.005", 1000), ("KWD", "2.5", 1000)]):
        shop.order({"external_id": f"c{number}"}, AT, total, currency=currency, **({"exchange_rate": rate} if rate else {}))
    answer = shop.kpi("net_sales", "2026-01-15", "2026-01-16")
    assert (answer["value"], answer["currency"]) == (1000 + 800 + 500 + 250, "GBP")
    assert shop.value("average_order_value", "2026-01-15", "2026-01-16") == Decimal("637.5")


def test_a_refund_is_in_the_currency_and_at_the_rate_of_its_order(new_shop):
    shop = new_shop()
    made = shop.order({"external_id": "c"}, AT, 20000, currency="USD", exchange_rate="0.8")
    refund = shop.refund(made["id"], 5000, "2026-01-20T12:00:00Z")
    assert refund["currency"] == "USD"
    assert shop.value("net_sales", "2026-01-20", "2026-01-21") == -4000
    assert shop.value("net_sales", "2026-01-01", "2026-02-01") == 12000


def test_after_a_change_of_the_base_currency_nothing_is_summed_without_a_rate(new_shop):
    shop = new_shop()
    shop.order({"external_id": "a"}, AT, 1000)
    shop.order({"external_id": "b"}, AT, 2000)
    shop.api.patch("/v1/settings", {"base_currency": "CHF"})
    shop.order({"external_id": "c"}, AT, 700, currency="CHF")
    window = ("2026-01-15", "2026-01-16")
    sales = shop.kpi("net_sales", *window)
    assert (sales["value"], sales["currency"], sales["excluded"]["unconverted_currency"]) == (700, "CHF", 2)
    mean = shop.kpi("average_order_value", *window)
    assert (mean["value"], mean["denominator"]) == (700, 1), "neither side knows the two"
    assert shop.value("orders", *window) == 3, "a count needs no rate"
