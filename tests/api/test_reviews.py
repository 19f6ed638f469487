"""Reviews: what comes back, what is refused, the same one again, batches, lists."""
import pytest

AT = "2026-01-15T12:00:00Z"
BASE = {"customer": {"external_id": "reviewer"}, "rating": 4, "reviewed_at": AT}


def test_every_field_comes_back(shop):
    order = shop.order({"external_id": "reviewer"}, AT, 100, external_id="reviewed order")
    body = {**BASE, "external_id": "full", "order": "external:reviewed order", "sku": "S-1", "title": "Good \u2013 fast", "text": "It came\nin a day.",
            "reviewed_at": "2026-01-15T13:00:00.25+01:00"}
    answer = shop.api.post("/v1/reviews", body)
    made = answer.json
    assert {**{name: body[name] for name in ("external_id", "sku", "rating", "title", "text")}, "reviewed_at": "2026-01-15T12:00:00.250000Z",
            "customer_id": order["customer_id"], "order_id": order["id"], "id": made["id"], "created_at": made["created_at"]} == made
    assert answer.headers["Location"] == f"/v1/reviews/{made['id']}"
    read = shop.api.get(f"/v1/reviews/{made['id']}")
    assert read.json == shop.api.get("/v1/reviews/external:full").json == made
    shop.api.get(f"/v1/reviews/{made['id']}", 304, headers={"If-None-Match": read.headers["ETag"]})
    assert shop.api.get("/v1/reviews/external:nothing", 404).code == "not_found"


def test_only_a_customer_and_a_rating_are_needed(shop):
    made = shop.api.post("/v1/reviews", {"customer": {"email": "short@example.com"}, "rating": 1}).json
    assert [made[name] for name in ("external_id", "order_id", "sku", "title", "text")] == [None] * 5
    assert shop.api.get("/v1/customers/email:short@example.com").json["id"] == made["customer_id"]
    seconds = shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", made["reviewed_at"])[0][0]
    assert -5 < seconds < 60, "without reviewed_at it is of now"


def test_the_same_review_again_is_200_with_the_first_answer(api):
    body = {**BASE, "external_id": "again", "title": "Fine"}
    first = api.post("/v1/reviews", body).json
    assert api.post("/v1/reviews", {**body, "customer": "external:reviewer"}, 200).json == first
    for change in ({"rating": 3}, {"title": "Fine."}, {"text": "More"}, {"sku": "S"}, {"reviewed_at": "2026-01-15T12:00:01Z"}, {"customer": {"external_id": "somebody else"}}):
        assert api.post("/v1/reviews", {**body, **change}, 409).code == "fact_conflict", change
    assert api.get("/v1/reviews/external:again").json == first


def test_a_review_of_now_can_be_sent_again_later(api):
    body = {"customer": {"external_id": "reviewer"}, "rating": 5, "external_id": "of now"}
    first = api.post("/v1/reviews", body).json
    assert api.post("/v1/reviews", body, 200).json == first


def test_an_idempotency_key_gives_the_first_answer_again(api):
    key = {"Idempotency-Key": "one-review"}
    first = api.post("/v1/reviews", BASE, headers=key)
    again = api.post("/v1/reviews", BASE, headers=key)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true" and again.headers["Location"] == first.headers["Location"]
    assert api.post("/v1/reviews", {**BASE, "rating": 1}, 422, headers=key).code == "idempotency_mismatch"


@pytest.mark.parametrize("fields, place", [
    ({"rating": 0}, "/rating"), ({"rating": 6}, "/rating"), ({"rating": 4.5}, "/rating"), ({"rating": "5"}, "/rating"), ({"rating": None}, "/rating"),
    ({"title": ""}, "/title"), ({"title": "x" * 201}, "/title"), ({"text": "x" * 5001}, "/text"), ({"sku": ""}, "/sku"), ({"reviewed_at": "2026-01-15"}, "/reviewed_at"),
    ({"stars": 5}, "/stars"), ({"order": "external:nothing"}, "/order"), ({"order": "nonsense"}, "/order"), ({"customer": "external:nobody"}, "/customer"),
    ({"customer": {}}, "/customer"),
])
def test_bad_values_are_refused_at_their_place(api, fields, place):
    answer = api.post("/v1/reviews", {**BASE, "external_id": "bad", **fields}, 422)
    assert any(found.startswith(place) for found in answer.places), answer.places
    api.get("/v1/reviews/external:bad", 404)


def test_what_is_missing_is_said(api):
    assert api.post("/v1/reviews", {}, 422).places == {"/customer", "/rating"}


def test_a_batch_keeps_the_good_ones(new_shop):
    shop = new_shop()
    items = [{**BASE, "external_id": f"r{number}", "customer": {"external_id": f"c{number % 2}"}} for number in range(4)]
    items[1]["rating"] = 9
    items[2]["order"] = "external:nothing"
    for expected in ((2, 0, [201, 422, 422, 201]), (0, 2, [200, 422, 422, 200])):
        answer = shop.api.post("/v1/reviews/batch", items, 200).json
        assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == expected
    assert [line["problem"]["errors"][0]["pointer"] for line in answer["results"] if "problem" in line] == ["#/rating", "#/order"]
    assert answer["results"][2]["problem"]["code"] == "unknown_reference"
    many = [{**BASE, "external_id": f"n{number}"} for number in range(300)]
    assert shop.batch("/v1/reviews", many) == {"created": 300, "unchanged": 0}
    assert shop.batch("/v1/reviews", many, ndjson=False) == {"created": 0, "unchanged": 300}


def test_reviews_are_listed_by_customer_rating_and_time(new_shop):
    shop = new_shop()
    ids = [shop.api.post("/v1/reviews", {"customer": {"external_id": f"c{number % 2}"}, "rating": number % 3 + 1, "reviewed_at": f"2026-01-0{number + 1}T12:00:00Z"}).json["id"]
           for number in range(8)]

    def listed(**query):
        return [ids.index(item["id"]) for item in shop.api.pages("/v1/reviews", limit=3, **query)]
    assert listed() == [7, 6, 5, 4, 3, 2, 1, 0], "newest first"
    assert listed(customer="external:c1") == [7, 5, 3, 1] and listed(customer="external:nobody") == []
    assert listed(rating=1) == [6, 3, 0]
    assert listed(reviewed_from="2026-01-03T12:00:00Z", reviewed_to="2026-01-06T12:00:00Z") == [4, 3, 2], "half-open"
    assert listed(customer="external:c0", rating=2, reviewed_from="2026-01-02T00:00:00Z") == [4]
    assert shop.api.get("/v1/reviews", 400, query={"rating": 6}).code == "invalid_parameter"
