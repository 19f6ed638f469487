"""What social platforms report by the day: PUT replaces, a later PUT wins."""
import threading

import pytest

DAY = {"followers": 1000, "reactions": 40, "comments": 5, "shares": 2, "likes": 30}
NOTHING = dict.fromkeys(DAY)


def test_a_day_is_put_once_and_then_replaced(api):
    path = "/v1/social/instagram/days/2026-03-01"
    answer = api.put(path, DAY, 201)
    made = answer.json
    assert answer.headers["Location"] == path
    assert {**DAY, "platform": "instagram", "date": "2026-03-01"} == {name: made[name] for name in made if name not in ("id", "updated_at")}
    assert api.get(path).json == made
    replaced = api.put(path, {"likes": 0}, 200).json
    assert replaced == {**made, **NOTHING, "likes": 0, "updated_at": replaced["updated_at"]} and replaced["updated_at"] > made["updated_at"]
    assert api.get(path).json == replaced
    assert {name: api.put(path, {}, 200).json[name] for name in DAY} == NOTHING


def test_platforms_and_days_are_apart(api):
    for platform in ("a", "b"):
        for day in ("2026-04-01", "2026-04-02"):
            api.put(f"/v1/social/{platform}/days/{day}", {"followers": len(platform + day) + ord(platform)}, 201)
    assert len(api.pages("/v1/social/a/days")) == 2
    api.get("/v1/social/a/days/2026-04-03", 404)
    api.get("/v1/social/c/days/2026-04-01", 404)
    assert api.pages("/v1/social/c/days") == []


@pytest.mark.parametrize("body, place", [({"followers": -1}, "/followers"), ({"likes": 1.5}, "/likes"), ({"shares": "2"}, "/shares"), ({"views": 5}, "/views"), ({"comments": None}, "/comments"),
                                         ({"platform": "x"}, "/platform")])
def test_a_bad_day_is_refused(api, body, place):
    assert place in api.put("/v1/social/x/days/2026-05-01", body, 422).places
    api.get("/v1/social/x/days/2026-05-01", 404)


@pytest.mark.parametrize("platform, day", [("Instagram", "2026-01-01"), ("a" * 41, "2026-01-01"), ("a.b", "2026-01-01"), ("ok", "2026-02-30"), ("ok", "today")])
def test_platform_and_day_have_their_form(api, platform, day):
    assert api.put(f"/v1/social/{platform}/days/{day}", DAY, 400).code == "invalid_parameter"


def test_the_longest_name_of_a_platform_is_taken(api):
    assert api.put(f"/v1/social/{'a-_9' * 10}/days/2026-01-01", DAY, 201).json["platform"] == "a-_9" * 10


def test_days_are_listed_by_date(new_shop):
    shop = new_shop()
    for day in range(1, 8):
        shop.api.put(f"/v1/social/tube/days/2026-04-{day:02}", {"followers": day})
    shop.api.put("/v1/social/other/days/2026-04-03", {"followers": 99})
    found = shop.api.pages("/v1/social/tube/days", limit=2, **{"from": "2026-04-02", "to": "2026-04-06"})
    assert [item["followers"] for item in found] == [5, 4, 3, 2], "half-open, newest first"
    assert len(shop.api.pages("/v1/social/tube/days", limit=3)) == 7
    shop.api.get("/v1/social/tube/days", 400, query={"from": "April"})


def test_many_days_at_once(new_shop):
    shop = new_shop()
    items = [{"platform": f"p{number % 3}", "date": f"2026-01-{number // 3 + 1:02}", "followers": number} for number in range(60)]
    items += [{"platform": "p0", "date": "2026-02-30"}, {"platform": "P0", "date": "2026-01-01"}, {"date": "2026-01-01"},
              {"platform": "p0", "date": "2026-01-01", "likes": 1}, {"platform": "p0", "date": "2026-01-01", "likes": 2}, {"platform": "new", "date": "2026-01-01", "likes": 1},
              {"platform": "new", "date": "2026-01-01", "likes": 2}, {"platform": "new", "date": "2026-01-01", "likes": 3}]
    answer = shop.api.post("/v1/social/batch", items, 200).json
    assert [line["status"] for line in answer["results"]] == [201] * 60 + [422] * 3 + [200, 200, 201, 200, 200]
    assert (answer["created"], answer["unchanged"], answer["failed"]) == (61, 4, 3)
    first = shop.api.get("/v1/social/p0/days/2026-01-01").json
    assert (first["followers"], first["likes"]) == (None, 2), "the last one of a day stands"
    assert first["id"] == answer["results"][0]["id"] == answer["results"][64]["id"]
    assert shop.api.get("/v1/social/new/days/2026-01-01").json["likes"] == 3
    assert shop.sql("SELECT count(*) FROM social_days") == [(61,)]


def test_one_day_from_many_threads_at_once_is_one_day(shop):
    barrier, statuses = threading.Barrier(12), []

    def put(number):
        client = shop.client()
        barrier.wait()
        statuses.append(client.put("/v1/social/busy/days/2026-01-01", {"likes": number}).status)
    running = [threading.Thread(target=put, args=(number,)) for number in range(12)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert sorted(statuses) == [200] * 11 + [201] and len(shop.api.pages("/v1/social/busy/days")) == 1


def test_a_put_is_never_replayed(api):
    """It says how things are from now on: the answer of an earlier one would hide what came in between."""
    path, key = "/v1/social/keyed/days/2026-01-01", {"Idempotency-Key": "put"}
    api.put(path, {"likes": 1}, 201, headers=key)
    api.put(path, {"likes": 2}, 200)
    again = api.put(path, {"likes": 1}, 200, headers=key)
    assert again.json["likes"] == 1 and "Idempotent-Replayed" not in again.headers and api.get(path).json["likes"] == 1


def test_an_unchanged_day_costs_a_304(api):
    path = "/v1/social/tagged/days/2026-01-01"
    api.put(path, DAY)
    tag = api.get(path).headers["ETag"]
    api.get(path, 304, headers={"If-None-Match": tag})
    api.put(path, {"likes": 1})
    api.get(path, 200, headers={"If-None-Match": tag})
