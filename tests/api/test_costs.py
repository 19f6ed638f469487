"""Costs of customers and of orders: whose they are, what they come to in the base currency, batches, lists."""
import pytest

AT = "2026-01-15T12:00:00Z"
BASE = {"customer": {"external_id": "costly"}, "kind": "service", "amount": 500, "currency": "EUR", "incurred_at": AT}


@pytest.fixture(scope="module", autouse=True)
def _order(shop):
    shop.order({"external_id": "costly"}, AT, 1000, external_id="costly order")


def test_every_field_comes_back(api):
    order = api.get("/v1/orders/external:costly%20order").json
    body = {**BASE, "external_id": "full", "order": "external:costly order", "incurred_at": "2026-01-15T13:00:00+01:00"}
    answer = api.post("/v1/costs", body)
    made = answer.json
    assert made == {"id": made["id"], "external_id": "full", "customer_id": order["customer_id"], "order_id": order["id"], "kind": "service", "amount": 500, "currency": "EUR",
                    "exchange_rate": None, "base_currency": "EUR", "base_amount": 500, "incurred_at": AT, "created_at": made["created_at"]}
    assert answer.headers["Location"] == f"/v1/costs/{made['id']}"
    assert api.get(f"/v1/costs/{made['id']}").json == api.get("/v1/costs/external:full").json == made
    api.get("/v1/costs/external:nothing", 404)


@pytest.mark.parametrize("kind", ["service", "return", "acquisition", "tool"])
def test_a_cost_is_of_a_customer_or_of_an_order(shop, kind):
    api = shop.api
    order = api.get("/v1/orders/external:costly%20order").json
    of_order = api.post("/v1/costs", {"order": order["id"], "kind": kind, "amount": 0, "currency": "EUR"}).json
    assert (of_order["customer_id"], of_order["order_id"], of_order["kind"], of_order["amount"]) == (order["customer_id"], order["id"], kind, 0)
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", of_order["incurred_at"])[0][0] < 60
    of_customer = api.post("/v1/costs", {"customer": {"email": f"{kind}@example.com"}, "kind": kind, "amount": 3, "currency": "EUR"}).json
    assert of_customer["order_id"] is None and of_customer["customer_id"] == api.get(f"/v1/customers/email:{kind}@example.com").json["id"]


def test_an_order_and_a_customer_must_agree(shop):
    api, both = shop.api, {**BASE, "external_id": "both", "order": "external:costly order"}
    shop.customer("another")
    for customer in ("external:another", {"external_id": "another"}, {"external_id": "a new one"}):
        answer = api.post("/v1/costs", {**both, "customer": customer}, 422)
        assert answer.code == "validation_failed" and answer.places == {"/customer"}, customer
    api.get("/v1/customers/external:a%20new%20one", 404)
    api.get("/v1/costs/external:both", 404)
    made = api.post("/v1/costs", {**both, "customer": "external:costly"}).json
    del both["customer"]
    assert api.post("/v1/costs", both, 200).json == made, "saying whose order it is adds nothing"


def test_a_linked_customer_is_who_ordered(new_shop):
    """One person known by three rows: the root, the one that ordered, and another one."""
    shop = new_shop()
    root, guest, stranger = (shop.customer(name)["id"] for name in ("root", "guest", "stranger"))
    visitor = shop.order({"visitor_id": "v-1"}, AT, 1000, external_id="of the visitor")["customer_id"]
    shop.sql("INSERT INTO customer_persons VALUES (%s, %s), (%s, %s)", visitor, root, guest, root)
    for customer in (root, guest, visitor):
        made = shop.api.post("/v1/costs", {**BASE, "customer": customer, "order": "external:of the visitor"}).json
        assert made["customer_id"] == visitor, "it stays with its order"
    shop.api.post("/v1/costs", {**BASE, "customer": stranger, "order": "external:of the visitor"}, 422)
    order = shop.order("external:root", AT, 1000)["id"]
    for customer, status in ((root, 201), (visitor, 201), (stranger, 422)):
        shop.api.post("/v1/costs", {**BASE, "customer": customer, "order": order}, status)


@pytest.mark.parametrize("currency, rate, amount, base", [("USD", 0.5, 501, 250), ("USD", "0.9", 1000, 900), ("JPY", "0.0061", 1000, 610), ("EUR", 1, 7, 7)])
def test_other_currencies_are_converted(api, currency, rate, amount, base):
    made = api.post("/v1/costs", {**BASE, "currency": currency, "exchange_rate": rate, "amount": amount}).json
    assert (made["currency"], made["amount"], made["base_currency"], made["base_amount"], float(made["exchange_rate"])) == (currency, amount, "EUR", base, float(rate))
    assert api.get(f"/v1/costs/{made['id']}").json == made


def test_the_same_cost_again_is_200_with_the_first_answer(api):
    body = {**BASE, "external_id": "again"}
    first = api.post("/v1/costs", body).json
    assert api.post("/v1/costs", body, 200).json == first
    for change in ({"amount": 501}, {"kind": "tool"}, {"order": "external:costly order"}, {"incurred_at": "2026-01-16T12:00:00Z"}, {"currency": "USD", "exchange_rate": 1}):
        assert api.post("/v1/costs", {**body, **change}, 409).code == "fact_conflict", change
    assert api.get("/v1/costs/external:again").json == first


@pytest.mark.parametrize("fields, place", [
    ({"amount": -1}, "/amount"), ({"amount": 1.5}, "/amount"), ({"amount": 9007199254740992}, "/amount"), ({"kind": "fun"}, "/kind"), ({"currency": "euro"}, "/currency"),
    ({"currency": "USD"}, "/exchange_rate"), ({"exchange_rate": 2}, "/exchange_rate"), ({"currency": "USD", "exchange_rate": 0}, "/exchange_rate"),
    ({"currency": "USD", "exchange_rate": 1000000, "amount": 9007199254740991}, "/exchange_rate"), ({"order": "external:nothing"}, "/order"), ({"customer": "external:nobody"}, "/customer"),
    ({"incurred_at": ""}, "/incurred_at"), ({"reason": "x"}, "/reason"),
])
def test_bad_values_are_refused_at_their_place(api, fields, place):
    answer = api.post("/v1/costs", {**BASE, "external_id": "bad", **fields}, 422)
    assert any(found.startswith(place) for found in answer.places), answer.places
    api.get("/v1/costs/external:bad", 404)


def test_a_cost_of_nobody_is_refused(api):
    assert api.post("/v1/costs", {"kind": "tool", "amount": 1, "currency": "EUR"}, 422).code == "validation_failed"
    assert api.post("/v1/costs", {**BASE, "customer": None, "order": "external:costly order"}, 422).code == "validation_failed"


def test_a_batch_keeps_the_good_ones(new_shop):
    shop = new_shop()
    shop.order({"external_id": "c0"}, AT, 1000, external_id="o")
    items = [{**BASE, "external_id": f"k{number}", "customer": {"external_id": f"c{number}"}} for number in range(4)]
    items[0]["order"] = items[1]["order"] = "external:o"
    items[2]["currency"] = "USD"
    for expected in ((2, 0, [201, 422, 422, 201]), (0, 2, [200, 422, 422, 200])):
        answer = shop.api.post("/v1/costs/batch", items, 200).json
        assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == expected
    assert [(line["problem"]["code"], line["problem"]["errors"][0]["pointer"]) for line in answer["results"] if "problem" in line] == \
        [("validation_failed", "#/customer"), ("exchange_rate_required", "#/exchange_rate")]
    many = [{"order": "external:o", "kind": "return", "amount": number, "currency": "EUR", "external_id": f"n{number}"} for number in range(300)]
    assert shop.batch("/v1/costs", many) == {"created": 300, "unchanged": 0}
    assert shop.batch("/v1/costs", many) == {"created": 0, "unchanged": 300}, "also without incurred_at"


def test_costs_are_listed_by_customer_and_time(new_shop):
    shop = new_shop()
    ids = [shop.api.post("/v1/costs", {**BASE, "customer": {"external_id": f"c{number % 2}"}, "incurred_at": f"2026-01-0{number + 1}T12:00:00Z"}).json["id"] for number in range(6)]

    def listed(**query):
        return [ids.index(item["id"]) for item in shop.api.pages("/v1/costs", limit=2, **query)]
    assert listed() == [5, 4, 3, 2, 1, 0] and listed(customer="external:c1") == [5, 3, 1]
    assert listed(incurred_from="2026-01-02T12:00:00Z", incurred_to="2026-01-05T12:00:00Z") == [3, 2, 1], "half-open"
