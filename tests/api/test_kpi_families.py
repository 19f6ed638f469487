"""KPIs of visits, carts, social platforms, programs and costs: groups, persons, and what is not decided yet.

The numbers over time are worked in golden/journey.json, programs.json and costs.json.
"""
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

WINDOW = ("2025-03-01", "2025-04-01")
AT = "2025-03-10T12:00:00Z"
SETTINGS = {"default_gross_margin": 0.5}


@pytest.fixture(scope="module", autouse=True)
def _facts(shop):
    """
    ann (GB) comes by search (campaign x) and by e-mail, leaves a cart of 10.00 at storefront uk, orders there on the web
    channel; bob (FR) comes by search and orders a cart at once at storefront fr; somebody else comes from nowhere.
    dan (FR), referred by ann, orders by phone for 8.00. bob's weekly subscription is due on 6 March, when he renews it, and
    on the 13th, when he does not.
    """
    for name, fields in (("ann", {"country": "GB"}), ("bob", {"country": "FR"}), ("dan", {"country": "FR", "referred_by": "external:ann", "acquired_at": AT})):
        shop.customer(name, **fields)
    for who, channel, campaign, pages in (({"customer": "external:ann"}, "search", "x", 1), ({"customer": "external:ann"}, "email", None, 5), ({"customer": "external:bob"}, "search", None, 2),
                                          ({"visitor": "somebody"}, None, None, 1)):
        named = {name: value for name, value in (("channel", channel), ("campaign", campaign)) if value}
        shop.api.post("/v1/touchpoints", {**who, "kind": "visit", "at": AT, "pages": pages, "duration_seconds": 10 * pages, **named})
    for cart, customer, storefront, value in (("left", "ann", "uk", 1000), ("bought", "bob", "fr", 2000)):
        shop.api.put(f"/v1/carts/{cart}", {"customer": f"external:{customer}", "value": value, "currency": "EUR", "updated_at": AT, "storefront": storefront, "channel": "web"})
    shop.order("external:bob", "2025-03-10T12:05:00Z", 2000, cart="bought", channel="web", storefront="fr")
    shop.order("external:ann", "2025-03-11T12:00:00Z", 600, channel="web", storefront="uk")
    shop.order("external:dan", "2025-03-12T12:00:00Z", 800, channel="phone")
    for platform, followers, likes in (("facebook", 100, 50), ("mastodon", 50, 10)):
        shop.api.put(f"/v1/social/{platform}/days/2025-03-05", {"followers": followers, "likes": likes})
    for customer, rating in (("ann", 5), ("bob", 2), ("dan", 4)):
        shop.api.post("/v1/reviews", {"customer": f"external:{customer}", "rating": rating, "reviewed_at": AT})
    shop.api.post("/v1/loyalty/members", {"customer": "external:bob", "joined_at": "2025-01-01T00:00:00Z"})
    shop.api.post("/v1/subscriptions", {"external_id": "weekly", "customer": "external:bob", "interval": "week", "started_at": "2025-02-20T12:00:00Z"})
    for day in ("02-27", "03-06"):
        shop.api.post("/v1/subscriptions/external:weekly/renewals", {"renewed_at": f"2025-{day}T12:00:00Z"})
    shop.api.post("/v1/costs", {"customer": "external:dan", "kind": "service", "amount": 100, "currency": "EUR", "incurred_at": AT})


def _groups(shop, name, dimension, **query):
    return {group["key"]: group["value"] for group in shop.kpi(name, *WINDOW, group_by=dimension, **query)["groups"]}


@pytest.mark.parametrize("name, dimension, query, groups", [
    ("unique_visitors", "channel", {}, {"search": 2, "email": 1, None: 1}), ("unique_visitors", "country", {}, {"GB": 1, "FR": 1, None: 1}), ("sessions", "campaign", {}, {"x": 1, None: 3}),
    ("bounce_rate", "channel", {}, {"search": Decimal("0.5"), "email": 0, None: 1}), ("conversion_rate", "channel", {"basis": "visitor"}, {"search": 1, "email": 1, None: 0}),
    ("cart_abandonment_rate", "storefront", {}, {"uk": 1, "fr": 0}), ("cart_abandonment_rate", "country", {}, {"GB": 1, "FR": 0}), ("abandoned_value", "channel", {}, {"web": 1000}),
    ("followers", "channel", {}, {"facebook": 100, "mastodon": 50}), ("engagement_rate", "channel", {}, {"facebook": 0, "mastodon": Decimal("0.2")}),
    ("average_rating", "country", {}, {"GB": 5, "FR": 3}), ("loyalty_participation_rate", "storefront", {}, {"uk": 0, "fr": 1, None: 0}),
    ("referred_customers", "channel", {}, {"web": 0, "phone": 1}), ("referral_value", "country", {}, {"FR": 400}), ("referral_participation_rate", "country", {}, {"GB": 1, "FR": 0}),
    ("subscription_renewal_rate", "country", {}, {"FR": Decimal("0.5")}),
    ("clv_simple", "channel", {"until": "2025-12-31"}, {"web": 1300, "phone": 700})])
def test_groups(shop, name, dimension, query, groups):
    found = _groups(shop, name, dimension, **query)
    # A group in which the KPI counts nothing may be there or not.
    assert {key: value for key, value in found.items() if value or key in groups} == groups


@pytest.mark.parametrize("name, dimension", [("unique_visitors", "storefront"), ("followers", "country"), ("reviews", "channel"), ("subscription_renewal_rate", "campaign"),
                                             ("referral_participation_rate", "channel")])
def test_facts_without_the_dimension_cannot_be_grouped_by_it(shop, name, dimension):
    answer = shop.api.get(f"/v1/kpis/{name}", 400, query={"group_by": dimension})
    assert answer.code == "invalid_parameter" and answer.places == {"group_by"}


def test_an_open_cart_and_a_date_ahead_are_not_decided(new_shop):
    shop = new_shop(settings={"abandoned_after_minutes": 60})
    now = datetime.now(timezone.utc)
    for name, age in (("open", 30), ("left", 90)):
        shop.api.put(f"/v1/carts/{name}", {"visitor": name, "value": 100, "currency": "EUR", "updated_at": (now - timedelta(minutes=age)).isoformat()})
    for name, days in (("due", 8), ("ahead", 6)):
        shop.api.post("/v1/subscriptions", {"external_id": name, "customer": {"external_id": name}, "interval": "week", "started_at": (now - timedelta(days=days)).isoformat()})
    window = [(now + timedelta(days=days)).date().isoformat() for days in (-5, 5)]
    answer = shop.kpi("cart_abandonment_rate", *window)
    assert (answer["numerator"], answer["denominator"]) == (1, 1)
    assert shop.value("abandoned_value", *window) == 100
    answer = shop.kpi("subscription_renewal_rate", *window)
    assert (answer["numerator"], answer["denominator"]) == (0, 1)


def test_customers_who_are_one_person_count_once(new_shop):
    shop = new_shop()
    ids = [shop.customer(name)["id"] for name in ("guest", "known", "friend")]
    for name in ("guest", "known"):
        shop.api.post("/v1/touchpoints", {"customer": f"external:{name}", "kind": "visit", "at": AT})
    shop.order("external:known", AT, 1000)
    shop.api.post("/v1/loyalty/members", {"customer": "external:guest", "joined_at": "2025-01-01T00:00:00Z"})
    shop.api.post("/v1/costs", {"customer": "external:guest", "kind": "service", "amount": 10, "currency": "EUR", "incurred_at": AT})
    shop.api.post("/v1/referrals", {"referrer": "external:friend", "customer": "external:guest", "referred_at": AT})
    names = {"unique_visitors": {}, "conversion_rate": {"basis": "visitor"}, "loyalty_participation_rate": {}, "referred_customers": {}, "clv_simple": {"until": "2025-12-31"}}

    def values():
        return [shop.value(name, *WINDOW, **query) for name, query in names.items()]
    assert values() == [2, Decimal("0.5"), 0, 0, 1000]
    shop.link(ids[0], ids[1])
    assert values() == [1, 1, 1, 1, 990]
    shop.link(ids[2], ids[1])
    assert shop.value("referred_customers", *WINDOW) == 0, "nobody refers themselves"
    assert shop.value("referral_participation_rate", *WINDOW) == 0


def test_a_referral_without_a_date_is_when_the_customer_became_known(new_shop):
    shop = new_shop()
    shop.customer("ann")
    shop.customer("bob", referred_by="external:ann")
    shop.order("external:bob", AT, 100)
    assert [shop.kpi("referral_participation_rate", *window)["numerator"] for window in (WINDOW, ("2025-04-01", "2025-05-01"))] == [1, 0]


def test_who_refers_somebody_is_known_from_then_on(new_shop):
    """Also when nothing of the one who refers has changed: cleo is, whom bob brought before he bought."""
    shop = new_shop()
    shop.customer("ann")
    shop.customer("bob", referred_by="external:ann")
    shop.order("external:bob", "2025-04-10T12:00:00Z", 100)
    windows = (WINDOW, ("2025-04-01", "2025-05-01"))
    assert [shop.kpi("referral_participation_rate", *window)["numerator"] for window in windows] == [0, 1]
    shop.api.post("/v1/referrals", {"referrer": "external:bob", "customer": {"external_id": "cleo"}, "referred_at": AT})
    assert [shop.kpi("referral_participation_rate", *window)["numerator"] for window in windows] == [2, 0]


def test_what_is_in_another_currency_is_left_out_and_counted(new_shop):
    shop = new_shop(settings={"abandoned_after_minutes": 60})
    shop.order({"external_id": "ann"}, AT, 100, external_id="o")
    shop.customer("bob", referred_by="external:ann", acquired_at=AT)
    shop.order("external:bob", AT, 100)
    shop.api.put("/v1/carts/left", {"visitor": "v", "value": 100, "currency": "EUR", "updated_at": AT})
    shop.api.post("/v1/costs", {"customer": "external:ann", "kind": "tool", "amount": 10, "currency": "EUR", "incurred_at": AT})
    shop.api.patch("/v1/settings", {"base_currency": "USD"})
    for name, query, left_out in (("abandoned_value", {}, 1), ("referral_value", {}, 1), ("clv_simple", {"until": "2025-12-31"}, 3), ("clv_historic", {"until": "2025-12-31"}, 3)):
        answer = shop.kpi(name, *WINDOW, **query)
        assert (answer["value"], answer["excluded"]["unconverted_currency"]) == (0, left_out), name


def _same(number, total):
    return abs(Decimal(number) - Decimal(total)) < Decimal("0.0001")


@pytest.mark.parametrize("name, query", [
    ("unique_visitors", {}), ("conversion_rate", {"basis": "visitor"}), ("sessions", {}), ("pages_per_session", {}), ("bounce_rate", {}), ("average_session_duration", {}),
    ("cart_abandonment_rate", {}), ("cart_recovery_rate", {}), ("abandoned_value", {}), ("followers", {}), ("engagement_rate", {}), ("reviews", {}), ("average_rating", {}),
    ("subscription_renewal_rate", {}), ("referral_participation_rate", {}), ("loyalty_participation_rate", {}), ("referred_customers", {}), ("referral_value", {}),
    ("clv_simple", {"until": "2025-12-31"}), ("clv_historic", {"until": "2025-12-31"}), ("discovery_channels", {})])
def test_members_add_up_to_both_parts(shop, name, query):
    answer = shop.kpi(name, *WINDOW, **query)
    for part in ("numerator", "denominator"):
        if answer[part] is None:
            continue
        items = shop.api.pages(f"/v1/kpis/{name}/members", **{"from": WINDOW[0], "to": WINDOW[1], "part": part, "limit": 2, **query})
        assert _same(sum(1 if item["amount"] is None else item["amount"] for item in items), answer[part]), (part, items)
        assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True), "newest first"


def test_members_are_the_very_facts(shop):
    def members(name, **query):
        return [(item["kind"], item["id"], item["amount"]) for item in shop.api.pages(f"/v1/kpis/{name}/members", **{"from": WINDOW[0], "to": WINDOW[1], **query})]
    ann, bob, dan = [shop.api.get(f"/v1/customers/external:{name}").json["id"] for name in ("ann", "bob", "dan")]
    assert members("abandoned_value") == [("cart", shop.api.get("/v1/carts/left").json["id"], 1000)]
    assert members("loyalty_participation_rate") == [("customer", bob, None)] and members("referred_customers") == [("customer", dan, None)]
    assert members("referral_participation_rate") == [("customer", ann, None)]
    assert sorted(members("conversion_rate", basis="visitor")) == sorted([("customer", ann, None), ("customer", bob, None)])
    assert {kind: amount for kind, _, amount in members("clv_simple", until="2025-12-31") if kind == "cost"} == {"cost": -100}
    assert [amount for _, _, amount in members("referral_value")] == [400]
