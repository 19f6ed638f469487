"""The loyalty programme: joining, leaving, and points that move the balance."""
import threading

import pytest

AT = "2026-01-15T12:00:00Z"
MEMBER = {"customer": {"external_id": "member"}, "joined_at": AT}
POINTS = {"customer": {"external_id": "member"}, "kind": "earned", "points": 100, "at": AT}
MEMBERS, MOVEMENTS = "/v1/loyalty/members", "/v1/loyalty/points"


# members -----------------------------------------------------------------------------------------

def test_a_membership_comes_back_whole(shop):
    body = {**MEMBER, "external_id": "card-1", "program": "Club", "tier": "gold", "left_at": "2026-02-15T13:00:00+01:00"}
    answer = shop.api.post(MEMBERS, body)
    made = answer.json
    customer = shop.api.get("/v1/customers/external:member").json["id"]
    assert made == {"id": made["id"], "external_id": "card-1", "customer_id": customer, "program": "Club", "tier": "gold", "joined_at": AT, "left_at": "2026-02-15T12:00:00Z",
                    "version": 1, "created_at": made["created_at"], "updated_at": made["created_at"]}
    assert answer.headers["Location"] == f"{MEMBERS}/{made['id']}" and answer.headers["ETag"] == '"1"'
    read = shop.api.get(f"{MEMBERS}/{made['id']}")
    assert read.json == shop.api.get(f"{MEMBERS}/external:card-1").json == made and read.headers["ETag"] == '"1"'
    shop.api.get(f"{MEMBERS}/external:nothing", 404)
    short = shop.api.post(MEMBERS, {"customer": "external:member"}).json
    assert [short[name] for name in ("external_id", "program", "tier", "left_at")] == [None] * 4
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", short["joined_at"])[0][0] < 60


def test_the_same_membership_again_is_200_also_after_leaving(api):
    body = {**MEMBER, "external_id": "again", "tier": "gold"}
    first = api.post(MEMBERS, body).json
    assert api.post(MEMBERS, body, 200).json == first
    left = api.post(f"{MEMBERS}/external:again/leave", {"left_at": "2026-03-01T00:00:00Z"}, 200).json
    assert api.post(MEMBERS, body, 200).json == left
    for change in ({"tier": "silver"}, {"joined_at": "2026-01-16T12:00:00Z"}, {"left_at": "2026-03-01T00:00:00Z"}, {"customer": {"external_id": "other"}}):
        assert api.post(MEMBERS, {**body, **change}, 409).code == "fact_conflict", change


@pytest.mark.parametrize("fields, place", [
    ({"left_at": "2026-01-15T11:59:59Z"}, "/left_at"), ({"left_at": None}, "/left_at"), ({"joined_at": "2026-01-15"}, "/joined_at"), ({"tier": ""}, "/tier"),
    ({"program": "x" * 101}, "/program"), ({"points": 5}, "/points"), ({"customer": "external:nobody"}, "/customer"), ({"customer": 5}, "/customer"),
])
def test_a_bad_membership_is_refused_at_its_place(api, fields, place):
    answer = api.post(MEMBERS, {**MEMBER, "external_id": "bad", **fields}, 422)
    assert any(found.startswith(place) for found in answer.places), answer.places
    api.get(f"{MEMBERS}/external:bad", 404)


def test_leaving_has_a_date_and_happens_once(api):
    made = api.post(MEMBERS, {**MEMBER, "external_id": "leaver"})
    path, leave = f"{MEMBERS}/external:leaver", f"{MEMBERS}/external:leaver/leave"
    assert api.post(leave, {"left_at": "2026-01-15T11:59:59Z"}, 422).places == {"/left_at"}, "nobody leaves before they join"
    answer = api.post(leave, {"left_at": "2026-04-01T02:00:00+02:00"}, 200)
    assert answer.json == {**made.json, "left_at": "2026-04-01T00:00:00Z", "version": 2, "updated_at": answer.json["updated_at"]}
    assert answer.headers["ETag"] == '"2"' and api.get(path).json == answer.json
    api.get(path, 304, headers={"If-None-Match": '"2"'})
    api.get(path, headers={"If-None-Match": made.headers["ETag"]})
    for body in ({"left_at": "2026-04-01T00:00:00Z"}, {}, None):
        assert api.post(leave, body, 200).json == answer.json, body
    for at in ("2026-04-02T00:00:00Z", "2026-01-01T00:00:00Z"):
        conflict = api.post(leave, {"left_at": at}, 409)
        assert conflict.code == "fact_conflict" and conflict.places == {"/left_at"}
    assert api.get(path).json == answer.json
    assert api.post(leave, {"reason": "moved"}, 422).places == {"/reason"}
    api.post(f"{MEMBERS}/external:nothing/leave", {}, 404)


def test_who_leaves_without_a_date_leaves_now(shop):
    made = shop.api.post(MEMBERS, MEMBER).json
    left = shop.api.post(f"{MEMBERS}/{made['id']}/leave", None, 200).json["left_at"]
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", left)[0][0] < 60
    ahead = shop.api.post(MEMBERS, {**MEMBER, "joined_at": "2999-01-01T00:00:00Z"}).json
    assert shop.api.post(f"{MEMBERS}/{ahead['id']}/leave", {}, 422).places == {"/left_at"}
    whole = shop.api.post(MEMBERS, {**MEMBER, "left_at": AT}).json
    assert whole["left_at"] == whole["joined_at"], "dates without a time may be the same"
    assert shop.api.post(f"{MEMBERS}/{whole['id']}/leave", {}, 200).json == whole


def test_leaving_under_an_idempotency_key_answers_the_same(api):
    made = api.post(MEMBERS, MEMBER).json
    key = {"Idempotency-Key": "leave-once"}
    first = api.post(f"{MEMBERS}/{made['id']}/leave", {}, 200, headers=key)
    again = api.post(f"{MEMBERS}/{made['id']}/leave", {}, 200, headers=key)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"


def test_many_who_leave_at_once_leave_once(shop):
    made = shop.api.post(MEMBERS, MEMBER).json
    statuses, barrier = [], threading.Barrier(8)

    def leave(number):
        client = shop.client()
        barrier.wait()
        statuses.append(client.post(f"{MEMBERS}/{made['id']}/leave", {"left_at": f"2026-05-0{number % 2 + 1}T00:00:00Z"}, (200, 409)).status)
    threads = [threading.Thread(target=leave, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 4 + [409] * 4
    assert shop.api.get(f"{MEMBERS}/{made['id']}").json["version"] == 2


def test_a_batch_of_memberships_keeps_the_good_ones(new_shop):
    shop = new_shop()
    items = [{**MEMBER, "external_id": f"m{number}", "customer": {"external_id": f"c{number}"}} for number in range(3)]
    items[1]["left_at"] = "2026-01-01T00:00:00Z"
    for expected in ((2, 0, [201, 422, 201]), (0, 2, [200, 422, 200])):
        answer = shop.api.post(f"{MEMBERS}/batch", items, 200).json
        assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == expected
    assert answer["results"][1]["problem"]["errors"][0]["pointer"] == "#/left_at"
    assert shop.batch(MEMBERS, [{**MEMBER, "external_id": f"n{number}"} for number in range(200)]) == {"created": 200, "unchanged": 0}


def test_memberships_are_listed_by_customer_and_time(new_shop):
    shop = new_shop()
    ids = [shop.api.post(MEMBERS, {"customer": {"external_id": f"c{number % 2}"}, "joined_at": f"2026-01-0{number + 1}T12:00:00Z"}).json["id"] for number in range(6)]

    def listed(**query):
        return [ids.index(item["id"]) for item in shop.api.pages(MEMBERS, limit=2, **query)]
    assert listed() == [5, 4, 3, 2, 1, 0] and listed(customer="external:c1") == [5, 3, 1]
    assert listed(joined_from="2026-01-02T12:00:00Z", joined_to="2026-01-05T12:00:00Z") == [3, 2, 1], "half-open"


# points ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, points, change", [("earned", 120, 120), ("redeemed", 50, -50), ("expired", 7, -7), ("adjusted", 3, 3), ("adjusted", -3, -3),
                                                  ("earned", 9007199254740991, 9007199254740991), ("expired", 9007199254740991, -9007199254740991)])
def test_points_move_the_balance_as_their_kind_says(shop, kind, points, change):
    made = shop.api.post(MOVEMENTS, {**POINTS, "kind": kind, "points": points}).json
    assert (made["kind"], made["points"], made["balance_change"]) == (kind, points, change)
    assert shop.api.get(f"{MOVEMENTS}/{made['id']}").json == made
    assert shop.sql("SELECT points FROM loyalty_points WHERE points_id = %s", made["id"])[0][0] == change, "stored as the balance moves"


def test_a_movement_comes_back_whole(shop):
    order = shop.order({"external_id": "member"}, AT, 100, external_id="order with points")
    body = {**POINTS, "external_id": "p-1", "order": "external:order with points", "at": "2026-01-15T13:00:00+01:00"}
    answer = shop.api.post(MOVEMENTS, body)
    made = answer.json
    assert made == {"id": made["id"], "external_id": "p-1", "customer_id": order["customer_id"], "kind": "earned", "points": 100, "balance_change": 100,
                    "order_id": order["id"], "at": AT, "created_at": made["created_at"]}
    assert answer.headers["Location"] == f"{MOVEMENTS}/{made['id']}" and shop.api.get(f"{MOVEMENTS}/external:p-1").json == made
    assert shop.api.post(MOVEMENTS, body, 200).json == made
    for change in ({"points": 101}, {"kind": "redeemed"}, {"at": "2026-01-15T12:00:01Z"}):
        assert shop.api.post(MOVEMENTS, {**body, **change}, 409).code == "fact_conflict", change
    del body["order"]
    shop.api.post(MOVEMENTS, body, 409)
    now = shop.api.post(MOVEMENTS, {"customer": "external:member", "kind": "earned", "points": 1}).json["at"]
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", now)[0][0] < 60
    shop.api.get(f"{MOVEMENTS}/external:nothing", 404)


@pytest.mark.parametrize("fields, place", [
    ({"points": 0}, "/points"), ({"points": -1}, "/points"), ({"kind": "redeemed", "points": -1}, "/points"), ({"kind": "expired", "points": 0}, "/points"),
    ({"kind": "adjusted", "points": 0}, "/points"), ({"points": 1.5}, "/points"), ({"points": 9007199254740992}, "/points"), ({"kind": "given"}, "/kind"), ({"kind": None}, "/kind"),
    ({"order": "external:nothing"}, "/order"), ({"customer": "external:nobody"}, "/customer"), ({"at": "2026-02-30T00:00:00Z"}, "/at"), ({"balance_change": 5}, "/balance_change"),
])
def test_a_bad_movement_is_refused_at_its_place(api, fields, place):
    answer = api.post(MOVEMENTS, {**POINTS, "external_id": "bad", **fields}, 422)
    assert any(found.startswith(place) for found in answer.places), answer.places
    api.get(f"{MOVEMENTS}/external:bad", 404)


def test_a_batch_of_movements_keeps_the_good_ones(new_shop):
    shop = new_shop()
    items = [{**POINTS, "external_id": f"p{number}"} for number in range(3)]
    items[1]["kind"] = "adjusted"
    items[1]["points"] = 0
    for expected in ((2, 0, [201, 422, 201]), (0, 2, [200, 422, 200])):
        answer = shop.api.post(f"{MOVEMENTS}/batch", items, 200).json
        assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == expected
    assert answer["results"][1]["problem"]["errors"][0]["pointer"] == "#/points"
    assert shop.batch(MOVEMENTS, [{**POINTS, "external_id": f"n{number}", "kind": "redeemed", "points": number + 1} for number in range(200)]) == {"created": 200, "unchanged": 0}
    assert shop.sql("SELECT sum(points) FROM loyalty_points")[0][0] == 200 - 200 * 201 // 2


def test_movements_are_listed_by_customer_and_time(new_shop):
    shop = new_shop()
    ids = [shop.api.post(MOVEMENTS, {**POINTS, "customer": {"external_id": f"c{number % 2}"}, "at": f"2026-01-0{number + 1}T12:00:00Z"}).json["id"] for number in range(6)]

    def listed(**query):
        return [ids.index(item["id"]) for item in shop.api.pages(MOVEMENTS, limit=2, **query)]
    assert listed() == [5, 4, 3, 2, 1, 0] and listed(customer="external:c1") == [5, 3, 1]
    assert listed(at_from="2026-01-02T12:00:00Z", at_to="2026-01-05T12:00:00Z") == [3, 2, 1], "half-open"
