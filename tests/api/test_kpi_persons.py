"""Customers who turn out to be one person count as one, with the history of all their rows; and apart again afterwards."""
import pytest

WINDOW = ("2025-02-01", "2025-03-01")


def _link_away(shop, customer):
    """In one transaction, as whoever derives in between would see the link still."""
    shop.sql("""INSERT INTO changed_customers (customer_id) SELECT unnest(ARRAY[customer_id, person_id]) FROM customer_persons WHERE customer_id = %s;
                DELETE FROM customer_persons WHERE customer_id = %s;
                DELETE FROM customer_links WHERE customer_id = %s""", customer, customer, customer)


def _numbers(shop, window=WINDOW):
    names = ("active_customers", "new_customers", "repeat_purchase_rate", "returning_customer_rate", "retention_rate", "reactivated_customers", "days_between_orders",
             "order_value_first", "order_value_repeat", "orders", "net_sales")
    return {name: tuple(shop.kpi(name, *window)[part] for part in ("numerator", "denominator")) for name in names}


def _values(shop):
    return {name: tuple(shop.kpi(name, "2025-01-01", "2025-02-01", until="2025-12-31")[part] for part in ("numerator", "denominator")) for name in ("clv_simple", "clv_historic")}


@pytest.fixture
def rows(new_shop):
    """
    web    20 Jan 100, 10 Feb 200
    phone  5 Feb 400, of which 40 go back on 20 Mar
    desk   15 Jan 800
    """
    shop = new_shop()
    ids = {}
    for name, at, total in (("web", "2025-01-20", 100), ("web", "2025-02-10", 200), ("phone", "2025-02-05", 400), ("desk", "2025-01-15", 800)):
        ids[name] = shop.order({"external_id": name}, f"{at}T12:00:00Z", total, external_id=f"{name}{total}")["customer_id"]
    shop.refund("external:phone400", 40, "2025-03-20T12:00:00Z")
    return shop, ids


def test_three_rows_apart_and_as_one_person(rows):
    shop, ids = rows
    apart = _numbers(shop)
    # web 20 Jan - 10 Feb: 21 days; before: web and desk, of whom web came back
    assert apart == {"active_customers": (2, None), "new_customers": (1, None), "repeat_purchase_rate": (0, 2), "returning_customer_rate": (1, 2), "retention_rate": (1, 2),
                     "reactivated_customers": (0, None), "days_between_orders": (21, 1), "order_value_first": (400, 1), "order_value_repeat": (200, 1), "orders": (2, None),
                     "net_sales": (600, None)}
    # acquired in January: web with 300, desk with 800
    assert _values(shop) == {"clv_simple": (1100, 2), "clv_historic": (1100, 2)}

    shop.link(ids["phone"], ids["web"])
    shop.link(ids["desk"], ids["web"])
    # 15 Jan, 20 Jan | 5 Feb, 10 Feb: gaps of 16 and 5 days end in February
    assert _numbers(shop) == {"active_customers": (1, None), "new_customers": (0, None), "repeat_purchase_rate": (1, 1), "returning_customer_rate": (1, 1), "retention_rate": (1, 1),
                              "reactivated_customers": (0, None), "days_between_orders": (21, 2), "order_value_first": (0, 0), "order_value_repeat": (600, 2), "orders": (2, None),
                              "net_sales": (600, None)}
    # 100 + 200 + 400 - 40 + 800
    assert _values(shop) == {"clv_simple": (1460, 1), "clv_historic": (1460, 1)}

    for name in ("phone", "desk"):
        _link_away(shop, ids[name])
    assert _numbers(shop) == apart


def test_cohorts_are_of_persons(rows):
    shop, ids = rows

    def cells():
        return {cohort["cohort"]: [(cell["customers"], cell["sales"]) for cell in cohort["periods"][:3]] for cohort in shop.api.get("/v1/cohorts").json["cohorts"]}
    # web and desk in January; phone in February, with its refund in March
    assert cells() == {"2025-01-01": [(2, 900), (1, 200), (0, 0)], "2025-02-01": [(1, 400), (0, -40), (0, 0)]}
    shop.link(ids["phone"], ids["web"])
    assert cells() == {"2025-01-01": [(2, 900), (1, 600), (0, -40)]}


def test_the_country_of_a_person_is_that_of_its_own_row(new_shop):
    shop = new_shop()
    home, guest = shop.customer("home", country="GB")["id"], shop.customer("guest", country="FR")["id"]
    shop.order("external:home", "2025-02-05T12:00:00Z", 100)
    shop.order("external:guest", "2025-02-06T12:00:00Z", 200, external_id="g")
    shop.refund("external:g", 50, "2025-02-07T12:00:00Z")
    shop.api.post("/v1/surveys", {"external_id": "n", "kind": "nps", "name": "N"})
    shop.api.post("/v1/surveys/external:n/responses", {"score": 10, "customer": "external:guest", "answered_at": "2025-02-08T12:00:00Z"})

    def groups(name):
        return {group["key"]: group["value"] for group in shop.kpi(name, *WINDOW, group_by="country")["groups"]}
    assert groups("net_sales") == {"FR": 150, "GB": 100} and groups("nps") == {"FR": 100}
    shop.link(guest, home)
    assert groups("net_sales") == {"GB": 250} and groups("nps") == {"GB": 100} and groups("new_customers") == {"GB": 1}
    assert groups("clv_simple") == {"GB": 250}
    by_country = shop.api.get("/v1/nps", query={"from": WINDOW[0], "to": WINDOW[1], "group_by": "country"}).json["groups"]
    assert [(group["key"], group["score"]) for group in by_country] == [("GB", 100)]
