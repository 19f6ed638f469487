"""Privacy: everything about a person in one document, nothing of a person left behind, and consents that are respected."""
import json
import re
import threading
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from support.server import command

EMAIL, OLD_EMAIL, GUEST_EMAIL = "ann.erasmus@example.com", "ann.before@example.com", "ann.guest@example.com"
WORDS = {
    "email": EMAIL, "old email": OLD_EMAIL, "guest email": GUEST_EMAIL, "external id": "CUST-ERASMUS-1", "visitor": "visitor-erasmus-7",
    "linked visitor": "visitor-linked-8", "name": "Annabel Erasmus", "phone": "+31 20 5550199", "interest": "thimbles-erasmus",
    "attribute": "shoe-size-erasmus-39", "attribute name": "attr_erasmus", "refund reason": "refund words of Erasmus", "response text": "answer words of Erasmus",
    "comment": "comment words of Erasmus", "guest comment": "comment by order of Erasmus", "review title": "title words of Erasmus", "review text": "review words of Erasmus",
    "cancel reason": "cancel words of Erasmus", "topic": "topic-erasmus"}
PERSON = f"/v1/customers/external:{WORDS['external id']}"
# Tables with a customer_id, and where the export has them. None: only a copy, or a note to derive.
EXPORTED = {
    "customers": "customer", "customer_profiles": "customer", "customer_identities": "customer", "customer_links": "linked", "customer_persons": "linked",
    "external_ids": "created_as", "customer_consents": "consents", "orders": "orders", "refunds": "refunds", "touchpoints": "touchpoints",
    "cart_updates": "cart_updates", "cart_states": "carts", "cart_reminders": "cart_reminders", "survey_responses": "responses", "reviews": "reviews",
    "referrals": "referrals", "loyalty_members": "loyalty_members", "loyalty_points": "loyalty_points", "subscriptions": "subscriptions",
    "subscription_renewals": "subscription_renewals", "costs": "costs", "customer_stages": "stages", "customer_days": "days",
    "idempotency_keys": None, "changed_customers": None, "stale_stages": None, "referred_persons": None, "customer_erasures": None}


def key(value):
    return {"headers": {"Idempotency-Key": value}}


def erase(shop, ref, status=200, **options):
    return shop.api.delete(f"/v1/customers/{ref}", status, **options)


def assert_derived(shop):
    done = command("check", database_url=shop.url)
    assert done.returncode == 0, done.stdout


def fill(shop):
    """A person with facts of every kind, under three names that are linked, with answers kept under keys, and another person beside."""
    api = shop.api
    for kind in ("nps", "text", "csat"):
        api.post("/v1/surveys", {"external_id": kind, "kind": kind, "name": kind})
    other = shop.customer("other", email="other@example.com", name="Somebody Else", acquired_at="2025-01-01T00:00:00Z")
    ann = api.post("/v1/customers", {
        "external_id": WORDS["external id"], "email": OLD_EMAIL, "name": WORDS["name"], "phone": WORDS["phone"], "country": "NL", "visitor_id": WORDS["visitor"],
        "acquired_at": "2025-01-02T00:00:00Z", "acquisition": {"channel": "search", "source": "engine", "campaign": "spring"}, "interests": [WORDS["interest"]],
        "consents": {WORDS["topic"]: True, "sms": False}, "attributes": {WORDS["attribute name"]: [WORDS["attribute"]]}, "referred_by": "external:other"}, **key("ann")).json
    api.post("/v1/customers", {"email": GUEST_EMAIL}, **key("guest"))
    api.patch(PERSON, {"email": EMAIL})
    order = {"currency": "EUR", "total": 1000, "storefront": "web", "channel": "search"}
    first = api.post("/v1/orders", {**order, "customer": {"email": GUEST_EMAIL}, "ordered_at": "2025-02-01T10:00:00Z", "external_id": "o1"}, **key("o1")).json
    api.put("/v1/carts/cart-1", {"customer": PERSON.rsplit("/", 1)[1], "items": [{"sku": "TEA", "quantity": 1, "unit_price": 900}], "currency": "EUR", "updated_at": "2025-02-28T10:00:00Z"})
    api.post("/v1/carts/cart-1/reminders", {"channel": "email", "sent_at": "2025-02-28T12:00:00Z"})
    api.put("/v1/carts/cart-2", {"customer": {"external_id": WORDS["external id"]}, "value": 700, "currency": "EUR", "updated_at": "2025-04-28T10:00:00Z"})
    second = api.post("/v1/orders", {"customer": {"external_id": WORDS["external id"]}, "currency": "EUR", "ordered_at": "2025-03-01T10:00:00Z", "external_id": "o2",
                                     "cart": "cart-1", "items": [{"sku": "TEA", "name": "Tea", "quantity": 2, "unit_price": 600, "unit_cost": 200}]}).json
    api.post(f"/v1/orders/{first['id']}/refunds", {"external_id": "r1", "amount": 300, "refunded_at": "2025-02-03T10:00:00Z", "reason": WORDS["refund reason"]}, **key("r1"))
    shop.order({"visitor_id": WORDS["linked visitor"]}, "2025-05-01T10:00:00Z", 2000)
    api.post(f"{PERSON}/identities", {"kind": "email", "value": GUEST_EMAIL}, 200, **key("link"))
    api.post(f"{PERSON}/identities", {"kind": "visitor", "value": WORDS["linked visitor"]}, 200, **key("link2"))
    ref = f"email:{EMAIL}"
    api.post("/v1/touchpoints", {"kind": "visit", "visitor": WORDS["visitor"], "at": "2025-01-20T10:00:00Z", "channel": "search", "pages": 3, "duration_seconds": 60})
    api.post("/v1/surveys/external:nps/responses", {"external_id": "a1", "customer": ref, "score": 9, "comment": WORDS["comment"], "answered_at": "2025-03-05T10:00:00Z"}, **key("a1"))
    api.post("/v1/surveys/external:csat/responses", {"order": "external:o1", "score": 4, "comment": WORDS["guest comment"], "answered_at": "2025-02-05T10:00:00Z"})
    shop.batch("/v1/surveys/external:text/responses", [{"customer": ref, "text": WORDS["response text"], "answered_at": "2025-03-06T10:00:00Z"}])
    api.post("/v1/reviews/batch", [{"customer": ref, "rating": 5, "title": WORDS["review title"], "text": WORDS["review text"], "reviewed_at": "2025-03-07T10:00:00Z"},
                                   {"customer": ref, "rating": 9, "text": WORDS["review text"]}, {"customer": f"email:{EMAIL}x", "rating": 1}], 200, **key("reviews"))
    api.post("/v1/referrals", {"referrer": ref, "customer": {"external_id": "friend", "email": "friend@example.com"}, "referred_at": "2025-03-08T10:00:00Z"})
    api.post("/v1/referrals", {"referrer": "external:other", "customer": ref, "referred_at": "2025-01-02T10:00:00Z"})
    shop.order("external:friend", "2025-04-01T10:00:00Z", 500)
    api.post("/v1/loyalty/members", {"customer": ref, "program": "club", "joined_at": "2025-01-10T00:00:00Z"})
    api.post("/v1/loyalty/points", {"customer": ref, "kind": "earned", "points": 10, "at": "2025-03-01T10:00:00Z", "order": "external:o2"})
    subscription = api.post("/v1/subscriptions", {"external_id": "s1", "customer": ref, "interval": "month", "started_at": "2025-01-15T10:00:00Z"}).json
    api.post(f"/v1/subscriptions/{subscription['id']}/renewals", {"renewed_at": "2025-02-15T10:00:00Z"})
    api.post(f"/v1/subscriptions/{subscription['id']}/cancel", {"cancelled_at": "2025-03-15T10:00:00Z", "reason": WORDS["cancel reason"]}, 200, **key("cancel"))
    api.post("/v1/costs", {"order": "external:o2", "kind": "service", "amount": 50, "currency": "EUR", "incurred_at": "2025-03-02T10:00:00Z"})
    api.patch(PERSON, {"consents": {"sms": True}})
    return {"id": ann["id"], "other": other["id"], "first": first, "second": second, "subscription": subscription["id"]}


def found_in(shop, values):
    """{value: {(table, column)}}: where in the whole database the values are, in text of any kind or in bytes."""
    columns = shop.sql("""SELECT c.table_schema, c.table_name, c.column_name, c.data_type FROM information_schema.columns AS c
                          JOIN information_schema.tables AS t USING (table_schema, table_name)
                          WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')""")
    assert len(columns) > 200, "all tables are looked into"
    looks = []
    for schema, table, column, kind in columns:
        text = f"encode(t.\"{column}\", 'escape')" if kind == "bytea" else f't."{column}"::text'
        looks.append(f"SELECT DISTINCT v.value, '{table}', '{column}' FROM values AS v JOIN \"{schema}\".\"{table}\" AS t ON position(lower(v.value) in lower({text})) > 0")
    found = {}
    for value, *place in shop.sql(f"WITH values AS (SELECT unnest(%s::text[]) AS value) {' UNION ALL '.join(looks)}", list(values)):
        found.setdefault(value, set()).add(tuple(place))
    return found


def database_log(shop):
    """What PostgreSQL has logged, for all tests so far."""
    with open(f"{shop.cluster.directory}/postgres.log", encoding="utf-8", errors="replace") as file:
        return file.read()


def numbers(shop):
    """Every KPI, whole and in series, and everything else that counts, as text without the instant of counting."""
    api, texts = shop.api, {}
    names = [kpi["name"] for kpi in api.get("/v1/kpis").json["items"]]
    windows = [{"from": "2025-01-01", "to": "2026-01-01"}, {"from": "2025-01-01", "to": "2025-05-01", "interval": "month"},
               {"from": "2025-02-01", "to": "2025-03-01", "interval": "day"}, {"from": "2025-03-01", "to": "2025-06-01", "until": "2025-12-31"}]
    paths = [f"/v1/kpis/{name}" for name in names] + ["/v1/dashboard", "/v1/nps"]
    asked = [(path, window) for path in paths for window in windows if "until" not in window or path != "/v1/nps"]
    asked += [("/v1/cohorts", {"interval": interval}) for interval in ("month", "week")]
    asked += [("/v1/lifecycle/stages", {"at": day}) for day in ("2025-01-31", "2025-03-01", "2025-03-31", "2025-06-30", "2026-12-31")]
    asked += [("/v1/lifecycle/transitions", {"from": "2025-01-31", "to": day}) for day in ("2025-02-28", "2025-06-30", "2027-01-01")]
    for path, query in asked:
        answer = api.send("GET", path, query=query)
        assert answer.status in (200, 400), answer.body
        texts[f"{path} {query}"] = answer.status, re.sub(r'"(as_of|instance)":"[^"]*"', "", answer.text)
    assert sum(status == 200 for status, _ in texts.values()) > len(names) * 2
    return texts


# ---- export ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def filled(shops):
    """A shop with the person in it, whom nobody erases."""
    shop = shops()
    shop.person = fill(shop)
    yield shop
    shop.close()


def test_the_export_has_every_table_that_knows_the_person(filled):
    tables = {name for name, in filled.sql("""SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
                                              WHERE c.relkind IN ('r', 'p') AND a.attname = 'customer_id' AND c.relnamespace = 'public'::regnamespace""")}
    assert tables == set(EXPORTED), "a table that knows customers is exported, erased, and named here"
    export = filled.api.get(f"{PERSON}/export").json
    assert not [name for name, where in EXPORTED.items() if where and not export[where]], "the person has something of everything"
    rows = [filled.person["id"], *(linked["customer"]["id"] for linked in export["linked"])]
    assert len(rows) == 3
    for name, where in EXPORTED.items():
        if where in ("customer", "created_as", "carts", "stages", None) or name in ("customer_persons", "referrals"):
            continue
        count = filled.sql(f"SELECT count(*) FROM {name} WHERE customer_id = ANY (%s::uuid[])", rows)[0][0]
        assert len(export[where]) == count > 0, name
    text = json.dumps(export, default=str)
    assert [name for name, value in WORDS.items() if value not in text] == ["old email"], "which is in a kept answer alone"
    assert "friend@example.com" not in text and "Somebody Else" not in text, "of others there are ids alone"


def test_the_export_shows_documents_as_the_api_does(filled):
    api, export = filled.api, filled.api.get(f"{PERSON}/export").json
    assert export["customer"] == api.get(PERSON).json
    assert export["orders"] == sorted(api.pages("/v1/orders", customer=f"external:{WORDS['external id']}"), key=lambda order: order["ordered_at"])
    assert [cart["external_id"] for cart in export["carts"]] == ["cart-1", "cart-2"] == [update["external_id"] for update in export["cart_updates"]]
    assert export["carts"][0] == api.get("/v1/carts/cart-1").json
    assert export["refunds"] == api.pages("/v1/orders/external:o1/refunds")
    assert {(item["referrer_id"], item["customer_id"]) for item in export["referrals"]} == {
        (filled.person["id"], api.get("/v1/customers/external:friend").json["id"]), (filled.person["other"], filled.person["id"])}
    assert {(linked["linked_to"], *(identity["value"] for identity in linked["customer"]["identities"])) for linked in export["linked"]} == {
        (filled.person["id"], GUEST_EMAIL), (filled.person["id"], WORDS["linked visitor"])}
    assert export["created_as"] == [f"email:{GUEST_EMAIL}", f"external:{WORDS['external id']}"]
    assert [(day["day"], day["orders"], day["net"]) for day in export["days"] if day["orders"]] == [("2025-02-01", 1, 1000), ("2025-03-01", 1, 1200), ("2025-05-01", 1, 2000)]
    stages = [entry["detail"] for entry in api.pages(f"{PERSON}/timeline", kind="stage")]
    assert [(stay["stage"], stay["rule"]) for stay in export["stages"]] == [(entry["stage"], entry["rule"]) for entry in stages]
    assert api.get(f"/v1/customers/{filled.person['other']}/export").json["referred"] == [filled.person["id"]]


def test_the_export_is_a_file_whose_name_says_nothing(filled):
    answer = filled.api.get(f"/v1/customers/email:{EMAIL}/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="customer-export.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["customer"]["id"] == filled.person["id"]
    filled.api.get("/v1/customers/external:nobody/export", 404)
    filled.api.get("/v1/customers/01890000-0000-7000-8000-000000000000/export", 404)


def test_an_acknowledged_fact_is_in_the_next_export(new_shop):
    shop = new_shop()
    shop.customer("C1")
    for n in range(1, 4):
        shop.order("external:C1", f"2025-0{n}-01T10:00:00Z", 100)
        export = shop.api.get("/v1/customers/external:C1/export").json
        assert (len(export["orders"]), len(export["days"]), export["stages"][-1]["stage"] in ("conversion", "retention", "lost")) == (n, n, True)


def test_ten_thousand_orders_are_one_document(new_shop):
    shop = new_shop(CICLO_REQUEST_TIMEOUT_MS=300000)  # all of them are derived first, which takes seconds, and a minute on a busy machine
    shop.customer("C1")
    item = {"sku": "TEA", "name": "Tea", "quantity": 1, "unit_price": 100}
    shop.batch("/v1/orders", [{"external_id": f"o{n}", "customer": "external:C1", "currency": "EUR", "items": [item, item],
                               "ordered_at": f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}T10:00:00Z"} for n in range(10000)])
    with urlopen(f"http://127.0.0.1:{shop.server.port}/v1/customers/external:C1/export", timeout=300) as answer:  # not held against the contract: that takes a minute
        export = json.load(answer)
    assert len(export["orders"]) == 10000 == len({order["id"] for order in export["orders"]})
    receipt = erase(shop, "external:C1").json
    assert receipt["rows"] == {"customer_identities": 1, "customer_profiles": 1, "customers": 1, "external_ids": 1}


# ---- erasing -----------------------------------------------------------------------------------------

def test_nothing_of_an_erased_person_is_left_and_every_number_stays(new_shop):
    shop = new_shop()
    person = fill(shop)
    assert set(found_in(shop, WORDS.values())) == set(WORDS.values()), "the search finds what is there"
    hashes = [row for row, in shop.sql("""SELECT identity FROM customer_links UNION ALL SELECT content_hash FROM external_ids
                                          WHERE resource IN ('customers', 'carts', 'reviews', 'refunds') OR (resource = 'responses' AND id IN (
                                              SELECT response_id FROM survey_responses WHERE coalesce(text, comment) IS NOT NULL))
                                          EXCEPT SELECT content_hash FROM external_ids WHERE external_id IN ('external:other')""")]
    assert len(hashes) >= 8 and set(found_in(shop, hashes)) == set(hashes)
    before, orders = numbers(shop), shop.api.pages("/v1/orders")
    rows = [row for row, in shop.sql("SELECT customer_id FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM customer_profiles WHERE external_id IN ('other', 'friend'))")]

    receipt = erase(shop, f"email:{quote(EMAIL)}").json
    assert receipt["id"] == person["id"]
    assert receipt["rows"] == {"customer_consents": 3, "customer_identities": 5, "customer_links": 2, "customer_profiles": 3, "customers": 3, "external_ids": 7,
                               "idempotency_keys": 8, "refunds": 1, "reviews": 1, "subscriptions": 1, "survey_responses": 3}
    assert found_in(shop, WORDS.values()) == {}
    assert found_in(shop, hashes) == {}, "nor anything that tells who guesses it that it was there"
    log = shop.server.text() + database_log(shop)
    assert not [name for name, value in WORDS.items() if value in log or quote(value) in log]
    assert numbers(shop) == before
    assert_derived(shop)
    shop.sql("INSERT INTO changed_customers (customer_id) VALUES ('00000000-0000-0000-0000-000000000000')")
    assert numbers(shop) == before, "nor does anything change when all is derived anew"
    assert_derived(shop)
    assert shop.api.pages("/v1/orders") == orders
    assert {row for row, in shop.sql("SELECT customer_id FROM customers WHERE erased_at IS NOT NULL")} == set(rows), "all that was linked, and nobody else"
    assert [item["external_id"] for item in shop.api.pages("/v1/customers")] == ["friend", "other"]
    assert shop.api.get("/v1/customers/external:friend").json["email"] == "friend@example.com"


@pytest.fixture(scope="module")
def erased(shops):
    """A shop in which the person was erased; `linked` is the id of a customer that was linked."""
    shop = shops()
    shop.person = fill(shop)
    shop.linked = shop.sql("SELECT customer_id FROM customer_links")[0][0]
    shop.receipt = erase(shop, f"external:{WORDS['external id']}").json
    yield shop
    shop.close()


def test_the_identities_of_an_erased_person_mean_nobody(erased):
    for ref in (f"external:{WORDS['external id']}", f"email:{EMAIL}", f"email:{OLD_EMAIL}", f"email:{GUEST_EMAIL}", f"visitor:{WORDS['visitor']}"):
        erased.api.get(f"/v1/customers/{ref}", 404)
        erased.api.patch(f"/v1/customers/{ref}", {"name": "N"}, 404)
        erase(erased, ref, 404)
        assert erased.api.pages("/v1/orders", customer=ref) == []


def test_the_id_of_an_erased_person_answers_that(erased):
    api = erased.api
    for customer in (erased.person["id"], erased.linked):
        path = f"/v1/customers/{customer}"
        for answer in (api.get(path, 410), api.get(f"{path}/export", 410), api.get(f"{path}/consents", 410), api.get(f"{path}/timeline", 410), api.get(f"{path}/value", 410), api.put(path, {"name": "N"}, 410),
                       api.patch(path, {"name": "N"}, 410), api.patch(path, {"name": "N"}, 410, headers={"If-Match": '"1"'}), api.delete(path, 410),
                       api.post(f"{path}/identities", {"kind": "visitor", "value": "v-new"}, 410), api.delete(f"{path}/identities/visitor:v-new", 410),
                       api.get(f"{path}/identities/preview", 410, query={"kind": "visitor", "value": "v-new"})):
            assert answer.code == "erased"
    api.post(f"/v1/customers/external:other/identities", {"kind": "visitor", "value": "v-other"}, 200)


@pytest.mark.parametrize("path, body", [
    ("/v1/orders", {"currency": "EUR", "total": 5}), ("/v1/surveys/external:nps/responses", {"score": 9}), ("/v1/touchpoints", {"kind": "visit", "pages": 1}),
    ("/v1/reviews", {"rating": 5}), ("/v1/costs", {"kind": "tool", "amount": 1, "currency": "EUR"}), ("/v1/loyalty/members", {}), ("/v1/subscriptions", {"interval": "week"})])
def test_nothing_new_happens_to_an_erased_person(erased, path, body):
    for customer in (erased.person["id"], erased.linked):
        assert erased.api.post(path, {**body, "customer": customer}, 422).code == "unknown_reference"


def test_sending_a_fact_of_an_erased_person_again_does_not_double_it(new_shop):
    shop = new_shop()
    body = {"customer": {"email": EMAIL}, "currency": "EUR", "total": 1000, "ordered_at": "2025-02-01T10:00:00Z", "external_id": "o1"}
    made = shop.api.post("/v1/orders", body, **key("first")).json
    refund = {"external_id": "r1", "amount": 100, "refunded_at": "2025-02-02T10:00:00Z"}
    words = {"external_id": "r2", "amount": 50, "refunded_at": "2025-02-03T10:00:00Z", "reason": WORDS["refund reason"]}
    plain = shop.refund(made["id"], refund["amount"], refund["refunded_at"], external_id="r1")
    shop.api.post(f"/v1/orders/{made['id']}/refunds", words)
    erase(shop, f"email:{EMAIL}")
    for options in ({}, key("first")):
        assert shop.api.post("/v1/orders", body, 200, **options).json["id"] == made["id"], "the name is forgotten, the fact is not"
    assert shop.api.get("/v1/orders/external:o1").json["total"] == 1000
    assert shop.api.post("/v1/orders/external:o1/refunds", refund, 200).json == plain
    assert shop.api.post("/v1/orders/external:o1/refunds", words, 409).code == "fact_conflict", "what was said is not there to be compared"
    assert shop.sql("SELECT count(*) FROM customers") == [(1,)]


def test_the_books_of_an_erased_person_go_on_without_words(erased):
    api = erased.api
    refund = api.post("/v1/orders/external:o2/refunds", {"amount": 200, "refunded_at": "2025-04-01T10:00:00Z", "reason": "late words"}, **key("late")).json
    assert (refund["reason"], refund["customer_id"]) == (None, erased.person["id"])
    assert api.get("/v1/orders/external:o2").json["refunded"] == 200
    answer = api.post("/v1/surveys/external:csat/responses", {"order": "external:o2", "score": 2, "comment": "late words"}, **key("late")).json
    assert (answer["comment"], answer["score"]) == (None, 2)
    made = api.post("/v1/orders/external:o1/cancel", {}, 200).json
    assert made["status"] == "cancelled"
    again = api.post("/v1/subscriptions/external:s1/cancel", {"reason": WORDS["cancel reason"]}, 200).json
    assert again["reason"] is None and again["version"] == 4
    assert found_in(erased, ["late words"]) == {}
    assert_derived(erased)


def test_a_subscription_of_an_erased_person_is_cancelled_without_words(new_shop):
    shop = new_shop()
    made = shop.api.post("/v1/subscriptions", {"customer": {"email": EMAIL}, "interval": "month", "started_at": "2025-01-15T10:00:00Z"}).json
    erase(shop, f"email:{EMAIL}")
    done = shop.api.post(f"/v1/subscriptions/{made['id']}/cancel", {"reason": "late words"}, 200, **key("c")).json
    assert done["cancelled_at"] and done["reason"] is None
    assert found_in(shop, ["late words"]) == {}


def test_whoever_comes_with_the_same_address_is_a_new_customer(new_shop):
    shop = new_shop()
    old = shop.customer("C1", email=EMAIL)
    shop.order("external:C1", "2025-01-10T10:00:00Z", 1000)
    erase(shop, "external:C1")
    new = shop.api.post("/v1/customers", {"external_id": "C1", "email": EMAIL}, 201).json
    assert new["id"] != old["id"] and new["stage"] == "awareness"
    shop.order({"email": EMAIL}, "2025-03-10T10:00:00Z", 1000)
    assert [entry["kind"] for entry in shop.api.pages("/v1/customers/external:C1/timeline") if entry["kind"] != "stage"] == ["order"]
    assert shop.value("new_customers", "2025-01-01", "2026-01-01") == 2
    assert_derived(shop)


def test_erasing_keeps_to_if_match(shop):
    made = shop.customer("match")
    tag = shop.api.get("/v1/customers/external:match").headers["ETag"]
    shop.api.patch("/v1/customers/external:match", {"name": "M"})
    assert erase(shop, "external:match", 412, headers={"If-Match": tag}).code == "precondition_failed"
    tag = shop.api.get("/v1/customers/external:match").headers["ETag"]
    assert erase(shop, "external:match", headers={"If-Match": tag}).json["id"] == made["id"]
    assert erase(shop, made["id"], 410, headers={"If-Match": tag}).code == "erased"
    erase(shop, "external:nobody", 404)


def test_the_other_half_of_a_link_that_was_undone_stays(new_shop):
    shop = new_shop()
    shop.customer("C1", email=EMAIL)
    shop.order({"email": GUEST_EMAIL}, "2025-01-10T10:00:00Z", 1000)
    shop.api.post("/v1/customers/external:C1/identities", {"kind": "email", "value": GUEST_EMAIL}, 200)
    shop.api.post("/v1/customers/external:C1/identities", {"kind": "visitor", "value": "v1"}, 200, **key("link"))
    shop.api.post("/v1/customers", {"email": GUEST_EMAIL, "name": "Ann"}, 201)
    shop.api.delete(f"/v1/customers/external:C1/identities/email:{GUEST_EMAIL}", 200)
    erase(shop, f"email:{GUEST_EMAIL}")
    assert found_in(shop, [GUEST_EMAIL]) == {}
    assert shop.api.get("/v1/customers/external:C1").json["email"] == EMAIL


# ---- at the same time --------------------------------------------------------------------------------

def at_once(jobs):
    """Runs functions of no arguments together; raises what one of them raised."""
    failures = []

    def run(job):
        try:
            job()
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_what_arrives_while_a_person_is_erased_is_erased_or_new(new_shop):
    """Orders with a name, refunds and reviews with words, while the customer is erased again and again: nothing is lost, nobody erased gets a name."""
    shop = new_shop(CICLO_WORKERS=2)
    rounds, orders, logged = 12, 6, len(database_log(shop))
    made, receipts = [], []

    def order(client, n, i):
        answer = client.post("/v1/orders", {"external_id": f"o{n}-{i}", "customer": {"email": EMAIL, "visitor_id": f"v{n}-{i}"}, "currency": "EUR", "total": 100,
                                            "ordered_at": "2025-01-01T10:00:00Z"}).json
        made.append(answer["id"])
        client.post("/v1/reviews", {"customer": {"email": EMAIL}, "rating": 5, "text": f"words {n}-{i}"})
        client.post(f"/v1/orders/{answer['id']}/refunds", {"amount": 1, "reason": f"words {n}-{i}"})

    def forget(client):
        answer = client.send("DELETE", f"/v1/customers/email:{EMAIL}")
        assert answer.status in (200, 404), answer.body
        if answer.status == 200:
            receipts.append(answer.json["id"])
    clients = [shop.client() for _ in range(orders + 2)]
    for n in range(rounds):
        at_once([lambda i=i, n=n: order(clients[i], n, i) for i in range(orders)] + [lambda c=c: forget(c) for c in clients[orders:]])
    assert len(receipts) == len(set(receipts)) >= rounds / 2
    assert shop.sql("SELECT count(*) FROM orders") == [(rounds * orders,)] == [(len(set(made)),)]
    gone = "SELECT customer_id FROM customers WHERE erased_at IS NOT NULL"
    assert {str(row) for row, in shop.sql(gone)} >= set(receipts)
    for table in ("customer_profiles", "customer_identities", "customer_consents", "idempotency_keys", "external_ids WHERE resource = 'customers' AND customer_id"):
        where = f"{table} IN ({gone})" if "WHERE" in table else f"{table} WHERE customer_id IN ({gone})"
        assert shop.sql(f"SELECT count(*) FROM {where}") == [(0,)], table
    assert shop.sql(f"SELECT count(*) FROM refunds WHERE reason IS NOT NULL AND customer_id IN ({gone})") == [(0,)]
    assert shop.sql(f"SELECT count(*) FROM reviews WHERE text IS NOT NULL AND customer_id IN ({gone})") == [(0,)]
    assert shop.sql(f"SELECT count(*) FROM customer_persons AS p JOIN customers AS a USING (customer_id) JOIN customers AS b ON b.customer_id = p.person_id "
                    "WHERE (a.erased_at IS NULL) <> (b.erased_at IS NULL)") == [(0,)], "a person is erased whole"
    assert shop.sql("SELECT count(*) FROM customer_profiles WHERE email = %s", EMAIL)[0][0] <= 1
    log = database_log(shop)[logged:]
    assert "duplicate key" in log and EMAIL not in log, "PostgreSQL does not say which key was there twice"
    assert "deadlock" not in log
    assert_derived(shop)


def test_two_who_erase_the_same_person_get_one_receipt(new_shop):
    shop = new_shop(CICLO_WORKERS=2)
    clients = [shop.client() for _ in range(4)]
    for n in range(10):
        customer = shop.customer(f"C{n}")["id"]
        statuses = []
        at_once([lambda c=c: statuses.append(c.send("DELETE", f"/v1/customers/{customer}").status) for c in clients])
        assert sorted(statuses) == [200, 410, 410, 410]


def test_changes_and_links_while_a_person_is_erased_leave_nothing(new_shop):
    shop = new_shop(CICLO_WORKERS=2)
    clients, logged = [shop.client() for _ in range(4)], len(database_log(shop))
    for n in range(15):
        customer = shop.customer(f"C{n}")["id"]
        shop.customer(f"D{n}")
        path = f"/v1/customers/{customer}"
        at_once([lambda: clients[0].send("DELETE", path), lambda: clients[1].send("PATCH", path, {"name": f"words {n}"}, media_type="application/merge-patch+json"),
                 lambda: clients[2].send("POST", f"{path}/identities", {"kind": "external", "value": f"D{n}"}, headers={"Idempotency-Key": f"k{n}"}),
                 lambda: clients[3].send("POST", "/v1/customers", {"external_id": f"C{n}", "email": f"c{n}@example.com", "name": f"words {n}"})])
    gone = "SELECT customer_id FROM customers WHERE erased_at IS NOT NULL"
    assert shop.sql(f"SELECT count(*) FROM ({gone}) AS g")[0][0] >= 15
    for table in ("customer_profiles", "customer_identities", "idempotency_keys"):
        assert shop.sql(f"SELECT count(*) FROM {table} WHERE customer_id IN ({gone})") == [(0,)], table
    assert shop.sql(f"SELECT count(*) FROM customer_links WHERE identity <> '' AND (customer_id IN ({gone}) OR linked_to IN ({gone}))") == [(0,)]
    assert shop.sql("SELECT count(*) FROM customer_profiles WHERE customer_id NOT IN (SELECT customer_id FROM customers WHERE erased_at IS NULL)") == [(0,)]
    assert "deadlock" not in database_log(shop)[logged:]
    assert_derived(shop)


# ---- consents ----------------------------------------------------------------------------------------

def consents(shop, ref):
    """[(topic, granted)], the oldest first."""
    items = shop.api.pages(f"/v1/customers/{ref}/consents")
    assert [item["changed_at"] for item in items] == sorted((item["changed_at"] for item in items), reverse=True)
    return [(item["topic"], item["granted"]) for item in reversed(items)]


def to_contact(shop, topic="news"):
    """External ids of the people who may be contacted; carts and customers must agree."""
    return sorted(item["external_id"] for item in shop.api.pages("/v1/customers", consent=topic))


def test_every_change_of_a_consent_is_kept_with_its_date(new_shop):
    shop = new_shop()
    shop.customer("C1", consents={"news": True, "sms": False})
    assert sorted(consents(shop, "external:C1")) == [("news", True), ("sms", False)]
    path = "/v1/customers/external:C1"
    shop.api.patch(path, {"name": "no change of consents"})
    shop.api.patch(path, {"consents": {"news": True}})
    shop.api.patch(path, {"consents": {"sms": None}})
    assert len(consents(shop, "external:C1")) == 2, "and nothing else: what was declined and is taken away was declined"
    shop.api.patch(path, {"consents": {"news": None}})
    shop.api.patch(path, {"consents": {"post": True}})
    shop.api.put(path, {"consents": {"news": True}})
    shop.api.put(path, {"name": "none"})
    assert consents(shop, "external:C1")[2:4] == [("news", False), ("post", True)]
    assert sorted(consents(shop, "external:C1")[4:6]) == [("news", True), ("post", False)]
    assert consents(shop, "external:C1")[6:] == [("news", False)]
    entries = [entry for entry in shop.api.pages(f"{path}/timeline", kind="consent")]
    assert [entry["at"] for entry in entries] == [item["changed_at"] for item in reversed(shop.api.pages(f"{path}/consents"))]
    assert len(shop.api.get(f"{path}/consents", query={"limit": 3}).json["items"]) == 3 and len(shop.api.pages(f"{path}/consents", limit=2)) == 7
    shop.api.get("/v1/customers/external:nobody/consents", 404)


def test_consents_come_in_by_every_way(new_shop):
    shop = new_shop()
    shop.order({"external_id": "C1", "consents": {"news": True}}, "2025-01-01T10:00:00Z", 100)
    shop.api.put("/v1/customers/external:C2", {"consents": {"news": True}}, 201)
    shop.batch("/v1/customers", [{"external_id": "C3", "consents": {"news": True}}, {"external_id": "C4", "consents": {"news": False}}])
    shop.order({"external_id": "C5"}, "2025-01-01T10:00:00Z", 100)
    shop.customer("C5", consents={"news": True})
    assert to_contact(shop) == ["C1", "C2", "C3", "C5"]
    assert [consents(shop, f"external:C{n}") for n in range(1, 6)] == [[("news", n != 4)] for n in range(1, 6)]


def test_who_consents_to_be_reminded_of_carts(new_shop):
    shop = new_shop()
    cart = {"value": 100, "currency": "EUR", "updated_at": "2025-01-01T10:00:00Z"}
    for name, granted in (("C1", True), ("C2", False), ("C3", None)):
        shop.customer(name, **({} if granted is None else {"consents": {"news": granted}}))
        shop.api.put(f"/v1/carts/{name}", {**cart, "customer": f"external:{name}"})
    shop.api.put("/v1/carts/v", {**cart, "visitor": "v1"})
    listed = lambda: sorted(item["external_id"] for item in shop.api.pages("/v1/carts", state="abandoned", consent="news"))
    assert listed() == ["C1"]
    shop.api.post("/v1/customers/external:C1/identities", {"kind": "visitor", "value": "v1"}, 200)
    assert listed() == ["C1", "v"], "the cart of a visitor who is this customer"
    assert len(shop.api.pages("/v1/carts", state="abandoned")) == 4
    shop.api.patch("/v1/customers/external:C1", {"consents": {"news": False}})
    assert listed() == []


def test_a_withdrawal_under_any_name_of_a_person_wins_until_a_later_grant(new_shop):
    shop = new_shop()
    guest, path = f"email:{GUEST_EMAIL}", "/v1/customers/external:C1"
    shop.customer("C1", consents={"news": True, "sms": True})
    shop.api.post("/v1/customers", {"email": GUEST_EMAIL, "consents": {"news": True, "post": True}})
    shop.api.patch(f"/v1/customers/{guest}", {"consents": {"news": False}})
    assert to_contact(shop) == ["C1"]
    shop.api.post(f"{path}/identities", {"kind": "email", "value": GUEST_EMAIL}, 200)
    assert to_contact(shop) == [] and to_contact(shop, "sms") == ["C1"]
    assert to_contact(shop, "post") == [], "what only the guest agreed to was not agreed to for the account"
    assert shop.api.get(path).json["consents"] == {"news": False, "sms": True}, "and the customer's document says so"
    shop.api.post("/v1/customers", {"external_id": "C1", "consents": {"other": True}}, (200, 201, 409))
    assert to_contact(shop) == []
    shop.api.patch(path, {"name": "N"})
    assert to_contact(shop) == [], "no change but a grant is a grant"
    assert shop.api.patch(path, {"consents": {"news": True}}).json["consents"]["news"] is True
    assert to_contact(shop) == ["C1"] and consents(shop, "external:C1")[-1] == ("news", True)
    shop.api.delete(f"{path}/identities/{guest}", 200)
    assert to_contact(shop) == ["C1"]


def test_a_grant_that_is_said_again_after_a_link_counts(new_shop):
    shop = new_shop()
    shop.customer("C1", consents={"news": True})
    shop.api.post("/v1/customers", {"email": GUEST_EMAIL, "consents": {"news": False}})
    shop.api.post("/v1/customers/external:C1/identities", {"kind": "email", "value": GUEST_EMAIL}, 200)
    assert to_contact(shop) == []
    shop.api.put("/v1/customers/external:C1", {"consents": {"news": True}}, 200)
    assert to_contact(shop) == ["C1"]


def test_an_earlier_withdrawal_under_another_name_does_not_outlive_a_grant(new_shop):
    shop = new_shop()
    shop.api.post("/v1/customers", {"email": GUEST_EMAIL, "consents": {"news": False}})
    shop.customer("C1", consents={"news": True})
    shop.api.post("/v1/customers/external:C1/identities", {"kind": "email", "value": GUEST_EMAIL}, 200)
    assert to_contact(shop) == ["C1"]


def test_the_latest_consent_counts_whatever_the_clocks_say(new_shop):
    """Two processes whose clocks differ: a change that is later in truth must not look earlier."""
    shop = new_shop()
    shop.customer("C1", consents={"news": True})
    shop.sql("UPDATE customer_consents SET changed_at = now() + interval '1 hour'")
    shop.api.patch("/v1/customers/external:C1", {"consents": {"news": False}})
    assert consents(shop, "external:C1") == [("news", True), ("news", False)]


def test_nobody_erased_is_contacted(new_shop):
    shop = new_shop()
    shop.customer("C1", consents={"news": True})
    shop.api.put("/v1/carts/k", {"customer": "external:C1", "value": 100, "currency": "EUR", "updated_at": "2025-01-01T10:00:00Z"})
    erase(shop, "external:C1")
    assert to_contact(shop) == [] and shop.api.pages("/v1/carts", consent="news") == []
