"""KPIs by channel, campaign, country and storefront: worked by hand, against brute force, and adding up."""
import csv
import io
import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from support.oracle import rounded

WINDOW = ("2025-02-01", "2025-03-01")  # 28 days; the window before it is 4 to 31 January
GROUPED = [("orders", "channel"), ("net_sales", "storefront"), ("new_customers", "country"), ("gross_margin", "campaign"), ("marketing_spend", "channel"), ("impressions", "campaign")]


@pytest.fixture(scope="module", autouse=True)
def _facts(shop):
    """
    ann GB   10 Jan web 1000, 5 Feb store 2000, 20 Feb web 3000
    bob FR   10 Feb web, campaign k1, storefront fr 4000
    cem -    1 Nov 2024 mail 500, 11 Feb (no channel) 700
    dora FR  15 Jan store 900, of which 300 go back on 8 Feb
    """
    for name, country in (("ann", "GB"), ("bob", "FR"), ("cem", None), ("dora", "FR")):
        shop.customer(name, **({"country": country} if country else {}))
    for customer, at, total, fields in (
            ("ann", "2025-01-10", 1000, {"channel": "web"}), ("ann", "2025-02-05", 2000, {"channel": "store"}), ("ann", "2025-02-20", 3000, {"channel": "web"}),
            ("bob", "2025-02-10", 4000, {"channel": "web", "campaign": "k1", "storefront": "fr"}),
            ("cem", "2024-11-01", 500, {"channel": "mail"}), ("cem", "2025-02-11", 700, {}),
            ("dora", "2025-01-15", 900, {"channel": "store", "external_id": "back"})):
        shop.order(f"external:{customer}", f"{at}T12:00:00Z", total, **fields)
    shop.order("external:ann", "2025-02-07T12:00:00Z", 99, channel="lab", test=True)
    shop.refund("external:back", 300, "2025-02-08T12:00:00Z")
    for body in ({"external_id": "k1", "name": "Spring", "channel": "ads"}, {"name": "News", "channel": "mail"}):
        made = shop.api.post("/v1/campaigns", body).json
        figures = {"spend": 600, "conversions": 3, "interactions": 60, "impressions": 500} if body["name"] == "Spring" else \
            {"spend": 90, "conversions": 1, "sent": 100, "bounced": 10, "unopened": 50}
        shop.api.put(f"/v1/campaigns/{made['id']}/days/2025-02-03", {**figures, "currency": "EUR"})
    for amount, campaign in ((400, "k1"), (200, "News"), (1000, None)):
        shop.api.post("/v1/spend", {"date": "2025-02-05", "amount": amount, "currency": "EUR", "category": "tools", **({"campaign": campaign} if campaign else {})})
    shop.api.post("/v1/surveys", {"external_id": "nps", "kind": "nps", "name": "N"})
    for score, customer, channel in ((10, "ann", "email"), (9, "bob", "email"), (3, None, "email"), (8, None, None)):
        shop.api.post("/v1/surveys/external:nps/responses", {"score": score, "answered_at": "2025-02-20T12:00:00Z", **({"customer": f"external:{customer}"} if customer else {}),
                                                             **({"channel": channel} if channel else {})})


def _groups(shop, name, dimension, *window, **query):
    """{key: (value, numerator, denominator)} in the order of the answer."""
    answer = shop.kpi(name, *(window or WINDOW), group_by=dimension, **query)
    return {group["key"]: (group["value"], group["numerator"], group["denominator"]) for group in answer["groups"]}


def _values(shop, name, dimension, *window, **query):
    return {key: group[0] for key, group in _groups(shop, name, dimension, *window, **query).items()}


# worked by hand ------------------------------------------------------------------------------------

@pytest.mark.parametrize("dimension,expected", [("channel", {"mail": 1, "store": 1, "web": 2, None: 0}), ("country", {"FR": 2, "GB": 1, None: 1})])
def test_a_window_may_be_all_of_time(shop, dimension, expected):
    assert _values(shop, "new_customers", dimension, "0001-01-01", "9999-12-31") == expected



def test_orders_count_where_they_came_from(shop):
    # the test order of the lab makes no group
    assert _values(shop, "orders", "channel") == {"store": 1, "web": 2, None: 1}
    assert _values(shop, "orders", "campaign") == {"k1": 1, None: 3}
    assert _values(shop, "orders", "storefront") == {"fr": 1, None: 3}
    assert _values(shop, "orders", "country") == {"FR": 1, "GB": 2, None: 1}


def test_a_refund_is_taken_off_the_group_of_its_order(shop):
    # store 2000 - 300; FR 4000 - 300, because dora lives there
    assert _values(shop, "net_sales", "channel") == {"store": 1700, "web": 7000, None: 700}
    assert _values(shop, "net_sales", "country") == {"FR": 3700, "GB": 5000, None: 700}
    assert _values(shop, "average_order_value", "channel", refunds="on_refund_date") == {"store": 1700, "web": 3500, None: 700}


def test_a_customer_is_active_in_each_group_that_it_ordered_in(shop):
    # ann is in store and in web, so 1 + 2 + 1 is more than the 3 that there are
    assert _values(shop, "active_customers", "channel") == {"store": 1, "web": 2, None: 1}
    assert shop.value("active_customers", *WINDOW) == 3
    assert _values(shop, "active_customers", "country") == {"FR": 1, "GB": 1, None: 1}


def test_what_a_customer_did_is_about_all_of_its_orders(shop):
    # ann ordered twice in the window, once in each of her channels
    assert _groups(shop, "repeat_purchase_rate", "channel") == {"store": (1, 1, 1), "web": (Decimal("0.5"), 1, 2), None: (0, 0, 1)}
    # cem had ordered by mail before, bob had not ordered
    assert _groups(shop, "returning_customer_rate", "channel") == {"store": (1, 1, 1), "web": (Decimal("0.5"), 1, 2), None: (1, 1, 1)}
    assert _values(shop, "reactivated_customers", "channel") == {"store": 0, "web": 0, None: 1}
    assert _values(shop, "transaction_frequency", "country") == {"FR": 1, "GB": 2, None: 1}


def test_a_new_customer_is_in_the_group_of_its_first_order(shop):
    assert _values(shop, "new_customers", "channel") == {"store": 0, "web": 1, None: 0}
    assert _groups(shop, "acquisition_rate", "channel")["web"] == (Decimal("0.5"), 1, 2)
    # in January: ann by web and dora by store; cem came by mail in November
    assert _values(shop, "new_customers", "channel", "2024-11-01", "2025-02-01") == {"mail": 1, "store": 1, "web": 1}
    assert _values(shop, "order_value_first", "channel")["web"] == 4000
    assert _values(shop, "order_value_repeat", "channel") == {"store": 2000, "web": 3000, None: 700}


def test_a_customer_is_retained_in_the_group_that_it_was_active_in(shop):
    # before: ann by web, dora by store; of these ann ordered again, in whichever channel
    assert _groups(shop, "retention_rate", "channel") == {"store": (0, 0, 1), "web": (1, 1, 1), None: (None, 0, 0)}
    assert _groups(shop, "churn_rate", "country") == {"FR": (1, 1, 1), "GB": (0, 0, 1), None: (None, 0, 0)}


def test_a_gap_is_in_the_group_of_the_order_that_ends_it(shop):
    # ann 10 Jan - 5 Feb - 20 Feb: 26 days (store), 15 days (web); cem 1 Nov - 11 Feb: 102 days
    assert _values(shop, "days_between_orders", "channel") == {"store": 26, "web": 15, None: 102}


def test_customer_value_is_in_the_group_of_the_first_order(shop):
    assert _groups(shop, "clv_simple", "channel", "2024-11-01", "2025-03-01", until="2025-12-31") == {
        "mail": (1200, 1200, 1), "store": (600, 600, 1), "web": (5000, 10000, 2), None: (None, 0, 0)}
    assert _values(shop, "clv_historic", "country", "2024-11-01", "2025-03-01", until="2025-12-31") == {"FR": 2300, "GB": 6000, None: 1200}


def test_cost_per_acquisition_is_per_campaign(shop):
    # k1: (600 + 400) / 3; News: (90 + 200) / 1; the 1000 for tools belong to no campaign
    assert _groups(shop, "cost_per_acquisition", "campaign") == {"News": (290, 290, 1), "k1": (Decimal("333.3333"), 1000, 3), None: (None, 0, 0)}
    # spend that names a campaign, by id or by name, belongs to its channel
    assert _values(shop, "cost_per_acquisition", "channel") == {"ads": Decimal("333.3333"), "mail": 290, None: None}
    assert _values(shop, "marketing_spend", "channel") == {"ads": 1000, "mail": 290, None: 1000}
    assert _values(shop, "email_open_rate", "campaign") == {"News": Decimal("0.444444"), "k1": None, None: None}  # 40 of 90


def test_kpis_of_several_kinds_of_facts_have_the_groups_of_all(shop):
    assert _groups(shop, "customer_acquisition_cost", "channel") == {"ads": (None, 1000, 0), "mail": (None, 290, 0), "store": (None, 0, 0),
                                                                     "web": (0, 0, 1), None: (None, 1000, 0)}
    # bob came by k1: its spend by one customer
    assert _values(shop, "customer_acquisition_cost", "campaign") == {"News": None, "k1": 1000, None: None}
    reasons = {group["key"]: group["reason"] for group in shop.kpi("customer_acquisition_cost", *WINDOW, group_by="channel")["groups"]}
    assert reasons["ads"] == "no_new_customers" and reasons["web"] is None


def test_nps_by_channel_and_by_country(shop):
    query = {"from": WINDOW[0], "to": WINDOW[1]}
    by_channel = shop.api.get("/v1/nps", query={**query, "group_by": "channel"}).json["groups"]
    assert [(group["key"], group["score"], group["responses"]) for group in by_channel] == [("email", Decimal("33.3333"), 3), (None, 0, 1)]
    assert by_channel[0]["distribution"] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1] and by_channel[0]["margin_of_error"] > 0
    by_country = shop.api.get("/v1/nps", query={**query, "group_by": "country", "survey": "external:nps"}).json["groups"]
    assert [(group["key"], group["score"]) for group in by_country] == [("FR", 100), ("GB", 100), (None, -50)]  # 3 and 8 without a name
    assert _values(shop, "nps", "channel") == {"email": Decimal("33.3333"), None: 0}


# what holds always ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, dimension", GROUPED)
def test_groups_add_up_to_the_whole(shop, name, dimension):
    answer = shop.kpi(name, *WINDOW, group_by=dimension)
    assert sum(group["value"] for group in answer["groups"]) == answer["value"] != 0
    keys = [group["key"] for group in answer["groups"]]
    assert keys == sorted(key for key in keys if key is not None) + [None] * (None in keys), "by key, none last"


def test_the_catalogue_says_what_is_possible_and_only_that_is(shop):
    for entry in shop.api.get("/v1/kpis").json["items"]:
        for dimension in ("channel", "campaign", "country", "storefront"):
            possible = dimension in entry["group_by"]
            answer = shop.api.get(f"/v1/kpis/{entry['name']}", 200 if possible else 400, query={"from": WINDOW[0], "to": WINDOW[1], "group_by": dimension})
            if not possible:
                assert answer.code == "invalid_parameter" and answer.places == {"group_by"}
                assert all(other in answer.json["detail"] for other in entry["group_by"])
    entries = {entry["name"]: entry["group_by"] for entry in shop.api.get("/v1/kpis").json["items"]}
    assert entries["marketing_spend"] == ["channel", "campaign"] and entries["nps"] == ["channel", "country"]
    assert entries["orders"] == ["channel", "campaign", "country", "storefront"] and entries["clv_to_cac"] == ["channel", "campaign"]


@pytest.mark.parametrize("dimension", ["channel", "campaign", "country", "storefront"])
def test_the_dashboard_has_the_groups_of_each_kpi_or_none(shop, dimension):
    possible = {entry["name"]: dimension in entry["group_by"] for entry in shop.api.get("/v1/kpis").json["items"]}
    board = shop.api.get("/v1/dashboard", query={"from": WINDOW[0], "to": WINDOW[1], "group_by": dimension}).json
    kpis = [kpi for stage in board["stages"] for kpi in stage["kpis"]]
    assert len(kpis) == len(possible) and 0 < sum(possible.values()) < len(possible)
    for kpi in kpis:
        if possible[kpi["kpi"]]:
            assert kpi["groups"] == shop.kpi(kpi["kpi"], *WINDOW, group_by=dimension)["groups"], kpi["kpi"]
        else:
            assert kpi["groups"] is None


def test_nothing_is_there_that_was_not_asked_for(shop):
    assert not {"series", "groups", "previous"} & set(shop.kpi("orders", *WINDOW))
    everything = shop.kpi("orders", *WINDOW, group_by="channel", interval="week", compare="previous_period")
    assert {"series", "groups", "previous"} <= set(everything)
    assert everything["groups"] == shop.kpi("orders", *WINDOW, group_by="channel")["groups"]
    assert everything["series"] == shop.kpi("orders", *WINDOW, interval="week")["series"]


def test_a_window_without_facts_has_no_groups(shop):
    assert shop.kpi("orders", "2023-01-01", "2023-02-01", group_by="channel")["groups"] == []
    assert shop.kpi("clv_simple", "2023-01-01", "2023-02-01", group_by="channel")["groups"] == []


@pytest.mark.parametrize("path, query", [("/v1/kpis/orders", {"group_by": "colour"}), ("/v1/kpis/orders", {"group_by": ""}), ("/v1/nps", {"group_by": "campaign"}),
                                         ("/v1/dashboard", {"group_by": "colour"})])
def test_other_groups_are_refused(api, path, query):
    answer = api.get(path, 400, query=query)
    assert answer.code == "invalid_parameter" and answer.places == {"group_by"}


def test_csv_has_a_row_for_each_group(shop):
    query = {"from": WINDOW[0], "to": WINDOW[1], "group_by": "channel"}

    def rows(path, **more):
        return list(csv.DictReader(io.StringIO(shop.api.get(path, query={**query, **more}, headers={"Accept": "text/csv"}).text, newline="")))
    found = rows("/v1/kpis/orders")
    assert [(row["group"], row["value"]) for row in found] == [("store", "1"), ("web", "2"), ("", "1")]
    assert list(found[0])[:13] == "kpi,stage,unit,currency,from,to,time_zone,value,numerator,denominator,reason,low,high".split(","), "columns keep their place"
    board = rows("/v1/dashboard", group_by="country")
    assert {row["kpi"] for row in board} & {"orders", "nps", "marketing_spend"} == {"orders", "nps"}
    assert [row["group"] for row in board if row["kpi"] == "active_customers"] == ["FR", "GB", ""]
    assert [(row["group"], row["responses"]) for row in rows("/v1/nps")] == [("email", "3"), ("", "1")]
    refused = shop.api.get("/v1/kpis/orders", 400, query={**query, "interval": "day"}, headers={"Accept": "text/csv"})
    assert refused.places == {"group_by"}


def test_a_thousand_groups_are_answered_and_more_refused(new_shop):
    shop = new_shop()
    orders = [{"external_id": f"o{number}", "customer": {"external_id": f"c{number}"}, "currency": "EUR", "total": 1, "ordered_at": "2025-02-05T12:00:00Z", "campaign": f"k{number}"}
              for number in range(1001)]
    shop.batch("/v1/orders", orders[:1000])
    answer = shop.kpi("orders", *WINDOW, group_by="campaign")
    assert len(answer["groups"]) == 1000 and sum(group["value"] for group in answer["groups"]) == 1000
    shop.batch("/v1/orders", orders[1000:])
    for path in ("/v1/kpis/orders", "/v1/kpis/new_customers", "/v1/kpis/clv_simple", "/v1/dashboard"):
        refused = shop.api.get(path, 400, query={"from": WINDOW[0], "to": WINDOW[1], "group_by": "campaign"})
        assert refused.code == "invalid_parameter" and refused.places == {"group_by"} and "1000" in refused.json["detail"]
    # spend alone stays within the limit, yet what is divided by new customers has their groups
    assert shop.kpi("marketing_spend", *WINDOW, group_by="campaign")["groups"] == []
    shop.api.get("/v1/kpis/customer_acquisition_cost", 400, query={"from": WINDOW[0], "to": WINDOW[1], "group_by": "campaign"})


# against brute force -------------------------------------------------------------------------------------

FIRST, DAYS = date(2024, 1, 1), 200
CUTS = [(date(2024, 3, 1), date(2024, 4, 1)), (date(2024, 2, 10), date(2024, 6, 1)), (FIRST, FIRST + timedelta(days=DAYS)), (date(2024, 5, 5), date(2024, 5, 8))]


class People:
    """Random orders of persons, some of whom are known twice; what the definitions say of them, order by order."""

    def __init__(self, seed):
        chance = random.Random(seed)
        self.country = {f"c{number}": chance.choice(["GB", "FR", "US", None]) for number in range(40)}
        self.person = {name: name for name in self.country}
        for number in range(0, 12, 3):  # c1 and c2 are c0, c4 is c3, ...
            for other in range(number + 1, number + chance.choice([2, 3])):
                self.person[f"c{other}"] = f"c{number}"
        self.orders = []
        for number in range(260):
            name = f"c{chance.randrange(40) if chance.random() < 0.5 else chance.randrange(15)}"
            self.orders.append({"name": name, "at": FIRST + timedelta(days=chance.randrange(DAYS)), "second": number, "total": chance.randrange(100, 9000),
                                "channel": chance.choice(["web", "store", None]), "campaign": chance.choice(["a", "b", None, None]), "storefront": chance.choice(["x", "y"])})
        for order in self.orders:
            order["person"] = self.person[order["name"]]
            order["country"] = self.country[order["person"]]
        self.orders.sort(key=lambda order: (order["at"], order["second"]))

    def of(self, person):
        return [order for order in self.orders if order["person"] == person]

    def groups(self, dimension, first, past):
        """{key: {name: ...}} of everything that is counted."""
        length, found = past - first, {}

        def at(key, name):
            return found.setdefault(key, {}).setdefault(name, set())
        for person in set(self.person.values()):
            orders = self.of(person)
            inside = [order for order in orders if first <= order["at"] < past]
            before = [order for order in orders if order["at"] < first]
            previous = [order for order in before if order["at"] >= first - length]
            for order in inside:
                key = order[dimension]
                at(key, "active").add(person)
                at(key, "orders").add(order["second"])
                if len(inside) > 1:
                    at(key, "repeat").add(person)
                if len(inside) > 1 or before:
                    at(key, "returning").add(person)
                if before and not previous:
                    at(key, "reactivated").add(person)
                if order is orders[0]:
                    at(key, "new").add(person)
            for order in previous:
                at(order[dimension], "previous").add(person)
                if inside:
                    at(order[dimension], "retained").add(person)
        return found

    def lifetime(self, dimension, first, past):
        """{key of the first order: (net, customers)} of the persons whose first order is in the window."""
        found = {}
        for person in set(self.person.values()):
            orders = self.of(person)
            if orders and first <= orders[0]["at"] < past:
                net, customers = found.get(orders[0][dimension], (0, 0))
                found[orders[0][dimension]] = net + sum(order["total"] for order in orders), customers + 1
        return found


@pytest.fixture(scope="module", params=[1, 2], ids=lambda seed: f"seed {seed}")
def people(request, shops):
    world, shop = People(request.param), shops()
    ids = {name: shop.customer(name, **({"country": country} if country else {}))["id"] for name, country in world.country.items()}
    shop.batch("/v1/orders", [{"external_id": f"o{order['second']}", "customer": f"external:{order['name']}", "currency": "EUR", "total": order["total"],
                               "ordered_at": (datetime(order["at"].year, order["at"].month, order["at"].day, 6, tzinfo=timezone.utc) + timedelta(seconds=order["second"])).isoformat(),
                               **{name: order[name] for name in ("channel", "campaign", "storefront") if order[name]}} for order in world.orders])
    for name, person in world.person.items():
        if name != person:
            shop.link(ids[name], ids[person])
    yield world, shop
    shop.close()


@pytest.mark.parametrize("dimension", ["channel", "campaign", "country", "storefront"])
def test_brute_force_agrees(people, dimension):
    world, shop = people
    parts = {"orders": ("orders", None), "active_customers": ("active", None), "new_customers": ("new", None), "reactivated_customers": ("reactivated", None),
             "repeat_purchase_rate": ("repeat", "active"), "returning_customer_rate": ("returning", "active"), "acquisition_rate": ("new", "active"),
             "retention_rate": ("retained", "previous"), "transaction_frequency": ("orders", "active")}
    for first, past in CUTS:
        expected, window = world.groups(dimension, first, past), (first.isoformat(), past.isoformat())
        for name, (above, below) in parts.items():
            for key, group in _groups(shop, name, dimension, *window).items():
                counts = [len(expected.get(key, {}).get(part, ())) if part else None for part in (above, below)]
                assert group[1:] == tuple(counts), (name, dimension, key, window)
            listed = _groups(shop, name, dimension, *window)
            assert {key for key, count in expected.items() if count.get(above) or count.get(below)} <= set(listed), (name, window)
        for key, (value, net, customers) in _groups(shop, "clv_simple", dimension, *window, until="2024-12-31").items():
            wanted = world.lifetime(dimension, first, past).get(key, (0, 0))
            assert (net, customers) == wanted and value == (rounded(Fraction(*wanted), 4) if wanted[1] else None), (dimension, key, window)


def test_brute_force_agrees_without_groups(people):
    """The same persons, ungrouped: whoever is known twice counts once."""
    world, shop = people
    for first, past in CUTS:
        window, counts = (first.isoformat(), past.isoformat()), {}
        for group in world.groups("person", first, past).values():
            for name, members in group.items():
                counts[name] = counts.get(name, 0) + len(members)
        for name, (above, below) in {"active_customers": ("active", None), "new_customers": ("new", None), "reactivated_customers": ("reactivated", None),
                                     "repeat_purchase_rate": ("repeat", "active"), "returning_customer_rate": ("returning", "active"), "retention_rate": ("retained", "previous")}.items():
            answer = shop.kpi(name, *window)
            assert (answer["numerator"], answer["denominator"]) == (counts.get(above, 0), counts.get(below, 0) if below else None), (name, window)
        lifetime = world.lifetime("storefront", first, past)
        answer = shop.kpi("clv_simple", *window, until="2024-12-31")
        assert (answer["numerator"], answer["denominator"]) == tuple(sum(part) for part in zip(*lifetime.values())) if lifetime else (0, 0)
