"""Orders, refunds, cancelling: amounts, states, identity, and that nothing counts twice."""
import base64
import threading
from decimal import Decimal

import pytest

AT = "2026-01-15T12:00:00Z"
BASE = {"customer": {"external_id": "buyer"}, "currency": "EUR", "ordered_at": AT}


def _line(**fields):
    return {"unit_price": 1000, **fields}


# amounts -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("fields, total, net", [
    ({"items": [_line()]}, 1000, 1000),
    ({"items": [_line(quantity=3), _line(unit_price=250, quantity=2)]}, 3500, 3500),
    ({"items": [_line(quantity=3, discount=500)]}, 2500, 2500),
    ({"items": [_line(quantity=2)], "discount": 300}, 1700, 1700),
    ({"items": [_line()], "shipping": 499}, 1499, 1000),
    ({"items": [_line()], "tax": 190}, 1190, 1000),
    ({"items": [_line()], "tax": 160, "tax_included": True}, 1000, 840),
    ({"items": [_line(quantity=2, discount=100)], "discount": 200, "shipping": 500, "tax": 323}, 2523, 1700),
    ({"items": [_line(quantity=2, discount=100)], "discount": 200, "shipping": 500, "tax": 323, "tax_included": True}, 2200, 1377),
    ({"items": [_line(unit_price=0)]}, 0, 0),
    ({"total": 2500}, 2500, 2500),
    ({"total": 2500, "shipping": 400, "tax": 100}, 2500, 2000),
    ({"total": 2500, "items": []}, 2500, 2500),
    ({"total": 0}, 0, 0),
    ({"total": 9007199254740991}, 9007199254740991, 9007199254740991),
])
def test_total_and_net_follow_from_the_parts(api, fields, total, net):
    answer = api.post("/v1/orders", {**BASE, **fields})
    made = answer.json
    assert (made["total"], made["net"], made["base_total"], made["base_net"]) == (total, net, total, net)
    assert (made["base_currency"], made["refunded"], made["cancelled_at"], made["status"]) == ("EUR", 0, None, "paid")
    assert api.get(f"/v1/orders/{made['id']}").json == made, "what POST answers is what GET answers"


@pytest.mark.parametrize("fields", [
    {"items": [_line()], "total": 1001}, {"items": [_line()], "total": 999, "tax": 1}, {"items": [_line()], "discount": 1001},
    {"items": [_line(discount=1001)]}, {}, {"items": []}, {"total": 9007199254740992}, {"total": -1}, {"total": 1.5}, {"total": "100"},
    {"items": [_line(unit_price=9007199254740991, quantity=1000000000)]}, {"items": [_line(quantity=0)]}, {"items": [_line(quantity=1.5)]},
    {"items": [_line(unit_price=-1)]}, {"items": [{}]}, {"items": [_line(quantity=1000000001)]},
])
def test_amounts_that_cannot_be_are_refused(api, fields):
    api.post("/v1/orders", {**BASE, "external_id": "cannot be", **fields}, 422)
    api.get("/v1/orders/external:cannot%20be", 404)


def test_whole_numbers_may_be_written_with_a_fraction_of_zero_or_not_at_all(api):
    """1.0 is an integer in JSON Schema; either way nothing is stored that was not sent."""
    answer = api.post("/v1/orders", b'{"customer":"external:buyer","currency":"EUR","total":100.0}', (201, 422))
    assert answer.status == 422 or answer.json["total"] == 100


def test_every_field_comes_back(api):
    body = {**BASE, "external_id": "full", "items": [{"sku": "S-1", "name": "Tea, \u201cgreen\u201d", "quantity": 2, "unit_price": 1250, "unit_cost": 700, "discount": 100}],
            "discount": 50, "shipping": 300, "tax": 200, "total": 2850, "status": "fulfilled", "storefront": "shop.example", "channel": "search",
            "campaign": "spring", "cart": "cart-1", "test": True, "ordered_at": "2026-01-15T13:00:00.25+01:00"}
    made = api.post("/v1/orders", body).json
    customer = api.get("/v1/customers/external:buyer").json
    assert made["customer_id"] == customer["id"]
    for name in ("external_id", "items", "discount", "shipping", "tax", "total", "status", "storefront", "channel", "campaign", "cart", "test", "currency"):
        assert made[name] == body[name], name
    assert made["ordered_at"] == "2026-01-15T12:00:00.250000Z" and made["tax_included"] is False and made["exchange_rate"] is None


def test_an_order_reads_as_it_was_answered_whatever_its_texts_are(api):
    odd = "".join(map(chr, range(1, 128))) + "\u00e9\u2028\U0001f375"
    made = api.post("/v1/orders", {**BASE, "external_id": "odd", "items": [{**_line(), "name": odd}], "channel": odd[:100], "campaign": odd[-50:]}).json
    assert made["items"][0]["name"] == odd
    assert api.get(f"/v1/orders/{made['id']}").json == made == api.get("/v1/orders/external:odd").json
    assert made in api.get("/v1/orders?limit=1000").json["items"]
    assert api.patch(f"/v1/orders/{made['id']}", {"status": "fulfilled"}).json["items"] == made["items"]


def test_absent_fields_have_their_defaults(api):
    line = api.post("/v1/orders", {**BASE, "items": [_line()]}).json["items"][0]
    assert {**line, "sku": None, "name": None} == line and (line["quantity"], line["discount"], line["unit_cost"]) == (1, 0, None)


def test_without_ordered_at_an_order_is_of_now(shop):
    made = shop.api.post("/v1/orders", {"customer": "external:buyer", "currency": "EUR", "total": 1}).json
    seconds = shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", made["ordered_at"])[0][0]
    assert -5 < seconds < 60


@pytest.mark.parametrize("at", ["2026-01-15", "2026-01-15T12:00:00", "2026-02-29T12:00:00Z", "2026-01-15T25:00:00Z", "2026-06-30T23:59:60Z", "now", "", 5,
                                "2026-01-15T12:00:00+25:00", "infinity", "0000-01-01T00:00:00Z"])
def test_an_instant_needs_a_real_date_a_time_and_an_offset(api, at):
    assert "/ordered_at" in api.post("/v1/orders", {**BASE, "total": 1, "ordered_at": at}, 422).places


@pytest.mark.parametrize("offset, utc", [("+23:59", "2026-01-14T12:01:00Z"), ("-16:00", "2026-01-16T04:00:00Z")])
def test_any_offset_of_rfc_3339_is_taken_wherever_an_instant_is(new_shop, offset, utc):
    """PostgreSQL itself takes none of 16 hours or more."""
    api, at = new_shop().api, f"2026-01-15T12:00:00{offset}"
    made = api.post("/v1/orders", {**BASE, "customer": {"external_id": "far"}, "total": 1, "ordered_at": at}).json
    assert made["ordered_at"] == utc
    assert api.get("/v1/orders", query={"ordered_from": at}).json["items"] == [made]
    assert api.get("/v1/orders", query={"ordered_to": at}).json["items"] == []
    cursor = base64.urlsafe_b64encode(f"v1 2026-01-17T12:00:00{offset} {made['id']}".encode()).decode().rstrip("=")
    assert api.get("/v1/orders", query={"cursor": cursor}).json["items"] == [made]


# customers of orders -----------------------------------------------------------------------------

def test_a_new_customer_comes_with_its_order_and_is_found_the_next_time(api):
    person = {"external_id": "inline", "email": "inline@example.com", "country": "NL", "name": "In Line"}
    first = api.post("/v1/orders", {**BASE, "customer": person, "total": 100}).json
    customer = api.get("/v1/customers/external:inline").json
    assert {name: customer[name] for name in person} == person
    for name in (person, {"email": "inline@example.com"}, "external:inline", "email:INLINE@example.com", customer["id"]):
        assert api.post("/v1/orders", {**BASE, "customer": name, "total": 100}).json["customer_id"] == first["customer_id"], name


def test_an_order_for_a_visitor_or_a_guest_makes_that_customer(api):
    visitor = api.post("/v1/orders", {**BASE, "customer": {"visitor_id": "v-1"}, "total": 1}).json
    guest = api.post("/v1/orders", {**BASE, "customer": {"email": "guest@example.com"}, "total": 1}).json
    assert api.get("/v1/customers/visitor:v-1").json["id"] == visitor["customer_id"] != guest["customer_id"]


def test_a_ref_to_nobody_is_refused(api):
    for name in ("external:nobody", "email:nobody@example.com", "00000000-0000-7000-8000-000000000000"):
        answer = api.post("/v1/orders", {**BASE, "customer": name, "total": 1}, 422)
        assert answer.code == "unknown_reference" and "/customer" in answer.places, name


def test_many_first_orders_of_one_new_customer_at_once_make_one_customer(shop):
    owners, barrier = [], threading.Barrier(12)

    def order(number):
        client = shop.client()
        barrier.wait()
        owners.append(client.post("/v1/orders", {**BASE, "external_id": f"race-{number}", "customer": {"external_id": "racer", "email": "racer@example.com"}, "total": 5}).json["customer_id"])
    threads = [threading.Thread(target=order, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(owners) == 12 and len(set(owners)) == 1


# the same fact again -----------------------------------------------------------------------------

def test_the_same_order_again_is_200_with_the_first_answer(shop):
    body = {**BASE, "external_id": "again", "items": [_line(quantity=2)], "tax": 5, "ordered_at": "2026-07-01T12:00:00Z"}
    first = shop.api.post("/v1/orders", body).json
    shuffled = dict(reversed(list(body.items())))
    assert shop.api.post("/v1/orders", shuffled, 200).json["id"] == first["id"]
    assert shop.value("orders", "2026-07-01", "2026-07-02") == 1
    for change in ({"tax": 6}, {"customer": {"external_id": "somebody else"}}, {"ordered_at": "2026-07-01T12:00:01Z"}, {"test": True}):
        assert shop.api.post("/v1/orders", {**body, **change}, 409).code == "fact_conflict", change
    assert shop.api.get("/v1/orders/external:again").json == first


def test_the_same_order_many_times_at_once_is_one_order(shop):
    statuses, barrier = [], threading.Barrier(12)
    body = {**BASE, "external_id": "at once", "total": 700, "ordered_at": "2026-07-03T12:00:00Z"}

    def order():
        client = shop.client()
        barrier.wait()
        statuses.append(client.post("/v1/orders", body, (200, 201)).status)
    threads = [threading.Thread(target=order) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 11 + [201]
    assert shop.value("net_sales", "2026-07-03", "2026-07-04") == 700


# states ------------------------------------------------------------------------------------------

def test_an_order_counts_from_the_moment_it_is_paid(shop):
    at, window = "2026-08-01T12:00:00Z", ("2026-08-01", "2026-08-02")
    made = shop.api.post("/v1/orders", {**BASE, "ordered_at": at, "total": 100, "status": "pending"}).json
    assert shop.value("orders", *window) == 0
    paid = shop.api.patch(f"/v1/orders/{made['id']}", {"status": "paid"}).json
    assert (paid["status"], paid["version"]) == ("paid", 2) and shop.value("orders", *window) == 1
    assert shop.api.patch(f"/v1/orders/{made['id']}", {"status": "fulfilled"}).json["status"] == "fulfilled"
    assert shop.value("orders", *window) == 1


def test_a_status_never_moves_back(api):
    made = api.post("/v1/orders", {**BASE, "total": 100, "status": "fulfilled"}).json
    assert api.patch(f"/v1/orders/{made['id']}", {"status": "paid"}, 422).code == "invalid_state"
    for body in ({"status": "pending"}, {"status": "lost"}, {"status": None}, {"total": 5}, {}):
        api.patch(f"/v1/orders/{made['id']}", body, 422)
    assert api.get(f"/v1/orders/{made['id']}").json == made


def test_if_match_guards_an_order(api):
    made = api.post("/v1/orders", {**BASE, "total": 100, "status": "pending"})
    path = f"/v1/orders/{made.json['id']}"
    api.patch(path, {"status": "paid"}, 412, headers={"If-Match": '"nonsense"'})
    api.patch(path, {"status": "paid"}, headers={"If-Match": made.headers["ETag"]})
    api.patch(path, {"status": "fulfilled"}, 412, headers={"If-Match": made.headers["ETag"]})
    assert api.get(path).json["status"] == "paid"


def test_cancelling_takes_an_order_out_of_every_number(shop):
    at, window = "2026-09-01T12:00:00Z", ("2026-09-01", "2026-09-02")
    made = shop.api.post("/v1/orders", {**BASE, "external_id": "cancelled", "customer": {"external_id": "regrets"}, "ordered_at": at, "total": 900}).json
    assert shop.value("new_customers", *window) == 1
    answer = shop.api.post("/v1/orders/external:cancelled/cancel", {"cancelled_at": "2026-09-03T08:00:00Z"}, 200).json
    assert (answer["id"], answer["status"], answer["cancelled_at"]) == (made["id"], "cancelled", "2026-09-03T08:00:00Z")
    assert shop.api.get("/v1/orders/external:cancelled").json == answer
    assert [shop.value(name, *window) for name in ("orders", "net_sales", "new_customers", "active_customers")] == [0, 0, 0, 0]
    shop.api.patch("/v1/orders/external:cancelled", {"status": "fulfilled"}, 422)
    shop.api.post("/v1/orders/external:cancelled/cancel", {"cancelled_at": "2026-09-03T08:00:00Z"}, 200)
    shop.api.post("/v1/orders/external:nothing/cancel", {}, 404)


# refunds -----------------------------------------------------------------------------------------

def test_refunds_never_exceed_what_was_paid(api):
    made = api.post("/v1/orders", {**BASE, "items": [_line(quantity=2)], "shipping": 100}).json
    path = f"/v1/orders/{made['id']}/refunds"
    assert api.post(path, {"amount": 2101}, 422).code == "refund_exceeds_paid"
    first = api.post(path, {"amount": 2000, "refunded_at": "2026-01-20T10:00:00Z", "reason": "broken", "external_id": "r-1"}).json
    assert (first["amount"], first["currency"], first["order_id"], first["customer_id"], first["reason"]) == \
        (2000, "EUR", made["id"], made["customer_id"], "broken")
    assert api.post(path, {"amount": 101}, 422).code == "refund_exceeds_paid"
    api.post(path, {"amount": 100})
    assert api.post(path, {"amount": 1}, 422).code == "refund_exceeds_paid"
    assert api.get(f"/v1/orders/{made['id']}").json["refunded"] == 2100
    assert {item["amount"]: item["id"] for item in api.pages(path, limit=1)}[2000] == first["id"] and len(api.pages(path)) == 2


def test_refunds_at_once_never_exceed_what_was_paid(shop):
    made = shop.api.post("/v1/orders", {**BASE, "total": 1000}).json
    statuses, barrier = [], threading.Barrier(16)

    def refund():
        client = shop.client()
        barrier.wait()
        statuses.append(client.post(f"/v1/orders/{made['id']}/refunds", {"amount": 300}, (201, 422)).status)
    threads = [threading.Thread(target=refund) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(201) == 3 and shop.api.get(f"/v1/orders/{made['id']}").json["refunded"] == 900


def test_the_same_refund_again_gives_nothing_back_twice(api):
    made = api.post("/v1/orders", {**BASE, "total": 1000}).json
    body = {"external_id": "refund once", "amount": 600, "refunded_at": AT}
    first = api.post(f"/v1/orders/{made['id']}/refunds", body).json
    assert api.post(f"/v1/orders/{made['id']}/refunds", body, 200).json["id"] == first["id"]
    assert api.post(f"/v1/orders/{made['id']}/refunds", {**body, "amount": 400}, 409).code == "fact_conflict"
    assert api.get(f"/v1/orders/{made['id']}").json["refunded"] == 600


@pytest.mark.parametrize("body, place", [({"amount": 0}, "/amount"), ({"amount": -5}, "/amount"), ({"amount": 1.5}, "/amount"),
                                         ({"amount": 1, "reason": "x" * 501}, "/reason"), ({"amount": 1, "currency": "USD"}, "/currency")])
def test_a_bad_refund_is_refused(api, body, place):
    made = api.post("/v1/orders", {**BASE, "total": 1000}).json
    assert place in api.post(f"/v1/orders/{made['id']}/refunds", body, 422).places


def test_a_refund_of_nothing_is_not_found(api):
    assert api.post("/v1/orders/external:nothing/refunds", {"amount": 1}, 404).code == "not_found"
    api.get("/v1/orders/external:nothing/refunds", 404)


def test_a_refund_lowers_net_sales_by_its_share_on_its_own_day(shop):
    made = shop.api.post("/v1/orders", {**BASE, "ordered_at": "2026-10-01T12:00:00Z", "items": [_line(quantity=10)], "shipping": 1000, "tax": 1000}).json
    refunds = [shop.refund(made["id"], amount, f"2026-10-0{day}T12:00:00Z")["amount"] for day, amount in ((2, 4000), (3, 4000), (4, 4000))]
    assert sum(refunds) == made["total"] == 12000 and made["net"] == 10000
    days = [shop.value("net_sales", f"2026-10-0{day}", f"2026-10-0{day + 1}") for day in (1, 2, 3, 4)]
    assert days[0] == 10000 and sum(days) == 0, "a full refund takes exactly what the order brought"
    assert all(abs(day + Decimal(10000) / 3) <= 1 for day in days[1:]), days


# lists -------------------------------------------------------------------------------------------

def test_orders_are_listed_by_customer_status_and_time(new_shop):
    shop = new_shop()
    ids = [shop.order({"external_id": f"c{number % 2}"}, f"2026-01-{number + 1:02}T12:00:00Z", 100)["id"] for number in range(8)]
    shop.api.post(f"/v1/orders/{ids[7]}/cancel", {}, 200)

    def listed(**query):
        return {ids.index(item["id"]) for item in shop.api.pages("/v1/orders", limit=3, **query)}
    assert listed() == set(range(8))
    assert listed(customer="external:c1") == {1, 3, 5, 7}
    assert listed(status="cancelled") == {7} and listed(status="paid") == set(range(7))
    assert listed(ordered_from="2026-01-03T12:00:00Z", ordered_to="2026-01-06T12:00:00Z") == {2, 3, 4}, "half-open"
    assert listed(customer="external:c0", ordered_from="2026-01-03T00:00:00+00:00") == {2, 4, 6}
    assert shop.api.get("/v1/orders", query={"customer": "external:c1", "limit": 1}).json["items"][0]["items"] == []
