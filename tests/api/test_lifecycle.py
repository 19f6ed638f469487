"""Stages: the rules one by one, any date past or future, the models, the matrix, the timeline."""
import itertools
import json
import random

import pytest

from support.server import command

STAGES = ["awareness", "consideration", "conversion", "retention", "loyalty", "advocacy", "lost"]
# Labels by canonical stage, as the five published frameworks name them.
MODELS = {
    "canonical": ["Awareness", "Consideration", "Conversion", "Retention", "Loyalty", "Advocacy", "Lost"],
    "awareness_advocacy": ["Awareness", "Engagement", "Conversion", "Retention", "Retention", "Advocacy", "Lost"],
    "consideration": ["Awareness", "Consideration", "Purchase", "Retention", "Retention", "Advocacy", "Lost"],
    "discover_engage": ["Discover", "Explore", "Buy", "Engage", "Engage", "Engage", "Lost"],
    "attraction_loyalty": ["Attraction", "Activation", "Conversion", "Retention", "Loyalty", "Referral", "Lost"],
    "value": ["Acquisition", "Onboarding", "First purchase", "Retention", "Loyalty", "Loyalty", "Lost"],
}


def stages(shop, at, model="canonical"):
    """{stage: customers} of the stages that have any, at the end of a day."""
    answer = shop.api.get("/v1/lifecycle/stages", query={"at": at, "model": model}).json
    assert sum(stage["customers"] for stage in answer["stages"]) == answer["customers"]
    return {stage["stage"]: stage["customers"] for stage in answer["stages"] if stage["customers"]}


def history(shop, ref):
    """[(day, stage, rule)] as the timeline tells."""
    return [(item["at"][:10], item["detail"]["stage"], item["detail"]["rule"]) for item in shop.api.pages(f"/v1/customers/{ref}/timeline", kind="stage")]


def visit(shop, customer, at, **fields):
    return shop.api.post("/v1/touchpoints", {"kind": "visit", "customer": customer, "at": at, **fields}).json


def survey(shop):
    return shop.api.post("/v1/surveys", {"external_id": "nps", "kind": "nps", "name": "NPS"}, (200, 201)).json["id"]


def answer(shop, customer, at, score):
    return shop.api.post(f"/v1/surveys/{survey(shop)}/responses", {"customer": customer, "answered_at": at, "score": score}).json


def assert_derived(shop):
    done = command("check", database_url=shop.url)
    assert done.returncode == 0, done.stdout


# ---- the rules -----------------------------------------------------------------------------------

def test_awareness_begins_with_the_first_fact_or_when_the_shop_says(new_shop):
    shop = new_shop()
    visit(shop, {"visitor_id": "v1"}, "2025-03-01T10:00:00Z")
    shop.customer("C1", acquired_at="2025-02-01T10:00:00Z")
    assert stages(shop, "2025-01-31") == {}
    assert stages(shop, "2025-02-01") == {"awareness": 1}
    assert stages(shop, "2025-03-01") == {"awareness": 2}
    assert history(shop, "visitor:v1") == [("2025-03-01", "awareness", "known")]


@pytest.mark.parametrize("fact", [
    {"kind": "visit", "pages": 2}, {"kind": "email_clicked"}, {"kind": "signup"}, {"kind": "newsletter"}])
def test_consideration_by_touchpoint(new_shop, fact):
    shop = new_shop()
    visit(shop, {"visitor_id": "v1"}, "2025-03-01T10:00:00Z")
    for kind in ("ad_impression", "ad_click", "email_sent", "email_opened", "support"):
        shop.api.post("/v1/touchpoints", {"kind": kind, "visitor": "v1", "at": "2025-03-02T10:00:00Z"})
    shop.api.post("/v1/touchpoints", {"visitor": "v1", "at": "2025-03-03T10:00:00Z", **fact})
    assert history(shop, "visitor:v1") == [("2025-03-01", "awareness", "known"), ("2025-03-03", "consideration", "showed_interest")]


def test_consideration_by_cart(new_shop):
    shop = new_shop()
    shop.api.put("/v1/carts/k1", {"visitor": "v1", "value": 100, "currency": "EUR", "updated_at": "2025-03-03T10:00:00Z"})
    assert stages(shop, "2025-03-03") == {"consideration": 1}


def test_orders_lead_to_conversion_retention_and_loyalty(new_shop):
    shop = new_shop(settings={"loyal_after_orders": 3})
    for month in range(1, 5):
        shop.order({"external_id": "C1"}, f"2025-0{month}-10T10:00:00Z", 1000)
    assert history(shop, "external:C1") == [
        ("2025-01-10", "conversion", "one_order"), ("2025-02-10", "retention", "two_or_more_orders"), ("2025-03-10", "loyalty", "many_orders"),
        ("2026-04-10", "lost", "no_order_for_days")]


def test_pending_test_and_cancelled_orders_do_not_count(new_shop):
    shop = new_shop()
    shop.api.post("/v1/orders", {"external_id": "p", "customer": {"external_id": "C1"}, "ordered_at": "2025-01-10T10:00:00Z", "currency": "EUR", "total": 100, "status": "pending"})
    shop.api.post("/v1/orders", {"customer": {"external_id": "C1"}, "ordered_at": "2025-01-11T10:00:00Z", "currency": "EUR", "total": 100, "test": True})
    assert stages(shop, "2025-01-31") == {"awareness": 1}
    shop.api.patch("/v1/orders/external:p", {"status": "paid", "paid_at": "2025-01-12T10:00:00Z"})
    assert (stages(shop, "2025-01-11"), stages(shop, "2025-01-12")) == ({"awareness": 1}, {"conversion": 1})
    shop.api.post("/v1/orders/external:p/cancel", {"cancelled_at": "2025-01-20T10:00:00Z"}, 200)
    assert (stages(shop, "2025-01-19"), stages(shop, "2025-01-20"), stages(shop, "2027-01-20")) == ({"conversion": 1}, {"awareness": 1}, {"awareness": 1})
    assert_derived(shop)


def test_a_full_refund_takes_the_order_back_a_part_does_not(new_shop):
    shop = new_shop()
    order = shop.order({"external_id": "C1"}, "2025-01-10T10:00:00Z", 1000)["id"]
    shop.order({"external_id": "C1"}, "2025-01-15T10:00:00Z", 1000)
    shop.refund(order, 400, "2025-01-20T10:00:00Z")
    assert stages(shop, "2025-01-31") == {"retention": 1}
    shop.refund(order, 600, "2025-01-18T10:00:00Z")
    assert history(shop, "external:C1")[:3] == [("2025-01-10", "conversion", "one_order"), ("2025-01-15", "retention", "two_or_more_orders"), ("2025-01-20", "conversion", "one_order")]


def test_a_member_with_two_orders_is_loyal_while_a_member(new_shop):
    shop = new_shop()
    member = shop.api.post("/v1/loyalty/members", {"customer": {"external_id": "C1"}, "joined_at": "2025-01-05T10:00:00Z"}).json["id"]
    shop.order("external:C1", "2025-01-10T10:00:00Z", 1000)
    shop.order("external:C1", "2025-01-20T10:00:00Z", 1000)
    shop.api.post(f"/v1/loyalty/members/{member}/leave", {"left_at": "2025-02-01T10:00:00Z"}, 200)
    assert history(shop, "external:C1")[1:4] == [("2025-01-10", "conversion", "one_order"), ("2025-01-20", "loyalty", "member_with_orders"), ("2025-02-01", "retention", "two_or_more_orders")]


def test_a_renewed_subscription_makes_loyal_until_it_is_cancelled(new_shop):
    shop = new_shop()
    sub = shop.api.post("/v1/subscriptions", {"customer": {"external_id": "C1"}, "interval": "month", "started_at": "2025-01-05T10:00:00Z"}).json["id"]
    assert stages(shop, "2025-02-04") == {"awareness": 1}
    shop.api.post(f"/v1/subscriptions/{sub}/renewals", {"renewed_at": "2025-02-05T10:00:00Z"})
    shop.api.post(f"/v1/subscriptions/{sub}/cancel", {"cancelled_at": "2025-03-01T10:00:00Z"}, 200)
    assert history(shop, "external:C1") == [("2025-01-05", "awareness", "known"), ("2025-02-05", "loyalty", "renewed_subscription"), ("2025-03-01", "awareness", "known")]


@pytest.mark.parametrize("rating, advocate", [(3, False), (4, True), (5, True)])
def test_a_good_review_of_a_buyer_is_advocacy(new_shop, rating, advocate):
    shop = new_shop()
    shop.api.post("/v1/reviews", {"customer": {"external_id": "C1"}, "rating": rating, "reviewed_at": "2025-01-05T10:00:00Z"})
    assert stages(shop, "2025-01-05") == {"awareness": 1}, "not without an order"
    shop.order("external:C1", "2025-01-10T10:00:00Z", 1000)
    assert stages(shop, "2025-01-10") == {"advocacy" if advocate else "conversion": 1}


@pytest.mark.parametrize("by", ["fact", "profile"])
def test_who_brought_a_customer_that_ordered_is_an_advocate(new_shop, by):
    shop = new_shop()
    shop.order({"external_id": "C1"}, "2025-01-10T10:00:00Z", 1000)
    if by == "fact":
        shop.api.post("/v1/referrals", {"referrer": "external:C1", "customer": {"external_id": "C2"}, "referred_at": "2025-01-15T10:00:00Z"})
    else:
        shop.customer("C2", referred_by="external:C1", acquired_at="2025-01-15T10:00:00Z")
    assert stages(shop, "2025-01-31") == {"conversion": 1, "awareness": 1}
    order = shop.order("external:C2", "2025-02-10T10:00:00Z", 1000)["id"]
    assert stages(shop, "2025-02-10") == {"advocacy": 1, "conversion": 1}
    assert shop.api.get("/v1/customers/external:C1").json["stage"] == "lost"
    assert history(shop, "external:C1")[:2] == [("2025-01-10", "conversion", "one_order"), ("2025-02-10", "advocacy", "reviewed_or_referred")]
    shop.api.post(f"/v1/orders/{order}/cancel", {"cancelled_at": "2025-02-01T10:00:00Z"}, 200)
    assert stages(shop, "2025-02-10") == {"conversion": 1, "awareness": 1}, "never ordered, as it turns out"
    assert_derived(shop)


def test_promoters_are_advocates_by_their_latest_answer(new_shop):
    shop = new_shop()
    shop.order({"external_id": "C1"}, "2025-01-10T10:00:00Z", 1000)
    for day, score in (("11", 9), ("12", 8), ("13", 10), ("14", 6), ("15", 7), ("16", 10)):
        answer(shop, "external:C1", f"2025-01-{day}T10:00:00Z", score)
    assert [line[:2] for line in history(shop, "external:C1")][:6] == [
        ("2025-01-10", "conversion"), ("2025-01-11", "advocacy"), ("2025-01-12", "conversion"), ("2025-01-13", "advocacy"),
        ("2025-01-14", "conversion"), ("2025-01-16", "advocacy")]


def test_a_detractor_is_no_advocate_until_there_is_new_praise(new_shop):
    shop = new_shop()
    shop.order({"external_id": "C1"}, "2025-01-10T10:00:00Z", 1000)
    shop.api.post("/v1/reviews", {"customer": "external:C1", "rating": 5, "reviewed_at": "2025-01-11T10:00:00Z"})
    answer(shop, "external:C1", "2025-01-12T10:00:00Z", 8)
    answer(shop, "external:C1", "2025-01-13T10:00:00Z", 0)
    shop.api.post("/v1/reviews", {"customer": "external:C1", "rating": 4, "reviewed_at": "2025-01-14T10:00:00Z"})
    assert [line[:2] for line in history(shop, "external:C1")][:4] == [
        ("2025-01-10", "conversion"), ("2025-01-11", "advocacy"), ("2025-01-13", "conversion"), ("2025-01-14", "advocacy")]


def test_time_alone_loses_a_customer_and_an_order_brings_it_back(new_shop):
    shop = new_shop(settings={"lost_after_days": 30, "time_zone": "Europe/London"})
    shop.order({"external_id": "C1"}, "2025-03-10T12:00:00Z", 1000)
    shop.order({"external_id": "C1"}, "2025-06-10T12:00:00Z", 1000)
    assert history(shop, "external:C1") == [
        ("2025-03-10", "conversion", "one_order"), ("2025-04-09", "lost", "no_order_for_days"), ("2025-06-10", "retention", "two_or_more_orders"),
        ("2025-07-10", "lost", "no_order_for_days")]
    lost = next(item for item in shop.api.pages("/v1/customers/external:C1/timeline", kind="stage") if item["detail"]["stage"] == "lost")
    assert lost["at"] == "2025-04-09T11:00:00Z", "the same time of day, 30 days later, over the change of clocks"
    assert lost["detail"]["fact"]["kind"] == "order"
    shop.api.patch("/v1/settings", {"lost_after_days": 3000})
    assert history(shop, "external:C1") == [("2025-03-10", "conversion", "one_order"), ("2025-06-10", "retention", "two_or_more_orders")]
    assert stages(shop, "2033-08-27") == {"lost": 1} and stages(shop, "2033-08-26") == {"retention": 1}, "dates to come"
    assert_derived(shop)


def test_a_closed_account_is_lost_until_the_next_order(new_shop):
    shop = new_shop()
    shop.customer("C1", acquired_at="2025-01-01T00:00:00Z", closed_at="2025-02-01T00:00:00Z")
    assert [stages(shop, day) for day in ("2025-01-31", "2025-02-01")] == [{"awareness": 1}, {"lost": 1}]
    shop.order("external:C1", "2025-03-10T12:00:00Z", 1000)
    assert [stages(shop, day) for day in ("2025-03-09", "2025-03-10")] == [{"lost": 1}, {"conversion": 1}]


# ---- the customer's own document and list ------------------------------------------------------------

def test_the_stage_is_in_the_customer_and_a_filter_of_the_list(new_shop):
    shop = new_shop()
    made = shop.customer("C1")
    assert (made["stage"], made["stage_since"]) == ("awareness", made["created_at"])
    assert shop.api.get("/v1/customers/external:C1").json == made
    tag = shop.api.get("/v1/customers/external:C1").headers["ETag"]
    shop.order("external:C1", "2026-10-10T12:00:00Z", 1000)
    now = shop.api.get("/v1/customers/external:C1", headers={"If-None-Match": tag})
    assert (now.json["stage"], now.json["stage_since"], now.json["version"]) == ("conversion", "2026-10-10T12:00:00Z", 1)
    assert shop.api.patch("/v1/customers/external:C1", {"name": "Ann"}, headers={"If-Match": tag}).json["stage"] == "conversion", "a stage is no conflict"
    shop.customer("C2")
    assert [item["external_id"] for item in shop.api.pages("/v1/customers", stage="conversion")] == ["C1"]
    assert [item["external_id"] for item in shop.api.pages("/v1/customers", stage="awareness")] == ["C2"]
    assert shop.api.pages("/v1/customers", stage="lost") == []


@pytest.mark.parametrize("profile, stage", [
    ({}, "awareness"), ({"acquired_at": "2999-01-01T00:00:00Z"}, None), ({"closed_at": "2020-01-01T00:00:00Z"}, "lost"), ({"closed_at": "2999-01-01T00:00:00Z"}, "awareness"),
    ({"acquired_at": "2020-02-01T00:00:00Z", "closed_at": "2020-01-01T00:00:00Z"}, "lost")])
def test_a_new_customer_answers_the_stage_that_is_read_later(new_shop, profile, stage):
    shop = new_shop()
    made = shop.customer("C1", **profile)
    assert made["stage"] == stage and shop.api.get("/v1/customers/external:C1").json == made


# ---- order of arrival ------------------------------------------------------------------------------

def scene(shop):
    """Facts of three customers who depend on each other, as calls that can be made in any order."""
    shop.api.post("/v1/surveys", {"external_id": "nps", "kind": "nps", "name": "NPS"})
    for name in ("C1", "C2", "C3"):
        shop.customer(name)
    post = shop.api.post
    return [
        lambda: shop.order("external:C1", "2025-01-10T10:00:00Z", 100), lambda: shop.order("external:C1", "2025-02-10T10:00:00Z", 100),
        lambda: shop.order("external:C2", "2025-02-11T10:00:00Z", 100), lambda: shop.order("external:C3", "2025-05-11T10:00:00Z", 100),
        lambda: visit(shop, "external:C2", "2025-02-01T10:00:00Z", pages=3), lambda: visit(shop, "external:C3", "2025-02-01T10:00:00Z"),
        lambda: post("/v1/referrals", {"referrer": "external:C1", "customer": "external:C2", "referred_at": "2025-02-05T10:00:00Z"}),
        lambda: post("/v1/surveys/external:nps/responses", {"customer": "external:C1", "answered_at": "2025-03-01T10:00:00Z", "score": 3}),
        lambda: post("/v1/surveys/external:nps/responses", {"customer": "external:C1", "answered_at": "2025-04-01T10:00:00Z", "score": 9}),
        lambda: post("/v1/reviews", {"customer": "external:C3", "rating": 5, "reviewed_at": "2025-04-01T10:00:00Z"}),
        lambda: post("/v1/loyalty/members", {"customer": "external:C1", "joined_at": "2025-01-01T10:00:00Z"}),
        lambda: post("/v1/customers/external:C3/identities", {"kind": "visitor", "value": "v3"}, 200),
        lambda: shop.api.put("/v1/carts/k1", {"customer": "external:C2", "value": 100, "currency": "EUR", "updated_at": "2025-01-20T10:00:00Z"}),
    ]


def test_the_history_does_not_depend_on_the_order_of_arrival(new_shop):
    seen = set()
    for seed in range(4):
        shop = new_shop()
        calls = scene(shop)
        random.Random(seed).shuffle(calls)
        for call in calls:
            call()
        seen.add(json.dumps([history(shop, f"external:C{n}") for n in (1, 2, 3)]))
        assert_derived(shop)
    assert len(seen) == 1


# ---- models and the matrix ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def funnel(shops):
    """One customer that passes all stages and falls back, and one at each of the first stages."""
    shop = shops(settings={"lost_after_days": 60, "loyal_after_orders": 3})
    visit(shop, {"visitor_id": "v1"}, "2025-01-01T10:00:00Z")
    visit(shop, {"visitor_id": "v2"}, "2025-01-02T10:00:00Z", pages=2)
    visit(shop, {"external_id": "C1"}, "2025-01-03T10:00:00Z")
    for day in ("2025-01-05", "2025-01-15", "2025-01-25"):
        shop.order("external:C1", f"{day}T10:00:00Z", 1000)
    shop.api.post("/v1/reviews", {"customer": "external:C1", "rating": 5, "reviewed_at": "2025-02-01T10:00:00Z"})
    yield shop
    shop.close()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_names_every_stage(funnel, name):
    found = funnel.api.get(f"/v1/lifecycle/models/{name}").json
    assert (found["built_in"], [(stage["stage"], stage["label"]) for stage in found["stages"]]) == (True, list(zip(STAGES, MODELS[name])))
    labels = list(dict.fromkeys(MODELS[name]))
    for day in ("2025-01-02", "2025-01-04", "2025-01-20", "2025-01-31", "2025-02-10", "2025-04-30"):
        merged = funnel.api.get("/v1/lifecycle/stages", query={"at": day, "model": name}).json
        assert [stage["label"] for stage in merged["stages"]] == labels
        canonical = funnel.api.get("/v1/lifecycle/stages", query={"at": day}).json
        for stage in merged["stages"]:
            assert stage["customers"] == sum(c["customers"] for c in canonical["stages"] if MODELS[name][STAGES.index(c["stage"])] == stage["label"])


def test_the_matrix_adds_up_between_any_two_days_in_every_model(funnel):
    days = ["2024-12-31", "2025-01-02", "2025-01-05", "2025-01-20", "2025-01-31", "2025-02-10", "2025-04-30", "2030-01-01"]
    for (start, end), model in itertools.product(itertools.combinations_with_replacement(days, 2), MODELS):
        matrix = funnel.api.get("/v1/lifecycle/transitions", query={"from": start, "to": end, "model": model}).json
        assert matrix["rows"][0]["stage"] is None
        for row in matrix["rows"]:
            assert sum(cell["customers"] for cell in row["to"]) == row["customers"]
            if row["customers"]:
                assert abs(sum(cell["share"] for cell in row["to"]) - 1) < 1e-5
        at_start, at_end = stages(funnel, start, model), stages(funnel, end, model)
        assert {row["stage"]: row["customers"] for row in matrix["rows"][1:] if row["customers"]} == at_start
        for stage in matrix["stages"]:
            assert stage["customers_from"] + stage["entered"] - stage["left"] == stage["customers_to"]
            assert stage["customers_to"] == at_end.get(stage["stage"], 0)


def test_median_days_are_of_the_stays_that_ended(funnel):
    def days(model):
        rows = funnel.api.get("/v1/lifecycle/transitions", query={"from": "2024-12-31", "to": "2025-12-31", "model": model}).json["rows"]
        return {row["label"]: row["median_days"] for row in rows[1:]}
    # C1: awareness 3-5 Jan, conversion 5-15, retention 15-25, loyalty 25 Jan - 1 Feb, advocacy until 26 March, 60 days behind the last order.
    assert days("canonical") == {"Awareness": 2, "Consideration": None, "Conversion": 10, "Retention": 10, "Loyalty": 7, "Advocacy": 53, "Lost": None}
    assert days("discover_engage") == {"Discover": 2, "Explore": None, "Buy": 10, "Engage": 70, "Lost": None}


def test_a_shop_defines_its_own_model(new_shop):
    shop = new_shop()
    shop.order({"external_id": "C1"}, "2025-01-05T10:00:00Z", 1000)
    labels = dict(zip(STAGES, ["Out", "Out", "In", "In", "In", "In", "Out"]))
    made = shop.api.put("/v1/lifecycle/models/door", {"title": "In or out", "labels": labels}, 201)
    assert made.headers["Location"].endswith("/v1/lifecycle/models/door")
    assert shop.api.get("/v1/lifecycle/models/door").json == made.json
    assert shop.api.get("/v1/lifecycle/stages", query={"at": "2025-01-05", "model": "door"}).json["stages"] == [
        {"stage": "awareness", "label": "Out", "customers": 0, "share": 0}, {"stage": "conversion", "label": "In", "customers": 1, "share": 1}]
    shop.api.put("/v1/lifecycle/models/door", {"labels": {**labels, "lost": "Gone"}}, 200)
    assert stages(shop, "2027-01-05", "door") == {"lost": 1}
    assert [item["name"] for item in shop.api.get("/v1/lifecycle/models").json["items"]] == sorted(MODELS) + ["door"]
    assert shop.api.put("/v1/lifecycle/models/value", {"labels": labels}, 422).code == "invalid_state"
    assert shop.api.put("/v1/lifecycle/models/half", {"labels": {"lost": "Gone"}}, 422)
    shop.api.get("/v1/lifecycle/models/none", 404)
    shop.api.get("/v1/lifecycle/stages", 404, query={"model": "none"})
    shop.api.get("/v1/lifecycle/transitions", 404, query={"from": "2025-01-01", "to": "2025-02-01", "model": "none"})
    shop.api.get("/v1/lifecycle/transitions", 400, query={"from": "2025-02-01", "to": "2025-01-01"})
    shop.api.get("/v1/lifecycle/transitions", 400, query={"from": "2025-02-01"})
    shop.api.get("/v1/lifecycle/stages", 400, query={"at": "2025-02-30"})


def test_a_shop_without_customers_has_no_shares(new_shop):
    shop = new_shop()
    answer_ = shop.api.get("/v1/lifecycle/stages").json
    assert answer_["customers"] == 0 and {stage["share"] for stage in answer_["stages"]} == {None}


# ---- timeline ------------------------------------------------------------------------------------------

def test_the_timeline_is_in_time_order_and_in_pages(new_shop):
    shop = new_shop()
    order = shop.order({"external_id": "C1"}, "2025-02-10T10:00:00Z", 1000)["id"]
    visit(shop, "external:C1", "2025-01-10T10:00:00Z", pages=5)
    shop.refund(order, 100, "2025-02-12T10:00:00Z")
    entries = shop.api.pages("/v1/customers/external:C1/timeline", limit=2)
    assert [(entry["at"][:10], entry["kind"]) for entry in entries if entry["kind"] != "stage"] == [("2025-01-10", "touchpoint"), ("2025-02-10", "order"), ("2025-02-12", "refund")]
    assert [entry["detail"]["stage"] for entry in entries if entry["kind"] == "stage"] == ["consideration", "conversion", "lost"]
    assert entries == sorted(entries, key=lambda entry: (entry["at"], entry["id"])) == shop.api.pages("/v1/customers/external:C1/timeline")
    shop.api.get("/v1/customers/external:none/timeline", 404)
