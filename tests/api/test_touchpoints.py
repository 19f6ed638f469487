"""Touchpoints: visits, ads, e-mails, sign-ups; of a visitor or of a customer, and nothing that names a person."""
import pytest

from support.client import ref, to_json
from support.shop import NDJSON

AT = "2026-01-10T10:00:00Z"
KINDS = ["visit", "ad_impression", "ad_click", "email_sent", "email_bounced", "email_opened", "email_clicked", "signup", "newsletter", "support"]
VISIT = {"kind": "visit", "visitor": "v-1", "at": AT}


def test_a_visit_comes_back_by_id_and_by_external_id(api):
    body = {"external_id": "hit-1", "kind": "visit", "at": "2026-01-10T12:00:00.5+02:00", "channel": "search", "campaign": "spring", "pages": 4, "duration_seconds": 90}
    answer = api.post("/v1/touchpoints", {**body, "visitor": "v-0"})
    made = answer.json
    assert {name: made[name] for name in body} == {**body, "at": "2026-01-10T10:00:00.500000Z"}
    assert answer.headers["Location"] == f"/v1/touchpoints/{made['id']}"
    assert api.get(f"/v1/touchpoints/{made['id']}").json == api.get("/v1/touchpoints/external:hit-1").json == made
    api.get("/v1/touchpoints/external:no-such-hit", 404)
    api.get("/v1/touchpoints/019c4ced-6b1e-7c40-8f0d-1c5b7a2f9d33", 404)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken_and_has_its_members(api, kind):
    made = api.post("/v1/touchpoints", {"kind": kind, "visitor": "v-kinds", "at": AT}).json
    assert (made["kind"], made["pages"], made["duration_seconds"]) == (kind, 1 if kind == "visit" else None, None)
    answer = api.send("POST", "/v1/touchpoints", {"kind": kind, "visitor": "v-kinds", "at": AT, "pages": 2, "duration_seconds": 0})
    if kind == "visit":
        assert answer.status == 201 and (answer.json["pages"], answer.json["duration_seconds"]) == (2, 0)
    else:
        assert answer.status == 422 and answer.places == {"/pages", "/duration_seconds"}, "both at once"


def test_without_at_it_is_of_now(shop):
    made = shop.api.post("/v1/touchpoints", {"kind": "support", "visitor": "v-now"}).json
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", made["at"])[0][0] < 60


@pytest.mark.parametrize("fields, place", [
    ({"kind": "wink"}, "/kind"), ({"kind": None}, "/kind"), ({"pages": 0}, "/pages"), ({"pages": 1.5}, "/pages"), ({"duration_seconds": -1}, "/duration_seconds"),
    ({"at": "yesterday"}, "/at"), ({"visitor": ""}, "/visitor"), ({"visitor": None}, "/visitor"), ({"channel": ""}, "/channel"), ({"colour": "red"}, "/colour"),
    ({"customer": {"email": "both@example.com"}}, ""), ({"customer": "external:c-1"}, "")])
def test_what_cannot_be_is_refused_at_its_place(api, fields, place):
    assert place in api.post("/v1/touchpoints", {**VISIT, **fields}, 422).places


def test_somebody_it_must_have_been(api):
    answer = api.post("/v1/touchpoints", {"kind": "visit"}, 422)
    assert "customer, visitor" in answer.json["errors"][0]["detail"]
    assert "/kind" in api.post("/v1/touchpoints", {"visitor": "v-1"}, 422).places
    assert api.post("/v1/touchpoints", {"kind": "visit", "customer": "external:nobody"}, 422).code == "unknown_reference"
    assert api.post("/v1/touchpoints", {"kind": "visit", "customer": "visitor:nobody"}, 422).code == "unknown_reference"


def test_an_unknown_visitor_becomes_a_customer_known_by_that_alone(api):
    made = api.post("/v1/touchpoints", {**VISIT, "visitor": "v-new"}).json
    customer = api.get(f"/v1/customers/{ref('visitor', 'v-new')}").json
    assert made["customer_id"] == customer["id"]
    assert (customer["visitor_id"], customer["email"], customer["external_id"]) == ("v-new", None, None)
    again = api.post("/v1/touchpoints", {**VISIT, "visitor": "v-new"}).json
    assert again["customer_id"] == customer["id"] and again["id"] != made["id"]


def test_visitor_is_short_for_a_customer_with_that_visitor_id(api):
    ways = [{"visitor": "v-ways"}, {"customer": {"visitor_id": "v-ways"}}, {"customer": "visitor:v-ways"}]
    assert len({api.post("/v1/touchpoints", {"kind": "visit", **way}).json["customer_id"] for way in ways}) == 1
    bodies = [{"external_id": "ways", "kind": "visit", "at": AT, **way} for way in ways]
    first = api.post("/v1/touchpoints", bodies[0]).json
    assert [api.post("/v1/touchpoints", body, 200).json for body in bodies] == [first] * 3, "the same fact, said in other words"


def test_a_known_customer_is_taken_by_any_identity(shop):
    order = shop.order({"external_id": "reader", "email": "reader@example.com"}, AT, 100)
    for customer in ("external:reader", "email:READER@example.com", order["customer_id"], {"email": "reader@example.com"}):
        assert shop.api.post("/v1/touchpoints", {"kind": "email_opened", "customer": customer}).json["customer_id"] == order["customer_id"]


def test_the_same_fact_again_changes_nothing(shop):
    body = {**VISIT, "external_id": "again", "pages": 1}
    first = shop.api.post("/v1/touchpoints", body).json
    assert shop.api.post("/v1/touchpoints", body, 200).json == first
    assert shop.api.post("/v1/touchpoints", {name: value for name, value in body.items() if name != "pages"}, 200).json == first, "1 is what it is without it"
    for change in ({"pages": 2}, {"kind": "support"}, {"visitor": "v-other"}, {"at": "2026-01-10T10:00:01Z"}, {"channel": "search"}):
        other = {**body, **change}
        if other["kind"] != "visit":
            del other["pages"]
        assert shop.api.post("/v1/touchpoints", other, 409).code == "fact_conflict", change
    assert shop.sql("SELECT count(*) FROM touchpoints WHERE external_id = 'again'") == [(1,)]


def test_an_idempotency_key_keeps_the_first_answer(shop):
    before = len(shop.api.pages("/v1/touchpoints"))
    first = shop.api.post("/v1/touchpoints", VISIT, headers={"Idempotency-Key": "hit"})
    again = shop.api.post("/v1/touchpoints", VISIT, headers={"Idempotency-Key": "hit"})
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true" and again.headers["Location"] == first.headers["Location"]
    assert len(shop.api.pages("/v1/touchpoints")) == before + 1


def test_an_unchanged_answer_costs_a_304(api):
    made = api.post("/v1/touchpoints", VISIT).json
    for path in (f"/v1/touchpoints/{made['id']}", "/v1/touchpoints"):
        tag = api.get(path).headers["ETag"]
        assert api.get(path, 304, headers={"If-None-Match": tag}).body == b""


@pytest.mark.parametrize("ndjson", [True, False], ids=["ndjson", "array"])
def test_many_at_once_and_the_bad_one_takes_nobody_with_it(new_shop, ndjson):
    shop = new_shop()
    items = [{"external_id": f"t{number}", "kind": KINDS[number % 10], "visitor": f"v{number % 7}", "at": AT} for number in range(50)]
    items[3] = {**items[3], "pages": 3}
    items[4] = {**items[4], "customer": "external:x"}
    items[5] = {"external_id": "t0", "kind": "visit", "visitor": "v0", "at": AT}
    items[6] = {"external_id": "t0", "kind": "support", "visitor": "v0", "at": AT}
    body = "\n".join(map(to_json, items)).encode() if ndjson else to_json(items).encode()
    answer = shop.api.post("/v1/touchpoints/batch", body, 200, media_type=NDJSON if ndjson else "application/json").json
    statuses = [line["status"] for line in answer["results"]]
    assert statuses == [201, 201, 201, 422, 422, 200, 409] + [201] * 43 and answer["results"][5]["id"] == answer["results"][0]["id"]
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (46, 1, 3)
    assert len(shop.api.pages("/v1/customers")) == 7 and len(shop.api.pages("/v1/touchpoints", limit=9)) == 46


@pytest.fixture(scope="module")
def listed(shops):
    shop = shops()
    for number in range(12):
        shop.api.post("/v1/touchpoints", {"external_id": f"t{number}", "kind": KINDS[number % 3], "visitor": f"v{number % 2}", "at": f"2026-01-{number // 2 + 1:02}T00:00:00Z"})
    yield shop
    shop.close()


@pytest.mark.parametrize("query, found", [
    ({}, range(12)), ({"customer": "visitor:v1"}, range(1, 12, 2)), ({"customer": "visitor:nobody"}, []), ({"kind": "visit"}, range(0, 12, 3)),
    ({"at_from": "2026-01-02T00:00:00Z", "at_to": "2026-01-04T01:00:00+01:00"}, [2, 3, 4, 5]),
    ({"customer": "visitor:v0", "kind": "ad_click", "at_from": "2026-01-03T00:00:00Z"}, [8])])
def test_lists_are_filtered_and_paged_newest_first(listed, query, found):
    for limit in (1, 5, 1000):
        items = listed.api.pages("/v1/touchpoints", limit=limit, **query)
        assert sorted(int(item["external_id"][1:]) for item in items) == list(found)
        assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)


def test_a_list_of_one_customer_has_what_is_linked_to_it(new_shop):
    shop = new_shop()
    ids = [shop.api.post("/v1/touchpoints", {"kind": "visit", "visitor": name}).json["customer_id"] for name in ("one", "two", "three")]
    shop.sql("INSERT INTO customer_persons (customer_id, person_id) VALUES (%s, %s)", ids[1], ids[0])
    for name, count in (("one", 2), ("two", 2), ("three", 1)):
        assert len(shop.api.pages("/v1/touchpoints", customer=f"visitor:{name}")) == count
        assert len(shop.api.pages("/v1/touchpoints", customer=ids[("one", "two", "three").index(name)])) == count


def test_bad_filters_are_refused(api):
    for query in ({"kind": "wink"}, {"at_from": "today"}, {"customer": "somebody"}, {"colour": "red"}, {"cursor": "x"}, {"limit": 0}):
        api.get("/v1/touchpoints", 400, query=query)


def test_the_table_names_nobody(shop):
    shop.api.post("/v1/touchpoints", {"kind": "visit", "external_id": "nameless", "customer": {"external_id": "name-x", "visitor_id": "name-v", "email": "name-e@example.com",
                                                                                              "name": "Name N", "phone": "name-5550"}})
    row, = shop.sql("SELECT row_to_json(t)::text FROM touchpoints AS t WHERE external_id = 'nameless'")
    assert "name-" not in row[0] and "Name N" not in row[0]
