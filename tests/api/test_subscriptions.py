"""Subscriptions: due dates on the shop's calendar, renewals and cancelling in any order, batches, lists."""
import itertools
import threading

import pytest

SETTINGS = {"time_zone": "Europe/London", "base_currency": "GBP"}
START = "2026-01-31T09:00:00Z"
BASE = {"customer": {"external_id": "subscriber"}, "interval": "month", "started_at": START}
PATH = "/v1/subscriptions"


def _start(api, status=201, **fields):
    return api.post(PATH, {**BASE, **fields}, status).json


def _dues(shop, made):
    """[(n, due, renewed)] of the view that the renewal rate counts."""
    return shop.sql("SELECT n, rfc3339(due_at), renewed FROM subscription_dues WHERE subscription_id = %s AND customer_id = %s ORDER BY n", made["id"], made["customer_id"])


# subscriptions -----------------------------------------------------------------------------------

def test_a_subscription_comes_back_whole(shop):
    api = shop.api
    answer = api.post(PATH, {**BASE, "external_id": "full", "plan": "Flowers of the month", "started_at": "2026-01-31T10:00:00.5+01:00"})
    made = answer.json
    assert made == {"id": made["id"], "external_id": "full", "customer_id": api.get("/v1/customers/external:subscriber").json["id"], "plan": "Flowers of the month",
                    "interval": "month", "started_at": "2026-01-31T09:00:00.500000Z", "cancelled_at": None, "reason": None, "renewals": 0,
                    "due_at": "2026-02-28T09:00:00.500000Z", "version": 1, "created_at": made["created_at"], "updated_at": made["created_at"]}
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    read = api.get(f"{PATH}/{made['id']}")
    assert read.json == api.get(f"{PATH}/external:full").json == made
    api.get(f"{PATH}/{made['id']}", 304, headers={"If-None-Match": read.headers["ETag"]})
    api.get(f"{PATH}/external:nothing", 404)
    short = api.post(PATH, {"customer": "external:subscriber", "interval": "year"}).json
    assert short["plan"] is None and short["due_at"] > short["started_at"]
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", short["started_at"])[0][0] < 60
    assert api.get(f"{PATH}/{short['id']}").json == short


def test_the_same_subscription_again_is_200_with_what_is_stored(api):
    first = _start(api, external_id="again")
    assert _start(api, 200, external_id="again") == first
    api.post(f"{PATH}/external:again/renewals", {"renewed_at": START})
    stored = api.get(f"{PATH}/external:again").json
    assert _start(api, 200, external_id="again") == stored != first
    for change in ({"interval": "week"}, {"plan": "P"}, {"started_at": "2026-01-31T09:00:01Z"}, {"customer": {"external_id": "other"}}):
        assert api.post(PATH, {**BASE, "external_id": "again", **change}, 409).code == "fact_conflict", change


def test_an_idempotency_key_gives_the_first_answer_again(api):
    key = {"Idempotency-Key": "one-subscription"}
    first = api.post(PATH, BASE, headers=key)
    api.post(f"{PATH}/{first.json['id']}/renewals", {"renewed_at": START})
    again = api.post(PATH, BASE, headers=key)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("fields, place", [
    ({"interval": "day"}, "/interval"), ({"interval": None}, "/interval"), ({"plan": ""}, "/plan"), ({"started_at": "2026-01-31"}, "/started_at"), ({"customer": "external:nobody"}, "/customer"),
    ({"customer": None}, "/customer"), ({"cancelled_at": START}, "/cancelled_at"), ({"renewals": 1}, "/renewals"),
])
def test_bad_values_are_refused_at_their_place(api, fields, place):
    answer = api.post(PATH, {**BASE, "external_id": "bad", **fields}, 422)
    assert any(found.startswith(place) for found in answer.places), answer.places
    api.get(f"{PATH}/external:bad", 404)


# due dates ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("interval, start, dues", [
    # Summer time begins on 29 March 2026 and ends on 25 October: the hour of the day stays, in London.
    ("month", "2026-01-31T09:00:00Z", ["2026-02-28T09:00:00Z", "2026-03-31T08:00:00Z", "2026-04-30T08:00:00Z", "2026-05-31T08:00:00Z"]),
    ("month", "2023-12-30T12:00:00Z", ["2024-01-30T12:00:00Z", "2024-02-29T12:00:00Z", "2024-03-30T12:00:00Z"]),
    ("week", "2026-03-26T10:00:00Z", ["2026-04-02T09:00:00Z", "2026-04-09T09:00:00Z"]),
    ("week", "2026-10-20T08:00:00Z", ["2026-10-27T09:00:00Z"]),
    ("quarter", "2025-11-30T00:00:00Z", ["2026-02-28T00:00:00Z", "2026-05-29T23:00:00Z", "2026-08-29T23:00:00Z", "2026-11-30T00:00:00Z"]),
    ("year", "2024-02-29T12:00:00Z", ["2025-02-28T12:00:00Z", "2026-02-28T12:00:00Z", "2027-02-28T12:00:00Z", "2028-02-29T12:00:00Z"]),
    # 23:30 on 30 June in UTC is 1 July in London: the day of the month is London's.
    ("month", "2026-06-30T23:30:00Z", ["2026-07-31T23:30:00Z", "2026-08-31T23:30:00Z", "2026-09-30T23:30:00Z", "2026-11-01T00:30:00Z"]),
])
def test_the_next_due_date_moves_with_each_renewal(shop, interval, start, dues):
    made = _start(shop.api, interval=interval, started_at=start)
    assert made["due_at"] == dues[0]
    for count, due in enumerate(dues[1:], 1):
        shop.api.post(f"{PATH}/{made['id']}/renewals", {"renewed_at": dues[count - 1]})
        read = shop.api.get(f"{PATH}/{made['id']}").json
        assert (read["renewals"], read["due_at"], read["version"]) == (count, due, 1 + count)
    assert _dues(shop, made) == [(n, due, n < len(dues)) for n, due in enumerate(dues, 1)]


@pytest.mark.parametrize("zone, interval, start, due", [
    ("America/New_York", "month", "2026-03-01T02:30:00Z", "2026-03-29T01:30:00Z"),  # 28 February 21:30 there
    ("America/New_York", "week", "2026-03-01T07:30:00Z", "2026-03-08T07:30:00Z"),   # 02:30 is not there on 8 March: 03:30 it is
    ("Pacific/Auckland", "month", "2026-01-30T11:00:00Z", "2026-02-27T11:00:00Z"),  # midnight of 31 January, of 28 February
    ("UTC", "month", "2026-01-30T11:00:00Z", "2026-02-28T11:00:00Z"),
    ("UTC", "year", "9998-12-30T00:00:00Z", "9999-12-30T00:00:00Z"),
    ("UTC", "year", "9999-06-01T00:00:00Z", None),
])
def test_due_dates_are_of_the_shops_time_zone(new_shop, zone, interval, start, due):
    shop = new_shop(settings={"time_zone": zone})
    made = _start(shop.api, interval=interval, started_at=start)
    assert made["due_at"] == due and shop.api.get(f"{PATH}/{made['id']}").json == made


def test_another_time_zone_moves_due_dates_and_makes_no_conflict(new_shop):
    shop = new_shop(settings={"time_zone": "UTC"})
    body = {"external_id": "s", "started_at": "2026-03-01T02:30:00Z"}
    made = _start(shop.api, **body)
    tag = shop.api.get(f"{PATH}/external:s").headers["ETag"]
    shop.api.put("/v1/settings", {"time_zone": "America/New_York"})
    moved = shop.api.get(f"{PATH}/external:s", headers={"If-None-Match": tag}).json
    assert (made["due_at"], moved["due_at"]) == ("2026-04-01T02:30:00Z", "2026-03-29T01:30:00Z")
    assert _start(shop.api, 200, **body) == moved


# renewals ----------------------------------------------------------------------------------------

def test_a_renewal_comes_back_whole(shop):
    api, made = shop.api, _start(shop.api, external_id="renewed")
    body = {"external_id": "r-1", "renewed_at": "2026-02-28T10:00:00+01:00"}
    answer = api.post(f"{PATH}/external:renewed/renewals", body)
    renewal = answer.json
    assert renewal == {"id": renewal["id"], "external_id": "r-1", "subscription_id": made["id"], "customer_id": made["customer_id"], "renewed_at": "2026-02-28T09:00:00Z",
                       "created_at": renewal["created_at"]}
    path = f"{PATH}/{made['id']}/renewals"
    assert answer.headers["Location"] == f"{path}/{renewal['id']}"
    assert api.get(f"{path}/{renewal['id']}").json == api.get(f"{PATH}/external:renewed/renewals/external:r-1").json == renewal
    assert api.post(path, body, 200).json == renewal
    assert api.post(path, {**body, "renewed_at": "2026-02-28T09:00:01Z"}, 409).code == "fact_conflict"
    assert api.get(f"{PATH}/external:renewed").json["renewals"] == 1, "it counts once"
    now = api.post(path, {}).json["renewed_at"]
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", now)[0][0] < 60
    other = _start(api)
    api.get(f"{PATH}/{other['id']}/renewals/{renewal['id']}", 404)
    assert api.post(f"{PATH}/{other['id']}/renewals", body, 409).code == "fact_conflict", "the external id is that of another subscription's renewal"
    for missing in ("external:nothing", "00000000-0000-7000-8000-000000000000"):
        api.post(f"{PATH}/{missing}/renewals", {}, 404)
        api.get(f"{PATH}/{missing}/renewals", 404)
        api.get(f"{PATH}/{missing}/renewals/{renewal['id']}", 404)


@pytest.mark.parametrize("body, place", [({"renewed_at": "2026-01-31T08:59:59Z"}, "/renewed_at"), ({"renewed_at": "soon"}, "/renewed_at"), ({"renewed_at": None}, "/renewed_at"),
                                         ({"subscription": "external:renewed"}, "/subscription"), ({"amount": 5}, "/amount")])
def test_a_bad_renewal_is_refused_at_its_place(api, body, place):
    made = _start(api)
    assert api.post(f"{PATH}/{made['id']}/renewals", body, 422).places == {place}
    assert api.get(f"{PATH}/{made['id']}").json == made


def test_renewals_are_listed_newest_first(api):
    made, other = _start(api), _start(api)
    ids = [api.post(f"{PATH}/{made['id']}/renewals", {"renewed_at": f"2026-0{number % 3 + 2}-15T00:00:00Z"}).json["id"] for number in range(6)]
    api.post(f"{PATH}/{other['id']}/renewals", {})
    listed = api.pages(f"{PATH}/{made['id']}/renewals", limit=2)
    assert {item["id"] for item in listed} == set(ids)
    assert [item["renewed_at"][:7] for item in listed] == ["2026-04"] * 2 + ["2026-03"] * 2 + ["2026-02"] * 2


def test_renewals_and_a_cancellation_come_out_the_same_in_any_order(shop):
    """One renewal before the cancellation, one after it, one late."""
    acts = [("renewals", {"renewed_at": "2026-02-20T00:00:00Z"}, 201), ("renewals", {"renewed_at": "2026-05-01T00:00:00Z"}, 201),
            ("renewals", {"renewed_at": "2026-03-31T12:00:00Z"}, 201), ("cancel", {"cancelled_at": "2026-04-15T00:00:00Z", "reason": "Too much"}, 200)]
    outcomes = []
    for order in itertools.permutations(acts):
        made = _start(shop.api)
        for verb, body, status in order:
            shop.api.post(f"{PATH}/{made['id']}/{verb}", body, status)
        read = shop.api.get(f"{PATH}/{made['id']}").json
        outcomes.append(({name: value for name, value in read.items() if name not in ("id", "created_at", "updated_at")}, _dues(shop, made)))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    read, dues = outcomes[0]
    assert (read["renewals"], read["due_at"], read["cancelled_at"], read["reason"], read["version"]) == (3, None, "2026-04-15T00:00:00Z", "Too much", 5)
    assert dues == [(1, "2026-02-28T09:00:00Z", True), (2, "2026-03-31T08:00:00Z", True), (3, "2026-04-30T08:00:00Z", True), (4, "2026-05-31T08:00:00Z", False)], \
        "what was cancelled is due once more, and was not renewed"


def test_renewals_and_a_cancellation_at_once_all_count(shop):
    made = _start(shop.api)
    barrier, wrong = threading.Barrier(9), []

    def act(number):
        client = shop.client()
        barrier.wait()
        if number < 8:
            client.post(f"{PATH}/{made['id']}/renewals", {"renewed_at": f"2026-03-0{number + 1}T00:00:00Z"})
        elif client.post(f"{PATH}/{made['id']}/cancel", {"cancelled_at": "2026-04-01T00:00:00Z"}, 200).json["cancelled_at"] is None:
            wrong.append(number)
    threads = [threading.Thread(target=act, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = shop.api.get(f"{PATH}/{made['id']}").json
    assert (read["renewals"], read["cancelled_at"], read["version"], wrong) == (8, "2026-04-01T00:00:00Z", 10, [])


# cancelling --------------------------------------------------------------------------------------

def test_cancelling_has_a_date_and_a_reason_and_happens_once(api):
    made = _start(api, external_id="quitter")
    cancel = f"{PATH}/external:quitter/cancel"
    assert api.post(cancel, {"cancelled_at": "2026-01-31T08:59:59Z"}, 422).places == {"/cancelled_at"}, "nothing ends before it starts"
    body = {"cancelled_at": "2026-02-28T09:59:59+01:00", "reason": "Moving \u2013 abroad"}
    answer = api.post(cancel, body, 200).json
    assert answer == {**made, "cancelled_at": "2026-02-28T08:59:59Z", "reason": body["reason"], "due_at": None, "version": 2, "updated_at": answer["updated_at"]}
    assert api.get(f"{PATH}/external:quitter").json == answer
    for again in (body, {"cancelled_at": body["cancelled_at"]}, {"reason": body["reason"]}, {}, None):
        assert api.post(cancel, again, 200).json == answer, again
    for change, place in (({"cancelled_at": "2026-03-01T00:00:00Z"}, "/cancelled_at"), ({"cancelled_at": "2026-01-01T00:00:00Z"}, "/cancelled_at"), ({"reason": "Another"}, "/reason")):
        conflict = api.post(cancel, {**body, **change}, 409)
        assert conflict.code == "fact_conflict" and conflict.places == {place}
    assert api.get(f"{PATH}/external:quitter").json == answer
    for bad, place in (({"reason": ""}, "/reason"), ({"reason": "x" * 501}, "/reason"), ({"cancelled_at": "now"}, "/cancelled_at"), ({"left_at": START}, "/left_at")):
        assert api.post(cancel, bad, 422).places == {place}
    api.post(f"{PATH}/external:nothing/cancel", {}, 404)


def test_what_is_due_before_the_cancellation_stays_due(shop):
    for at, due in (("2026-02-28T08:59:59Z", None), ("2026-02-28T09:00:00Z", "2026-02-28T09:00:00Z"), ("2026-06-01T00:00:00Z", "2026-02-28T09:00:00Z"), (START, None)):
        made = _start(shop.api)
        answer = shop.api.post(f"{PATH}/{made['id']}/cancel", {"cancelled_at": at}, 200).json
        assert answer["due_at"] == due, at
        assert shop.api.get(f"{PATH}/{made['id']}").json == answer
        assert _dues(shop, made) == [(1, "2026-02-28T09:00:00Z", False)], "it was due in any case, and not renewed"


def test_who_cancels_without_a_date_cancels_now(shop):
    made = _start(shop.api)
    cancelled = shop.api.post(f"{PATH}/{made['id']}/cancel", None, 200).json["cancelled_at"]
    assert -5 < shop.sql("SELECT extract(epoch FROM now() - %s::timestamptz)", cancelled)[0][0] < 60
    key = {"Idempotency-Key": "cancel-once"}
    made = _start(shop.api)
    first = shop.api.post(f"{PATH}/{made['id']}/cancel", {}, 200, headers=key)
    again = shop.api.post(f"{PATH}/{made['id']}/cancel", {}, 200, headers=key)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"


# batches and lists -------------------------------------------------------------------------------

def test_a_batch_keeps_the_good_ones(new_shop):
    shop = new_shop()
    items = [{**BASE, "external_id": f"s{number}", "customer": {"external_id": f"c{number}"}} for number in range(3)]
    items[1]["interval"] = "fortnight"
    for expected in ((2, 0, [201, 422, 201]), (0, 2, [200, 422, 200])):
        answer = shop.api.post(f"{PATH}/batch", items, 200).json
        assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == expected
    assert answer["results"][1]["problem"]["errors"][0]["pointer"] == "#/interval"
    assert shop.api.get(f"{PATH}/external:s0").json["due_at"] == "2026-02-28T09:00:00Z"
    assert _start(shop.api, 200, external_id="s2", customer="external:c2")["id"] == answer["results"][2]["id"], "what came in a batch is known to a single one"


def test_a_batch_of_renewals_names_the_subscriptions(new_shop):
    shop = new_shop()
    for name in ("a", "b"):
        _start(shop.api, external_id=name)
    single = shop.api.post(f"{PATH}/external:a/renewals", {"external_id": "r0", "renewed_at": "2026-02-28T09:00:00Z"}).json
    items = [{"subscription": "external:a", "external_id": "r0", "renewed_at": "2026-02-28T09:00:00Z"}, {"subscription": "external:b", "external_id": "r1", "renewed_at": "2026-02-27T09:00:00Z"},
             {"subscription": "external:nothing", "external_id": "r2"}, {"subscription": "external:b", "external_id": "r3", "renewed_at": "2025-01-01T00:00:00Z"}, {"external_id": "r4"},
             {"subscription": shop.api.get(f"{PATH}/external:b").json["id"], "external_id": "r5"}]
    answer = shop.api.post(f"{PATH}/renewals/batch", items, 200).json
    assert (answer["created"], answer["unchanged"], [line["status"] for line in answer["results"]]) == (2, 1, [200, 201, 422, 422, 422, 201])
    assert answer["results"][0]["id"] == single["id"]
    assert [(line["problem"]["code"], line["problem"]["errors"][0]["pointer"]) for line in answer["results"] if "problem" in line] == \
        [("unknown_reference", "#/subscription"), ("validation_failed", "#/renewed_at"), ("validation_failed", "#/subscription")]
    assert [shop.api.get(f"{PATH}/external:{name}").json["renewals"] for name in ("a", "b")] == [1, 2]
    assert shop.api.post(f"{PATH}/renewals/batch", items, 200).json["unchanged"] == 3
    many = [{"subscription": f"external:{'ab'[number % 2]}", "external_id": f"n{number}", "renewed_at": f"2026-03-{number % 28 + 1:02}T00:00:00Z"} for number in range(400)]
    assert shop.batch(f"{PATH}/renewals", many) == {"created": 400, "unchanged": 0}
    assert [(read["renewals"], read["version"]) for read in (shop.api.get(f"{PATH}/external:{name}").json for name in ("a", "b"))] == [(201, 202), (202, 203)]


def test_subscriptions_are_listed_by_customer_and_time(new_shop):
    shop = new_shop()
    ids = [_start(shop.api, customer={"external_id": f"c{number % 2}"}, started_at=f"2026-01-0{number + 1}T12:00:00Z")["id"] for number in range(6)]

    def listed(**query):
        return [ids.index(item["id"]) for item in shop.api.pages(PATH, limit=2, **query)]
    assert listed() == [5, 4, 3, 2, 1, 0] and listed(customer="external:c1") == [5, 3, 1]
    assert listed(started_from="2026-01-02T12:00:00Z", started_to="2026-01-05T12:00:00Z") == [3, 2, 1], "half-open"
