"""Carts: every PUT is a fact, and what became of a cart does not depend on the order in which anything arrives."""
import itertools
import random
import threading
from datetime import datetime, timedelta, timezone

import pytest

from support.client import ref, to_json
from support.shop import NDJSON

START = datetime(2026, 1, 10, 10, tzinfo=timezone.utc)
CART = {"visitor": "v-1", "value": 5000, "currency": "EUR"}
ITEMS = [{"sku": "TEA", "name": "Tea, \u201cgreen\u201d", "quantity": 2, "unit_price": 1250, "unit_cost": 700, "discount": 100}, {"unit_price": 300}]
SHOWN = [{"sku": "TEA", "name": "Tea, \u201cgreen\u201d", "quantity": 2, "unit_price": 1250, "unit_cost": 700, "discount": 100},
         {"sku": None, "name": None, "quantity": 1, "unit_price": 300, "unit_cost": None, "discount": 0}]


def _at(minutes):
    """So many minutes after START."""
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def _ago(minutes):
    return (datetime.now(timezone.utc) - timedelta(minutes=minutes)).isoformat()


def _put(shop, name, minutes, status=(200, 201), **fields):
    return shop.api.put(f"/v1/carts/{name}", {**CART, "updated_at": _at(minutes), **fields}, status).json


def _order(shop, cart, minutes, **fields):
    body = {"customer": {"external_id": "buyer"}, "ordered_at": _at(minutes), "currency": "EUR", "total": 5000, "cart": cart, **fields}
    return shop.api.post("/v1/orders", body).json


def _get(shop, name):
    return shop.api.get(f"/v1/carts/{name}").json


def _fate(cart):
    return {name: cart[name] for name in ("state", "started_at", "updated_at", "abandoned_at", "recovered_at", "converted_at")}


# what a cart says ------------------------------------------------------------------------------------

def test_a_cart_comes_back_whole(shop):
    body = {"customer": {"external_id": "c-1"}, "items": ITEMS, "currency": "EUR", "channel": "search", "campaign": "spring", "storefront": "web",
            "updated_at": "2026-01-10T11:00:00.25+01:00"}
    answer = shop.api.put("/v1/carts/whole", body, 201)
    made = answer.json
    customer = shop.api.get("/v1/customers/external:c-1").json
    assert answer.headers["Location"] == "/v1/carts/whole"
    assert made == {"id": made["id"], "external_id": "whole", "customer_id": customer["id"], "items": SHOWN, "value": 2700, "currency": "EUR", "exchange_rate": None,
                    "base_currency": "EUR", "base_value": 2700, "channel": "search", "campaign": "spring", "storefront": "web", "state": "abandoned",
                    "started_at": "2026-01-10T10:00:00.250000Z", "updated_at": "2026-01-10T10:00:00.250000Z", "abandoned_at": "2026-01-10T11:00:00.250000Z",
                    "recovered_at": None, "converted_at": None, "order_id": None, "reminders": 0, "created_at": made["created_at"]}
    assert _get(shop, "whole") == made
    changed = shop.api.put("/v1/carts/whole", {**CART, "updated_at": _at(30)}, 200).json
    assert changed == {**made, "customer_id": changed["customer_id"], "items": [], "value": 5000, "base_value": 5000, "channel": None, "campaign": None, "storefront": None,
                       "updated_at": _at(30), "abandoned_at": _at(90)}, "the newest update is the cart, as a whole"
    assert changed["customer_id"] == shop.api.get("/v1/customers/visitor:v-1").json["id"] != made["customer_id"]
    assert _get(shop, "whole") == changed
    shop.api.get("/v1/carts/no-such-cart", 404)


@pytest.mark.parametrize("fields, value", [
    ({"value": 0}, 0), ({"value": 700, "items": []}, 700), ({"items": ITEMS}, 2700), ({"items": ITEMS, "value": 2500}, 2500), ({"items": []}, 0),
    ({"items": [{"unit_price": 0}]}, 0), ({"value": 9007199254740991}, 9007199254740991)])
def test_the_value_is_said_or_what_the_items_come_to(api, fields, value):
    made = api.put("/v1/carts/valued", {"visitor": "v-1", "currency": "EUR", **fields}).json
    assert (made["value"], made["base_value"]) == (value, value)


@pytest.mark.parametrize("fields, place", [
    ({"value": None}, "/value"), ({"value": -1}, "/value"), ({"value": 1.5}, "/value"), ({"items": [{}]}, "/items/0/unit_price"), ({"currency": "euro"}, "/currency"),
    ({"items": [{"unit_price": 1, "discount": 2}]}, "/items/0"), ({"items": [{"unit_price": 9007199254740991, "quantity": 2}]}, "/items/0"),
    ({"exchange_rate": 2}, "/exchange_rate"), ({"currency": "USD"}, "/exchange_rate"), ({"customer": "external:x"}, ""), ({"visitor": ""}, "/visitor"),
    ({"updated_at": "now"}, "/updated_at"), ({"external_id": "bad"}, "/external_id"), ({"state": "open"}, "/state")])
def test_a_bad_cart_is_refused_at_its_place(api, fields, place):
    assert place in api.put("/v1/carts/bad", {**CART, **fields}, 422).places
    api.get("/v1/carts/bad", 404)


def test_a_cart_needs_its_value_its_currency_and_somebody(api):
    for missing, place in (("value", "/value"), ("currency", "/currency"), ("visitor", "")):
        assert place in api.put("/v1/carts/bad", {name: value for name, value in CART.items() if name != missing}, 422).places
    without = {"value": 1, "currency": "EUR", "customer": "external:nobody"}
    assert api.put("/v1/carts/bad", without, 422).code == "unknown_reference"
    assert api.put("/v1/carts/bad", {**CART, "currency": "USD"}, 422).code == "exchange_rate_required"


def test_other_currencies_are_converted(api):
    made = api.put("/v1/carts/foreign", {**CART, "currency": "USD", "exchange_rate": "0.85"}).json
    assert (made["value"], made["currency"], float(made["exchange_rate"]), made["base_currency"], made["base_value"]) == (5000, "USD", 0.85, "EUR", 4250)


def test_names_may_need_escapes(shop):
    name = "cart 1 \u00e9?&%#:external"
    path = f"/v1/carts/{ref('x', name)[4:]}"
    answer = shop.api.put(path, CART, 201)
    assert answer.json["external_id"] == name and answer.headers["Location"] == path and shop.api.get(path).json["external_id"] == name
    shop.api.post(f"{path}/reminders", {})
    assert len(shop.api.pages(f"{path}/reminders")) == 1
    shop.api.put(f"/v1/carts/{'x' * 200}", CART, 201)
    shop.api.put(f"/v1/carts/{'x' * 201}", CART, 400)


def test_without_updated_at_it_is_of_now(shop):
    made = shop.api.put("/v1/carts/of-now", CART, 201).json
    assert made["state"] == "open" and made["abandoned_at"] is None and made["started_at"] == made["updated_at"]
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", made["updated_at"])[0][0] < 60


# each PUT is a fact ----------------------------------------------------------------------------------

def test_updates_may_arrive_late(shop):
    first = _put(shop, "late", 20, 201, value=300)
    late = _put(shop, "late", 0, 200, value=100, visitor="v-late")
    assert late == {**first, "started_at": _at(0)}, "what is older changes where it began and nothing else"
    assert shop.sql("SELECT count(*) FROM cart_updates WHERE external_id = 'late'") == [(2,)]


def test_the_same_instant_again_replaces_the_update(shop):
    first = _put(shop, "twice", 0, 201, value=100)
    assert _put(shop, "twice", 0, 200, value=100) == first
    assert _put(shop, "twice", 0, 200, value=200) == {**first, "value": 200, "base_value": 200}
    with shop.nobody_derives() as cursor:
        other = _put(shop, "twice", 0, 200, value=300, visitor="v-2")
        cursor.execute("SELECT count(*) FROM changed_customers WHERE customer_id = %s", (first["customer_id"],))
        assert cursor.fetchone()[0] >= 1, "who lost the update has another history now"
    assert other == {**first, "value": 300, "base_value": 300, "customer_id": other["customer_id"]} and other["customer_id"] != first["customer_id"]
    assert shop.sql("SELECT customer_id::text, value FROM cart_updates WHERE external_id = 'twice'") == [(other["customer_id"], 300)]


def test_a_put_is_never_replayed(api):
    key = {"Idempotency-Key": "put"}
    api.put("/v1/carts/keyed", {**CART, "updated_at": _at(0)}, 201, headers=key)
    api.put("/v1/carts/keyed", {**CART, "updated_at": _at(1), "value": 7}, 200)
    again = api.put("/v1/carts/keyed", {**CART, "updated_at": _at(2)}, 200, headers=key)
    assert again.json["value"] == 5000 and "Idempotent-Replayed" not in again.headers


def _at_once(count, run):
    barrier, answers = threading.Barrier(count), []

    def body(number):
        barrier.wait()
        answers.append(run(number))
    running = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len(answers) == count
    return answers


def test_one_cart_from_many_threads_at_once(shop):
    clients = [shop.client() for _ in range(12)]
    statuses = _at_once(12, lambda n: clients[n].put("/v1/carts/busy", {**CART, "updated_at": _at(n), "value": n, "visitor": f"v-busy-{n % 3}"}).status)
    assert sorted(statuses) == [200] * 11 + [201]
    assert (_get(shop, "busy")["value"], _get(shop, "busy")["started_at"]) == (11, _at(0))
    assert shop.sql("SELECT count(*) FROM cart_updates WHERE external_id = 'busy'") == [(12,)]


def test_one_instant_of_a_cart_is_never_there_twice(new_shop):
    shop = new_shop(CICLO_WORKERS=2)
    clients = [shop.client() for _ in range(12)]
    for turn in range(5):
        _at_once(12, lambda n: clients[n].put(f"/v1/carts/c{turn}", {**CART, "updated_at": _at(0), "value": n, "visitor": f"v{n}"}))
    assert shop.sql("SELECT external_id, count(*) FROM cart_updates GROUP BY 1 ORDER BY 1") == [(f"c{turn}", 1) for turn in range(5)]


@pytest.mark.parametrize("ndjson", [True, False], ids=["ndjson", "array"])
def test_many_updates_at_once(new_shop, ndjson):
    shop = new_shop()
    items = [{**CART, "external_id": f"c{n % 4}", "visitor": f"v{n % 3}", "updated_at": _at(n), "value": n} for n in range(20)]
    items[4] = {**items[4], "customer": "external:x"}
    items[5] = {**items[5], "currency": "USD"}
    items[6] = {name: value for name, value in items[6].items() if name != "external_id"}
    items[7] = {**items[7], "external_id": "2026/7"}  # which no path can name
    # one instant, three customers: the last one sent stands
    items += [{**CART, "external_id": "c0", "visitor": f"w{9 - n}", "updated_at": _at(99), "value": n} for n in range(3)]
    body = "\n".join(map(to_json, items)).encode() if ndjson else to_json(items).encode()
    answer = shop.api.post("/v1/carts/batch", body, 200, media_type=NDJSON if ndjson else "application/json").json
    assert [line["status"] for line in answer["results"]] == [201] * 4 + [422] * 4 + [200] * 15
    assert [answer["results"][n]["problem"]["code"] for n in (4, 5, 6, 7)] == ["validation_failed", "exchange_rate_required"] + ["validation_failed"] * 2
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (4, 15, 4)
    assert {line["id"] for line in answer["results"] if "id" in line} == {cart["id"] for cart in shop.api.pages("/v1/carts")}
    assert [_get(shop, f"c{n}")["value"] for n in range(4)] == [2, 17, 18, 19]
    assert _get(shop, "c0")["customer_id"] == shop.api.get("/v1/customers/visitor:w7").json["id"]
    assert shop.sql("SELECT count(*) FROM cart_updates") == [(17,)]
    again = shop.api.post("/v1/carts/batch", body, 200, media_type=NDJSON if ndjson else "application/json").json
    assert (again["created"], again["unchanged"], again["failed"]) == (0, 19, 4) and shop.sql("SELECT count(*) FROM cart_updates") == [(17,)]


# what becomes of a cart ------------------------------------------------------------------------------

def _expected(updates, orders, minutes):
    """By the words of the definition, on minutes after START, long past; orders are (minute, status, test)."""
    start, end = min(updates), max(updates)
    ordered = min((at for at, status, test in orders if status in ("paid", "fulfilled") and not test and at >= start), default=None)
    begins = sorted(at for at in updates if ordered is None or at < ordered)
    ends = begins[1:] + [ordered if ordered is not None else float("inf")]
    abandoned = next((begin + minutes for begin, stop in zip(begins, ends) if stop - begin > minutes), None)
    state = ("recovered" if abandoned is not None else "converted") if ordered is not None else "abandoned"
    return {"state": state, "started_at": _at(start), "updated_at": _at(end), "abandoned_at": None if abandoned is None else _at(abandoned),
            "recovered_at": _at(ordered) if state == "recovered" else None, "converted_at": _at(ordered) if state == "converted" else None}


CASES = [  # updates, orders
    ([0], []), ([0, 60, 120], []), ([0, 61, 120], []), ([0], [(60, "paid", False)]), ([0], [(61, "paid", False)]), ([0, 30], [(90, "fulfilled", False)]),
    ([0, 30], [(91, "paid", False)]), ([0, 200], [(210, "paid", False)]), ([0, 10, 300], [(20, "paid", False)]), ([0], [(0, "paid", False)]),
    ([10, 20], [(9, "paid", False), (30, "paid", False)]), ([10, 20], [(9, "paid", False)]), ([0], [(5, "pending", False), (30, "paid", False)]),
    ([0], [(5, "paid", True)]), ([0], [(5, "cancelled", False), (400, "paid", False)]), ([0], [(50, "paid", False), (5, "fulfilled", False)]), ([0, 20, 20.5], [(20, "paid", False)])]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_states_by_the_definition(shop, case):
    updates, orders = CASES[case]
    steps = [("update", at) for at in updates] + [("order", *order) for order in orders]
    chance = random.Random(case)
    seen = set()
    for turn in range(4):
        name = f"case-{case}-{turn}"
        chance.shuffle(steps)
        for step in steps:
            _send(shop, name, step)
        cart = _get(shop, name)
        assert _fate(cart) == _expected(updates, orders, 60), steps
        assert (cart["order_id"] is None) == (cart["recovered_at"] is cart["converted_at"] is None)
        seen.add(cart["state"])
    assert len(seen) == 1


def _send(shop, name, step):
    if step[0] == "update":
        return _put(shop, name, step[1])
    _, at, status, test = step
    made = _order(shop, name, at, status="paid" if status == "cancelled" else status, test=test)
    if status == "cancelled":
        shop.api.post(f"/v1/orders/{made['id']}/cancel", {}, 200)


@pytest.mark.parametrize("seed", range(3))
def test_random_carts_whatever_the_order_of_arrival(new_shop, seed):
    chance, shop = random.Random(seed), new_shop(settings={"abandoned_after_minutes": 45})
    plans, steps = {}, []
    for number in range(60):
        updates = [chance.randrange(0, 400, 5) for _ in range(chance.randrange(1, 6))]
        orders = [(chance.randrange(0, 400, 5), chance.choice(["paid", "fulfilled", "pending", "cancelled"]), chance.random() < 0.2) for _ in range(chance.randrange(0, 3))]
        plans[f"c{number}"] = (updates, orders)
        steps += [(f"c{number}", ("update", at)) for at in updates] + [(f"c{number}", ("order", *order)) for order in orders]
    chance.shuffle(steps)
    for name, step in steps:
        _send(shop, name, step)
    carts = {cart["external_id"]: cart for cart in shop.api.pages("/v1/carts", limit=7)}
    assert {name: _fate(cart) for name, cart in carts.items()} == {name: _expected(*plan, 45) for name, plan in plans.items()}
    for state in ("open", "abandoned", "recovered", "converted"):
        assert {cart["external_id"] for cart in shop.api.pages("/v1/carts", limit=9, state=state)} == {name for name, cart in carts.items() if cart["state"] == state}


def test_the_view_that_carts_are_derived_from(shop):
    """It has the columns of cart_states in their order, one row a cart, and the documents agree with it."""
    columns = "SELECT array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = %s"
    assert shop.sql(columns, "cart_state_facts") == shop.sql(columns, "cart_states")
    assert shop.sql("SELECT count(*), count(DISTINCT cart_id) FROM cart_state_facts") == shop.sql("SELECT count(DISTINCT cart_id), count(DISTINCT cart_id) FROM cart_updates")
    cart = _put(shop, "viewed", 0)
    order = _order(shop, "viewed", 70)
    row, = shop.sql("SELECT customer_id::text, rfc3339(started_at), rfc3339(abandoned_at), rfc3339(ordered_at), order_id::text FROM cart_state_facts WHERE cart_id = %s", cart["id"])
    assert row == (cart["customer_id"], _at(0), _at(60), _at(70), order["id"])


def test_an_order_of_another_customer_is_the_order_of_the_cart(shop):
    """A visitor fills it, a guest buys it: the cart's name is what binds the two."""
    _put(shop, "guest", 0, visitor="v-guest")
    order = shop.order({"email": "guest@example.com"}, _at(30), 5000, cart="guest")
    cart = _get(shop, "guest")
    assert (cart["state"], cart["order_id"], cart["converted_at"]) == ("converted", order["id"], _at(30)) and cart["customer_id"] != order["customer_id"]


def test_a_new_cart_sees_an_order_that_came_before_it(shop):
    order = _order(shop, "early-order", 30)
    made = _put(shop, "early-order", 0, 201)
    assert (made["state"], made["order_id"]) == ("converted", order["id"]) and made == _get(shop, "early-order")


def test_of_orders_at_one_instant_the_content_decides(shop):
    chosen = set()
    for turn, names in enumerate(itertools.permutations(["a", "b"])):
        cart = f"tie-{turn}"
        _put(shop, cart, 0)
        ids = {name: _order(shop, cart, 10, external_id=f"{cart}-{name}")["id"] for name in names}
        chosen.add(next(name for name, order in ids.items() if order == _get(shop, cart)["order_id"]))
    assert chosen == {"a"}


def test_a_cancelled_order_gives_the_cart_back(shop):
    _put(shop, "given-back", 0)
    order = _order(shop, "given-back", 30)
    assert _get(shop, "given-back")["state"] == "converted"
    shop.api.post(f"/v1/orders/{order['id']}/cancel", {}, 200)
    assert _fate(_get(shop, "given-back")) == _expected([0], [], 60)


def test_a_pending_order_counts_once_it_is_paid(shop):
    _put(shop, "pending", 0)
    order = _order(shop, "pending", 30, status="pending")
    assert _get(shop, "pending")["state"] == "abandoned"
    shop.api.patch(f"/v1/orders/{order['id']}", {"status": "paid"})
    assert (_get(shop, "pending")["state"], _get(shop, "pending")["converted_at"]) == ("converted", _at(30))


def test_the_settings_say_how_long_a_pause_may_be(new_shop):
    shop = new_shop()
    shop.api.put("/v1/carts/now", {**CART, "updated_at": _ago(30)})
    shop.api.put("/v1/carts/paused", {**CART, "updated_at": _at(0)})
    shop.api.put("/v1/carts/paused", {**CART, "updated_at": _at(50)})
    _order(shop, "paused", 80)

    def states():
        found = [_get(shop, name)["state"] for name in ("now", "paused")]
        for state in ("open", "abandoned", "recovered", "converted"):
            listed = {cart["external_id"] for cart in shop.api.pages("/v1/carts", state=state)}
            assert listed == {name for name, each in zip(("now", "paused"), found) if each == state}
        return found
    assert states() == ["open", "converted"] and _get(shop, "now")["abandoned_at"] is None
    for minutes, expected in ((29, ["abandoned", "recovered"]), (49, ["open", "recovered"]), (50, ["open", "converted"]), (20, ["abandoned", "recovered"])):
        shop.api.patch("/v1/settings", {"abandoned_after_minutes": minutes})
        assert states() == expected, minutes
    assert _get(shop, "paused")["abandoned_at"] == _at(20)


def test_an_update_in_time_keeps_a_cart_open(shop):
    shop.api.put("/v1/carts/kept", {**CART, "updated_at": _ago(100)})
    assert shop.api.get("/v1/carts/kept").json["state"] == "abandoned"
    shop.api.put("/v1/carts/kept", {**CART, "updated_at": _ago(50)})
    assert shop.api.get("/v1/carts/kept").json["state"] == "open"
    shop.api.put("/v1/carts/left", {**CART, "updated_at": _ago(200)})
    shop.api.put("/v1/carts/left", {**CART, "updated_at": _ago(1)})
    assert shop.api.get("/v1/carts/left").json["state"] == "abandoned", "only an order brings a cart back"


# lists and reminders ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def listed(shops):
    shop = shops()
    for number in range(12):
        shop.api.put(f"/v1/carts/c{number}", {**CART, "visitor": "v-gone", "updated_at": _at(-1)})
        shop.api.put(f"/v1/carts/c{number}", {**CART, "visitor": f"v{number % 2}", "updated_at": _at(number // 2 * 60)})
        if number % 3 == 0:
            _order(shop, f"c{number}", number // 2 * 60 + 1)
    yield shop
    shop.close()


@pytest.mark.parametrize("query, found", [
    ({}, range(12)), ({"customer": "visitor:v1"}, range(1, 12, 2)), ({"customer": "visitor:v-gone"}, []), ({"customer": "external:nobody"}, []), ({"state": "open"}, []),
    ({"state": "converted"}, [0]), ({"state": "recovered"}, [3, 6, 9]), ({"state": "abandoned"}, [1, 2, 4, 5, 7, 8, 10, 11]),
    ({"updated_from": _at(60), "updated_to": _at(180)}, [2, 3, 4, 5]), ({"customer": "visitor:v0", "state": "abandoned", "updated_from": _at(120)}, [4, 8, 10])])
def test_lists_are_filtered_and_paged_last_updated_first(listed, query, found):
    for limit in (1, 5, 1000):
        carts = listed.api.pages("/v1/carts", limit=limit, **query)
        assert sorted(int(cart["external_id"][1:]) for cart in carts) == list(found)
        assert [cart["updated_at"] for cart in carts] == sorted((cart["updated_at"] for cart in carts), reverse=True)
        assert all(cart == _get(listed, cart["external_id"]) for cart in carts)


def test_a_list_of_one_customer_has_what_is_linked_to_it(new_shop):
    shop = new_shop()
    ids = [_put(shop, name, 0, visitor=name)["customer_id"] for name in ("one", "two", "three")]
    shop.sql("INSERT INTO customer_persons (customer_id, person_id) VALUES (%s, %s)", ids[1], ids[0])
    assert [len(shop.api.pages("/v1/carts", customer=f"visitor:{name}")) for name in ("one", "two", "three")] == [2, 2, 1]


def test_bad_filters_are_refused(api):
    for query in ({"state": "lost"}, {"updated_from": "today"}, {"customer": "somebody"}, {"colour": "red"}, {"cursor": "x"}):
        api.get("/v1/carts", 400, query=query)


def test_an_unchanged_answer_costs_a_304(api):
    api.put("/v1/carts/tagged", {**CART, "updated_at": _at(0)})
    for path in ("/v1/carts/tagged", "/v1/carts"):
        tag = api.get(path).headers["ETag"]
        api.get(path, 304, headers={"If-None-Match": tag})
    api.put("/v1/carts/tagged", {**CART, "updated_at": _at(5)})
    api.get("/v1/carts/tagged", 200, headers={"If-None-Match": tag})


def test_reminders_are_kept_below_their_cart(shop):
    made = _put(shop, "reminded", 0)
    body = {"external_id": "mail-1", "channel": "email", "sent_at": _at(120)}
    answer = shop.api.post("/v1/carts/reminded/reminders", body)
    first = answer.json
    assert {name: first[name] for name in body} == body and first["cart_id"] == made["id"] and "Location" not in answer.headers
    assert shop.api.post("/v1/carts/reminded/reminders", body, 200).json == first
    assert shop.api.post("/v1/carts/reminded/reminders", {**body, "channel": "sms"}, 409).code == "fact_conflict"
    _put(shop, "reminded-2", 0)
    assert shop.api.post("/v1/carts/reminded-2/reminders", body, 409).code == "fact_conflict", "its name is taken by the other cart's"
    for minute in (60, 240, 180):
        shop.api.post("/v1/carts/reminded/reminders", {"sent_at": _at(minute)})
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", shop.api.post("/v1/carts/reminded-2/reminders", {}).json["sent_at"])[0][0] < 60
    found = shop.api.pages("/v1/carts/reminded/reminders", limit=3)
    assert [item["sent_at"] for item in found] == [_at(minute) for minute in (240, 180, 120, 60)]
    assert (_get(shop, "reminded")["reminders"], _get(shop, "reminded-2")["reminders"]) == (4, 1)
    assert "/sent_at" in shop.api.post("/v1/carts/reminded/reminders", {"sent_at": "soon"}, 422).places


def test_a_reminder_needs_its_cart(api):
    api.post("/v1/carts/no-such-cart/reminders", {}, 404)
    api.get("/v1/carts/no-such-cart/reminders", 404)


def test_a_reminder_is_of_whose_the_cart_is(shop):
    _put(shop, "handed", 0, visitor="v-before")
    owner = _put(shop, "handed", 10, visitor="v-after")["customer_id"]
    made = shop.api.post("/v1/carts/handed/reminders", {}).json
    assert shop.sql("SELECT customer_id::text FROM cart_reminders WHERE reminder_id = %s", made["id"]) == [(owner,)]


def test_an_idempotency_key_keeps_the_first_reminder(shop):
    _put(shop, "keyed-reminders", 0)
    key = {"Idempotency-Key": "reminder"}
    first = shop.api.post("/v1/carts/keyed-reminders/reminders", {}, headers=key)
    again = shop.api.post("/v1/carts/keyed-reminders/reminders", {}, headers=key)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true" and _get(shop, "keyed-reminders")["reminders"] == 1
