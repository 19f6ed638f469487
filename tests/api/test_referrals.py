"""Referrals: who brought whom, nobody themselves, the same one again, batches, lists."""
import pytest

AT = "2026-01-15T12:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def _people(shop):
    for name in ("ann", "ben", "cleo"):
        shop.customer(name, email=f"{name}@example.com")


def _id(api, name):
    return api.get(f"/v1/customers/external:{name}").json["id"]


def test_every_field_comes_back(api):
    body = {"external_id": "full", "referrer": "external:ann", "customer": "email:BEN@example.com", "channel": "link", "referred_at": "2026-01-15T13:00:00+01:00"}
    answer = api.post("/v1/referrals", body)
    made = answer.json
    assert made == {"id": made["id"], "external_id": "full", "referrer_id": _id(api, "ann"), "customer_id": _id(api, "ben"), "channel": "link", "referred_at": AT,
                    "created_at": made["created_at"]}
    assert answer.headers["Location"] == f"/v1/referrals/{made['id']}"
    assert api.get(f"/v1/referrals/{made['id']}").json == api.get("/v1/referrals/external:full").json == made
    api.get("/v1/referrals/external:nothing", 404)


def test_who_came_may_be_new_and_who_referred_must_be_known(shop):
    api = shop.api
    made = api.post("/v1/referrals", {"referrer": _id(api, "ann"), "customer": {"external_id": "dan", "email": "dan@example.com"}}).json
    assert made["customer_id"] == api.get("/v1/customers/email:dan@example.com").json["id"] and made["channel"] is None
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", made["referred_at"])[0][0] < 60
    answer = api.post("/v1/referrals", {"referrer": "external:nobody", "customer": {"external_id": "eve"}}, 422)
    assert answer.code == "unknown_reference" and answer.places == {"/referrer"}
    api.get("/v1/customers/external:eve", 404)
    answer = api.post("/v1/referrals", {"referrer": "external:ann", "customer": "external:nobody"}, 422)
    assert answer.code == "unknown_reference" and answer.places == {"/customer"}


def test_nobody_refers_themselves(api):
    for customer in ("external:ann", "email:ann@example.com", {"email": "Ann@Example.com"}, {"external_id": "ann", "name": "Ann"}, _id(api, "ann")):
        answer = api.post("/v1/referrals", {"external_id": "oneself", "referrer": "email:ann@example.com", "customer": customer}, 422)
        assert answer.code == "validation_failed" and answer.places == {"/referrer"}, customer
    api.get("/v1/referrals/external:oneself", 404)


def test_the_same_referral_again_is_200_with_the_first_answer(api):
    body = {"external_id": "again", "referrer": "external:ann", "customer": "external:ben", "referred_at": AT}
    first = api.post("/v1/referrals", body).json
    assert api.post("/v1/referrals", {**body, "referrer": "email:ann@example.com"}, 200).json == first
    for change in ({"referrer": "external:cleo"}, {"customer": "external:cleo"}, {"channel": "card"}, {"referred_at": "2026-01-16T12:00:00Z"}):
        assert api.post("/v1/referrals", {**body, **change}, 409).code == "fact_conflict", change
    assert api.get("/v1/referrals/external:again").json == first


@pytest.mark.parametrize("fields, place", [
    ({"referrer": {"external_id": "ann"}}, "/referrer"), ({"referrer": "ann"}, "/referrer"), ({"referrer": None}, "/referrer"), ({"customer": "ben"}, "/customer"),
    ({"channel": ""}, "/channel"), ({"referred_at": "yesterday"}, "/referred_at"), ({"reward": 5}, "/reward"),
])
def test_bad_values_are_refused_at_their_place(api, fields, place):
    answer = api.post("/v1/referrals", {"referrer": "external:ann", "customer": "external:ben", **fields}, 422)
    assert any(found.startswith(place) for found in answer.places), answer.places
    assert api.post("/v1/referrals", {}, 422).places == {"/referrer", "/customer"}


def test_a_batch_keeps_the_good_ones(new_shop):
    shop = new_shop()
    shop.customer("ann")
    items = [{"external_id": f"r{number}", "referrer": "external:ann", "customer": {"external_id": f"c{number}"}, "referred_at": AT} for number in range(4)]
    items[0]["customer"] = "external:ann"
    items[2]["referrer"] = "external:nobody"
    for expected in ((2, 0, [422, 201, 422, 201]), (0, 2, [422, 200, 422, 200])):
        answer = shop.api.post("/v1/referrals/batch", items, 200).json
        assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == expected
    assert [line["problem"]["code"] for line in answer["results"] if "problem" in line] == ["validation_failed", "unknown_reference"]
    many = [{"external_id": f"n{number}", "referrer": "external:ann", "customer": {"external_id": f"c{number % 70}"}, "referred_at": AT} for number in range(300)]
    assert shop.batch("/v1/referrals", many) == {"created": 300, "unchanged": 0}
    assert shop.batch("/v1/referrals", many) == {"created": 0, "unchanged": 300}


def test_referrals_are_listed_by_both_sides_and_time(new_shop):
    shop = new_shop()
    shop.customer("r0")
    shop.customer("r1")
    ids = [shop.api.post("/v1/referrals", {"referrer": f"external:r{number % 2}", "customer": {"external_id": f"c{number % 3}"}, "referred_at": f"2026-01-0{number + 1}T12:00:00Z"}).json["id"]
           for number in range(8)]

    def listed(**query):
        return [ids.index(item["id"]) for item in shop.api.pages("/v1/referrals", limit=3, **query)]
    assert listed() == [7, 6, 5, 4, 3, 2, 1, 0], "newest first"
    assert listed(referrer="external:r1") == [7, 5, 3, 1] and listed(customer="external:c2") == [5, 2]
    assert listed(customer="external:r1") == [] and listed(referrer="external:c1") == []
    assert listed(referrer="external:r0", customer="external:c0") == [6, 0]
    assert listed(referred_from="2026-01-03T12:00:00Z", referred_to="2026-01-06T12:00:00Z") == [4, 3, 2], "half-open"
