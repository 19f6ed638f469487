"""Customers: creating, naming, upserting, merging, listing, and who may own an identity."""
import threading

import pytest

from support.client import ref

WHOLE = {"external_id": "whole", "email": "Ada.Lovelace@example.com", "phone": "+44 20 7946 0000", "name": "Ada Lovelace", "country": "GB",
         "acquired_at": "2025-03-01T10:00:00+01:00", "acquisition": {"channel": "search", "source": "google", "campaign": "spring"},
         "interests": ["engines", "poetry"], "consents": {"newsletter": True, "calls": False},
         "attributes": {"shoe size": 38, "nested": {"list": [1, "two", None, {"three": 3.5}]}}, "visitor_id": "v-whole"}
EMPTY = {"email": None, "phone": None, "name": None, "country": None, "acquired_at": None, "referred_by": None,
         "interests": [], "consents": {}, "attributes": {}}


def test_a_customer_comes_back_as_it_was_sent(api):
    answer = api.post("/v1/customers", WHOLE)
    made = answer.json
    expected = {**WHOLE, "acquired_at": "2025-03-01T09:00:00Z"}
    assert {name: made[name] for name in expected} == expected
    assert made["version"] == 1 and made["created_at"] == made["updated_at"] and made["referred_by"] is None
    assert answer.headers["Location"].endswith(f"/v1/customers/{made['id']}") and answer.headers["ETag"]
    got = api.get(f"/v1/customers/{made['id']}")
    assert got.json == made and got.headers["ETag"] == answer.headers["ETag"]


def test_what_was_not_sent_is_null_or_empty(api):
    made = api.post("/v1/customers", {"external_id": "bare"}).json
    assert {name: made[name] for name in EMPTY} == EMPTY
    assert made["identities"] == [{"kind": "external", "value": "bare", "linked": False}]


def test_a_customer_is_found_by_every_kind_of_ref(api):
    made = api.post("/v1/customers", {"external_id": "many/names #1", "email": "Many@Example.com", "visitor_id": "v 1"}).json
    assert {(item["kind"], item["value"].lower()) for item in made["identities"]} == \
        {("external", "many/names #1"), ("email", "many@example.com"), ("visitor", "v 1")}
    for name in (made["id"], ref("email", "many@example.com"), ref("email", "MANY@example.COM"), ref("visitor", "v 1")):
        assert api.get(f"/v1/customers/{name}").json["id"] == made["id"], name


def test_an_external_id_with_an_escaped_slash_is_refused_or_found_but_never_another_path(api):
    answer = api.send("GET", "/v1/customers/external:many%2Fnames")
    assert answer.status in (400, 404)


def test_unknown_refs_are_not_found_and_malformed_ones_are_refused(api):
    for name in ("00000000-0000-7000-8000-000000000000", "external:nobody", "email:nobody@example.com", "visitor:nobody"):
        assert api.get(f"/v1/customers/{name}", 404).code == "not_found"
    for name in ("nobody", "phone:5", "external:", "0000"):
        assert api.get(f"/v1/customers/{name}", (400, 404)).code in ("invalid_parameter", "not_found")


def test_an_email_that_is_none_makes_nobody(api):
    """Neither as a reference nor by a link: an answer would show an `email` that no request may have."""
    assert api.put("/v1/customers/email:nobody.example.com", {}, 400).json["errors"][0]["code"] == "pattern"
    assert api.put("/v1/customers/email:no..body@example.com", {}, 400).json["errors"][0]["code"] == "format"
    order = {"customer": "email:no..body@example.com", "currency": "GBP", "total": 100, "ordered_at": "2026-01-01T00:00:00Z"}
    api.post("/v1/orders", order, 422)
    api.post("/v1/customers", {"external_id": "links-no-email"}, 201)
    path = "/v1/customers/external:links-no-email/identities"
    assert api.post(path, {"kind": "email", "value": "nobody"}, 422).json["errors"] == [
        {"pointer": "#/value", "code": "format", "detail": "must be an e-mail address"}]
    assert api.get(f"{path}/preview?kind=email&value=nobody", 400).json["errors"][0]["parameter"] == "value"


def test_somebody_without_any_identity_is_refused(api):
    assert api.post("/v1/customers", {"name": "Nobody"}, 422).code == "validation_failed"


@pytest.mark.parametrize("field, value", [
    ("external_id", ""), ("external_id", "x" * 201), ("email", "no address"), ("email", "a@" + "b" * 254), ("phone", "5" * 51), ("name", "x" * 201),
    ("country", "gb"), ("country", "GBR"), ("country", "ZZ"), ("acquired_at", "2025-02-30T00:00:00Z"), ("acquired_at", "2025-01-01"),
    ("acquired_at", "2025-06-30T23:59:60Z"), ("acquisition", {"medium": "x"}), ("acquisition", {"channel": ""}), ("interests", ["a", "a"]),
    ("interests", [""]), ("interests", ["x" * 101]), ("interests", [str(number) for number in range(101)]), ("consents", {"topic": "yes"}),
    ("attributes", []), ("attributes", {str(number): 1 for number in range(101)}), ("visitor_id", "x" * 201), ("id", "x"), ("version", 7)])
def test_a_bad_field_is_refused_at_its_place(api, field, value):
    answer = api.post("/v1/customers", {"external_id": "bad field", field: value}, 422)
    assert any(place == f"/{field}" or place.startswith(f"/{field}/") for place in answer.places), answer.json
    api.get("/v1/customers/external:bad%20field", 404)


def test_limits_are_in_characters_not_bytes(api):
    assert api.post("/v1/customers", {"external_id": "long name", "name": "ü" * 200}).json["name"] == "ü" * 200


def test_the_same_customer_again_is_unchanged_and_another_one_a_conflict(api):
    body = {"external_id": "twice", "name": "Twice", "consents": {"a": True, "b": False}}
    first = api.post("/v1/customers", body)
    again = api.post("/v1/customers", {"consents": {"b": False, "a": True}, "name": "Twice", "external_id": "twice"}, 200)
    assert again.json == first.json, "the order of fields means nothing"
    assert api.post("/v1/customers", {**body, "name": "Other"}, 409).code == "fact_conflict"
    assert api.get("/v1/customers/external:twice").json == first.json


def test_an_identity_has_one_owner(api):
    api.post("/v1/customers", {"external_id": "owner", "visitor_id": "v-owned", "email": "owned@example.com"})
    for other in ({"visitor_id": "v-owned"}, {"email": "owned@example.com"}, {"email": "OWNED@example.com"}):
        answer = api.post("/v1/customers", {"external_id": "thief", **other}, 409)
        assert answer.code == "identity_conflict"
        api.get("/v1/customers/external:thief", 404)
    api.post("/v1/customers", {"external_id": "honest"})
    assert api.patch("/v1/customers/external:honest", {"visitor_id": "v-owned"}, 409).code == "identity_conflict"


# PUT ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, value, field", [("external", "put-1", "external_id"), ("email", "put-2@example.com", "email"), ("visitor", "put-3", "visitor_id")])
def test_put_creates_then_replaces(api, kind, value, field):
    path = f"/v1/customers/{ref(kind, value)}"
    made = api.put(path, {"name": "First", "country": "DE"}, 201).json
    assert made[field] == value and made["name"] == "First"
    same = api.put(path, {"name": "First", "country": "DE"}, 200).json
    assert same["id"] == made["id"]
    replaced = api.put(path, {"name": "Second"}, 200).json
    assert (replaced["id"], replaced["name"], replaced["country"], replaced[field]) == (made["id"], "Second", None, value)
    assert replaced["version"] > made["version"] and replaced["created_at"] == made["created_at"]


def test_put_by_id_replaces_and_creates_nobody(api):
    made = api.post("/v1/customers", {"external_id": "by id", "name": "Before"}).json
    assert api.put(f"/v1/customers/{made['id']}", {"external_id": "by id", "name": "After"}, 200).json["name"] == "After"
    api.put("/v1/customers/00000000-0000-7000-8000-000000000000", {"external_id": "x"}, 404)


def test_many_puts_of_one_new_customer_at_once_make_one(shop):
    statuses, barrier = [], threading.Barrier(12)

    def put(number):
        client = shop.client()
        barrier.wait()
        statuses.append(client.put("/v1/customers/external:race", {"name": f"runner {number}"}, (200, 201, 409)).status)
    threads = [threading.Thread(target=put, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 12 and statuses.count(201) == 1
    assert len(shop.api.pages("/v1/customers", external_id="race")) == 1


# PATCH -------------------------------------------------------------------------------------------

def test_patch_merges_and_null_deletes(api):
    api.post("/v1/customers", {**WHOLE, "external_id": "patched", "email": "patched@example.com", "visitor_id": "v-patched"})
    path = "/v1/customers/external:patched"
    changed = api.patch(path, {"name": None, "country": "FR", "consents": {"calls": None, "post": True}, "interests": ["new"],
                               "attributes": {"shoe size": None, "nested": {"more": 1}}}).json
    assert (changed["name"], changed["country"], changed["interests"]) == (None, "FR", ["new"])
    assert changed["consents"] == {"newsletter": True, "post": True}
    assert changed["attributes"] == {"nested": {"list": [1, "two", None, {"three": 3.5}], "more": 1}}
    assert changed["phone"] == WHOLE["phone"] and changed["version"] == 2
    assert api.get(path).json == changed


def test_patch_adds_an_identity_that_then_names_the_customer(api):
    made = api.post("/v1/customers", {"external_id": "grows"}).json
    api.patch("/v1/customers/external:grows", {"email": "grows@example.com"})
    assert api.get("/v1/customers/email:grows@example.com").json["id"] == made["id"]


def test_patch_takes_nobody_that_is_not_there_and_no_bad_field(api):
    api.patch("/v1/customers/external:not%20there", {"name": "x"}, 404)
    api.post("/v1/customers", {"external_id": "stays"})
    assert "/country" in api.patch("/v1/customers/external:stays", {"country": "france"}, 422).places
    assert "/colour" in api.patch("/v1/customers/external:stays", {"colour": 1}, 422).places


def test_if_match_guards_against_lost_updates(api):
    made = api.post("/v1/customers", {"external_id": "guarded", "name": "One"})
    path = "/v1/customers/external:guarded"
    second = api.patch(path, {"name": "Two"}, headers={"If-Match": made.headers["ETag"]})
    assert second.headers["ETag"] != made.headers["ETag"]
    for method in (api.patch, api.put):
        stale = method(path, {"name": "Three"}, 412, headers={"If-Match": made.headers["ETag"]})
        assert stale.code == "precondition_failed"
    assert api.get(path).json["name"] == "Two"
    api.patch(path, {"name": "Four"}, headers={"If-Match": f'"other", {second.headers["ETag"]}'})
    api.patch(path, {"name": "Five"}, headers={"If-Match": "*"})
    api.patch("/v1/customers/external:nobody%20at%20all", {"name": "x"}, (404, 412), headers={"If-Match": "*"})


def test_of_many_guarded_patches_exactly_one_wins_each_version(shop):
    made = shop.api.post("/v1/customers", {"external_id": "contended"})
    statuses, barrier = [], threading.Barrier(10)

    def patch(number):
        client = shop.client()
        barrier.wait()
        statuses.append(client.patch("/v1/customers/external:contended", {"name": f"n{number}"}, (200, 412),
                                     headers={"If-Match": made.headers["ETag"]}).status)
    threads = [threading.Thread(target=patch, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 9
    assert shop.api.get("/v1/customers/external:contended").json["version"] == 2


def test_if_none_match_gives_304(api):
    made = api.post("/v1/customers", {"external_id": "unchanged"})
    answer = api.get("/v1/customers/external:unchanged", 304, headers={"If-None-Match": made.headers["ETag"]})
    assert answer.headers["ETag"] == made.headers["ETag"] and answer.body == b""


# referred_by -------------------------------------------------------------------------------------

def test_referred_by_takes_any_ref_and_answers_an_id(api):
    friend = api.post("/v1/customers", {"external_id": "friend", "email": "friend@example.com"}).json
    for number, name in enumerate(("external:friend", "email:friend@example.com", friend["id"])):
        assert api.post("/v1/customers", {"external_id": f"referred {number}", "referred_by": name}).json["referred_by"] == friend["id"]
    assert api.post("/v1/customers", {"external_id": "orphan", "referred_by": "external:no friend"}, 422).code == "unknown_reference"


# lists -------------------------------------------------------------------------------------------

def test_pages_hold_every_customer_exactly_once(new_shop):
    shop = new_shop()
    made = {shop.customer()["id"] for _ in range(23)}
    for limit in (1, 7, 23, 1000):
        found = [item["id"] for item in shop.api.pages("/v1/customers", limit=limit)]
        assert len(found) == 23 and set(found) == made, limit


def test_pages_stay_whole_while_customers_come_in(new_shop):
    shop = new_shop()
    before = {shop.customer()["id"] for _ in range(20)}
    page = shop.api.get("/v1/customers", query={"limit": 5}).json
    found = [item["id"] for item in page["items"]]
    while page["next"]:
        shop.customer()
        page = shop.api.get("/v1/customers", query={"limit": 5, "cursor": page["next"]}).json
        found += [item["id"] for item in page["items"]]
        if len(found) > 200:
            break
    assert len(found) == len(set(found)) and before <= set(found)


def test_filters(new_shop):
    shop = new_shop()
    one = shop.customer("one", email="one@example.com")
    two = shop.customer("two", email="two@example.com")

    def listed(**query):
        return {item["id"] for item in shop.api.pages("/v1/customers", **query)}
    assert listed(external_id="one") == {one["id"]}
    assert listed(email="TWO@example.com") == {two["id"]}
    assert listed(email="nobody@example.com") == set()
    assert listed(created_from=one["created_at"]) == {one["id"], two["id"]}
    assert one["id"] not in listed(created_to=one["created_at"]), "half-open"
    assert listed(created_from="2100-01-01T00:00:00Z") == set()


def test_a_bad_cursor_or_limit_is_refused(api):
    for query in ({"cursor": "nonsense"}, {"cursor": ""}, {"limit": 0}, {"limit": 1001}, {"limit": "ten"}, {"cursor": "A" * 500}):
        assert api.get("/v1/customers", 400, query=query).code == "invalid_parameter", query
