"""An order that is the last of its customer, or all there is, is derived from the rows that are there, without the facts before it. Each story
ends with such an order, or with one that takes more; what comes out is what a rebuild from the facts makes of them."""
import time
from urllib.parse import quote

import pytest

from support.server import wait_until

EUR, USD = {"currency": "EUR"}, {"currency": "USD", "exchange_rate": "0.9"}
ALONE = """SELECT coalesce(cardinality(l.later), 0), coalesce(cardinality(l.others), 0)
FROM (SELECT array_agg(c.customer_id) AS ids, array_agg(coalesce(c.since, '-infinity')) AS since, array_agg(c.order_id) AS orders
      FROM changed_customers AS c) AS g, derive_later(g.ids, g.since, g.orders, 'infinity') AS l"""


def order(at, total=1000, **fields):
    return "/v1/orders", {"ordered_at": at, **EUR, **({} if "items" in fields else {"total": total}), **fields}


def fact(path, **fields):
    return f"/v1/{path}", fields


def refund(order_id, at):
    return f"/v1/orders/external:{{name}}%20{order_id}/refunds", {"amount": 100, "refunded_at": at}


JANUARY, SAME_DAY, FEBRUARY, MARCH = "2026-01-15T10:00:00Z", "2026-01-15T18:00:00.000001Z", "2026-02-15T10:00:00Z", "2026-03-15T10:00:00Z"
MEMBER = fact("loyalty/members", joined_at="2026-02-01T00:00:00Z")
LINES = {"items": [{"sku": "a", "quantity": 2, "unit_price": 700, "unit_cost": 300}], "shipping": 100}
# What happens in order, and whether the last of it is simple.
STORIES = {
    "the first order": (True, [order(JANUARY)]),
    "the first, in another currency": (True, [order(JANUARY, **USD)]),
    "the first, with lines": (True, [order(JANUARY, channel="search", campaign="k", storefront="de", **LINES)]),
    "the first of a member": (True, [MEMBER, order(MARCH)]),
    "the first of somebody whose channel is known": (True, [fact("customers", acquisition={"channel": "friends"}), order(JANUARY)]),
    "the first after a visit": (False, [fact("touchpoints", kind="visit", at=JANUARY, channel="social"), order(FEBRUARY)]),
    "the first after a cart": (False, [fact("carts/{name}", value=5, currency="EUR", updated_at=JANUARY), order(FEBRUARY)]),
    "the first of somebody referred": (False, [fact("referrals", referred_at=JANUARY), order(FEBRUARY)]),
    "a later one": (True, [order(JANUARY), order(FEBRUARY, channel="email")]),
    "the third": (True, [order(JANUARY), order(FEBRUARY, 700, channel="email"), order(MARCH, **LINES)]),
    "the third, after two of one day": (True, [order(JANUARY), order(SAME_DAY), order(MARCH)]),
    "a later one, in another currency": (True, [order(JANUARY), order(FEBRUARY, **USD)]),
    "another one of the first day": (True, [order(JANUARY, channel="search"), order(SAME_DAY, 300, channel="email", storefront="de")]),
    "a third of the first day": (True, [order(JANUARY), order("2026-01-15T11:00:00Z"), order(SAME_DAY, campaign="k")]),
    "another one of a later day": (True, [order("2025-12-01T10:00:00Z"), order(JANUARY), order(SAME_DAY)]),
    "a third of a later day": (True, [order("2025-12-01T10:00:00Z"), order(JANUARY), order("2026-01-15T11:00:00Z", **USD), order(SAME_DAY)]),
    "one after a visit": (True, [order(JANUARY), fact("touchpoints", kind="visit", at=FEBRUARY), order(MARCH)]),
    "one on the day of a visit": (True, [order(JANUARY), fact("touchpoints", kind="visit", at="2026-02-15T09:00:00Z", pages=3), order(FEBRUARY)]),
    "one on the day of a review": (True, [order(JANUARY), fact("reviews", rating=4, reviewed_at="2026-02-15T09:00:00Z"), order(FEBRUARY)]),
    "one on the day of a cost": (True, [order(JANUARY), fact("costs", kind="service", amount=5, currency="EUR", incurred_at="2026-02-15T09:00:00Z"), order(FEBRUARY)]),
    "one on the day of a refund of another": (True, [order(JANUARY), refund(1, "2026-02-15T09:00:00Z"), order(FEBRUARY)]),
    "one after a refund": (True, [order(JANUARY), refund(1, FEBRUARY), order(MARCH)]),
    "another one of a day with a refund": (False, [order(JANUARY), refund(1, "2026-01-15T12:00:00Z"), order(SAME_DAY)]),
    "one before a refund": (False, [order(JANUARY), refund(1, MARCH), order(FEBRUARY)]),
    "one of a member": (True, [order(JANUARY), MEMBER, order(FEBRUARY)]),
    "the second of a member": (True, [order(JANUARY), MEMBER, order(FEBRUARY), order(MARCH)]),
    "two of the day somebody joined": (True, [order("2025-12-01T10:00:00Z"), fact("loyalty/members", joined_at="2026-01-15T12:00:00Z"), order(JANUARY), order(SAME_DAY)]),
    "one before the last": (False, [order(JANUARY), order(MARCH), order(FEBRUARY)]),
    "one of the same instant": (False, [order(JANUARY), order(JANUARY, 900)]),
    "one before a visit": (False, [order(JANUARY), fact("touchpoints", kind="visit", at=MARCH), order(FEBRUARY)]),
    "one of somebody referred": (False, [fact("referrals", referred_at="2026-01-01T00:00:00Z"), order(JANUARY), order(FEBRUARY)]),
    "one that is not paid for": (False, [order(JANUARY), order(FEBRUARY, status="pending")]),
    "a test": (False, [order(JANUARY), order(FEBRUARY, test=True)]),
    "one with a cart": (False, [order(JANUARY), order(FEBRUARY, cart="b")]),
}


def derive(cursor):
    for part in ("derive_changed", "derive_stages"):
        left = 1
        while left:
            cursor.execute(f"SELECT * FROM {part}(1000, NULL)")
            _, left = cursor.fetchone()
    cursor.connection.commit()


def send(shop, name, story, first=0):
    """From one fact on. Orders are numbered from 1 in their names."""
    for number, (path, fields) in enumerate(story):
        body = {"customer": {"external_id": name}, **fields}
        if path == "/v1/orders":
            body["external_id"] = f"{name} {1 + sum(each == path for each, _ in story[:number])}"
        elif path == "/v1/customers":
            body = {"external_id": name, **fields}
        elif path == "/v1/referrals":
            body["referrer"] = "external:who refers"
        elif path == "/v1/loyalty/members":
            body["external_id"] = f"member {name}"
        elif path.endswith("/refunds"):
            body = fields
        if number >= first:
            answer = shop.api.send("PUT" if path.startswith("/v1/carts") else "POST", path.format(name=quote(name)), body)
            assert answer.status == 201, answer.json


def rows_that_differ(cursor):
    cursor.execute("SELECT * FROM derive_check() WHERE missing > 0 OR surplus > 0")
    return cursor.fetchall()


@pytest.fixture(scope="module", autouse=True)
def who_refers(shop):
    shop.api.post("/v1/customers", {"external_id": "who refers"})
    shop.api.post("/v1/campaigns", {"external_id": "k", "name": "K"})


@pytest.mark.parametrize("name", STORIES)
def test_an_order_that_comes_in_is_derived_as_a_rebuild_does(shop, name):
    simple, story = STORIES[name]
    with shop.nobody_derives() as cursor:
        send(shop, name, story[:-1])
        derive(cursor)
        send(shop, name, story, len(story) - 1)
        cursor.execute(ALONE)
        assert cursor.fetchone() == ((1, 0) if simple else (0, 1))
        cursor.connection.rollback()
        derive(cursor)
        assert rows_that_differ(cursor) == []


def test_several_of_one_customer_at_once_take_more(shop):
    with shop.nobody_derives() as cursor:
        send(shop, "several", [order(JANUARY), order(FEBRUARY)])
        send(shop, "beside them", [order(JANUARY)])
        cursor.execute("SELECT changes FROM derive_changed(1000, NULL)")
        assert cursor.fetchone() == (0,)
        assert rows_that_differ(cursor) == []


def test_what_came_to_be_cancelled_meanwhile_is_no_order(shop):
    with shop.nobody_derives() as cursor:
        send(shop, "cancelled", [order(JANUARY), order(FEBRUARY)])
        derive(cursor)
        send(shop, "cancelled", [order(JANUARY), order(FEBRUARY), order(MARCH)], 2)
        shop.api.post("/v1/orders/external:cancelled%203/cancel", {}, 200)
        cursor.execute("SELECT changes FROM derive_changed(1, NULL)")  # the order alone
        cursor.connection.commit()
        derive(cursor)
        assert rows_that_differ(cursor) == []


def test_who_derives_has_planned_it_before(new_shop):
    shop = new_shop()
    shop.sql(f'ALTER DATABASE "{shop.database}" SET track_functions = pl')
    shop.server.stop()
    shop.start()
    deadline, connections = time.monotonic() + 10, 0
    while connections < 2 and time.monotonic() < deadline:  # statistics come a little later
        time.sleep(0.1)
        connections = sum(calls for calls, in shop.sql("SELECT calls FROM pg_stat_user_functions WHERE funcname = 'derive_nothing'"))
    assert connections >= 2


def test_what_was_written_is_derived_soon_though_nobody_asks(new_shop):
    """Not only when it is looked for, which happens once a second."""
    shop, start = new_shop(), time.monotonic()
    for day in range(10, 20):
        shop.order({"external_id": "soon"}, f"2026-01-{day}T10:00:00Z", 100)
        while shop.sql("SELECT count(*) FROM customer_days WHERE day = %s", f"2026-01-{day}") == [(0,)]:
            assert time.monotonic() < start + 5, day
            time.sleep(0.01)


@pytest.mark.parametrize("days, anew", [(400_000, False), (40_000, True)])
def test_sums_are_made_anew_only_when_so_much_waits_that_it_is_faster(shop, days, anew):
    with shop.nobody_derives() as cursor:
        send(shop, f"one of {days}", [order(JANUARY)])
        derive(cursor)
        cursor.execute("UPDATE pg_class SET reltuples = %s WHERE oid = 'customer_days'::regclass", (days,))
        cursor.execute("INSERT INTO changed_customers (customer_id) SELECT max(customer_id::text)::uuid FROM customers, generate_series(1, 30000) AS n GROUP BY n")
        cursor.execute("SELECT derive_changed(1, NULL)")
        cursor.execute("SELECT summed FROM data_version WHERE summed < 'infinity'")
        assert bool(cursor.fetchall()) == anew
        cursor.connection.rollback()


def test_the_more_waits_the_more_is_derived_at_once(new_shop):
    """4,000 customers are 40 times the least; twice as much each time is 7 transactions, or 10 by two who take turns."""
    shop = new_shop()
    with shop.nobody_derives():
        shop.batch("/v1/orders", [{"external_id": f"o{n}", "customer": {"external_id": f"c{n}"}, "ordered_at": JANUARY, "currency": "EUR", "total": 1} for n in range(4000)])
        assert shop.sql("SELECT count(*) >= 4000 FROM changed_customers") == [(True,)]
    wait_until(lambda: shop.sql("SELECT count(*) FROM customer_days") == [(4000,)], 60, "all are derived")
    assert shop.sql("SELECT count(DISTINCT xmin::text) < 20 FROM customer_days") == [(True,)]
