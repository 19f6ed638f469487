"""Who is who: links between identities, their undoing, and what merges by itself."""
import os
import re

import pytest

from support.server import REPOSITORY, command


def link(shop, ref, kind, value, status=200):
    return shop.api.post(f"/v1/customers/{ref}/identities", {"kind": kind, "value": value}, status)


def unlink(shop, ref, identity, status=200):
    return shop.api.delete(f"/v1/customers/{ref}/identities/{identity}", status)


def active(shop):
    return shop.value("active_customers", "2026-01-01", "2026-07-01")


def assert_derived(shop):
    done = command("check", database_url=shop.url)
    assert done.returncode == 0, done.stdout


def test_history_follows_a_link_both_ways_and_the_link_can_be_undone(new_shop):
    shop = new_shop()
    shop.order({"visitor_id": "v1"}, "2026-01-05T10:00:00Z", 1000, external_id="o1")
    account = shop.customer("C1")
    shop.order("external:C1", "2026-02-05T10:00:00Z", 2000, external_id="o2")
    assert (active(shop), shop.api.get("/v1/customers/external:C1").json["stage"]) == (2, "conversion")

    linked = link(shop, "external:C1", "visitor", "v1").json
    assert (linked["id"], linked["stage"]) == (account["id"], "retention")
    assert linked["identities"] == [{"kind": "external", "value": "C1", "linked": False}, {"kind": "visitor", "value": "v1", "linked": True}]
    assert shop.api.get("/v1/customers/visitor:v1").json == linked, "one person, by whatever name"
    assert active(shop) == 1
    for ref in ("external:C1", "visitor:v1"):
        assert {order["external_id"] for order in shop.api.pages("/v1/orders", customer=ref)} == {"o1", "o2"}
    assert [item["id"] for item in shop.api.pages("/v1/customers")] == [account["id"]], "what is linked is not listed"
    assert_derived(shop)

    shop.order("visitor:v1", "2026-03-05T10:00:00Z", 3000, external_id="o3")
    assert shop.value("days_between_orders", "2026-01-01", "2026-07-01") == 29.5
    apart = unlink(shop, "external:C1", "visitor:v1").json
    assert apart["stage"] == "conversion"
    assert apart["identities"] == [{"kind": "external", "value": "C1", "linked": False}]
    assert {order["external_id"] for order in shop.api.pages("/v1/orders", customer="visitor:v1")} == {"o1", "o3"}, "with what came in since"
    assert shop.api.get("/v1/customers/visitor:v1").json["stage"] == "retention"
    assert active(shop) == 2
    assert_derived(shop)


def test_linking_again_changes_nothing_and_an_unknown_identity_is_new(new_shop):
    shop = new_shop()
    shop.customer("C1")
    first = link(shop, "external:C1", "visitor", "v9").json
    assert {"kind": "visitor", "value": "v9", "linked": True} in first["identities"]
    assert link(shop, "external:C1", "visitor", "v9").json == first
    assert link(shop, "visitor:v9", "external", "C1").json == first, "the same said the other way round"
    shop.order("visitor:v9", "2026-01-05T10:00:00Z", 1000)
    assert shop.api.get("/v1/customers/external:C1").json["stage"] == "conversion"
    assert unlink(shop, "external:C1", "visitor:v9").json["stage"] == "awareness", "its facts leave with it"


def test_links_make_chains_that_come_apart_where_they_were_made(new_shop):
    shop = new_shop()
    for name in "ABC":
        shop.customer(name)
        shop.order(f"external:{name}", f"2026-0{ord(name) - 64}-10T10:00:00Z", 1000)
    link(shop, "external:B", "external", "C")
    link(shop, "external:A", "external", "B")
    assert (active(shop), shop.api.get("/v1/customers/external:C").json["external_id"]) == (1, "A")
    unlink(shop, "external:A", "external:B")
    assert active(shop) == 2
    assert shop.api.get("/v1/customers/external:C").json["external_id"] == "B", "B and C stay one"
    assert_derived(shop)
    unlink(shop, "external:B", "external:C")
    assert active(shop) == 3
    assert_derived(shop)


def test_an_own_identity_is_no_link(shop):
    shop.customer("own-1", email="own@x.example")
    assert unlink(shop, "external:own-1", "email:own@x.example", 422).code == "invalid_state"
    unlink(shop, "external:own-1", "email:nobody@x.example", 404)
    link(shop, "external:nobody", "visitor", "v", 404)
    unlink(shop, "external:nobody", "visitor:v", 404)


@pytest.mark.parametrize("body", [{}, {"kind": "visitor"}, {"value": "v"}, {"kind": "phone", "value": "1"}, {"kind": "visitor", "value": ""}])
def test_a_bad_identity_is_refused(shop, body):
    ref = shop.customer()["id"]
    shop.api.post(f"/v1/customers/{ref}/identities", body, 422)


def test_a_preview_tells_what_a_link_would_change_and_changes_nothing(new_shop):
    shop = new_shop()
    shop.customer("C1")
    shop.order("external:C1", "2026-02-05T10:00:00Z", 2000)
    shop.order({"email": "Ann@x.example"}, "2026-01-05T10:00:00Z", 1000)
    query = {"kind": "email", "value": "ann@x.example"}
    preview = shop.api.get("/v1/customers/external:C1/identities/preview", query=query).json
    before, other = preview["before"]
    assert (before["stage"], before["orders"], before["net_sales"]) == ("conversion", 1, 2000)
    assert (other["stage"], other["orders"], other["net_sales"]) == ("conversion", 1, 1000)
    after = preview["after"]
    assert (preview["changes"], after["stage"], after["orders"], after["net_sales"]) == (True, "retention", 2, 3000)
    assert (after["first_ordered_at"], after["last_ordered_at"]) == ("2026-01-05T10:00:00Z", "2026-02-05T10:00:00Z")
    assert active(shop) == 2 and shop.sql("SELECT count(*) FROM customer_links") == [(0,)]
    assert link(shop, "external:C1", "email", "ann@x.example").json["stage"] == after["stage"], "and that is what happens"
    again = shop.api.get("/v1/customers/external:C1/identities/preview", query=query).json
    assert (again["changes"], len(again["before"])) == (False, 1)
    shop.api.get("/v1/customers/external:nobody/identities/preview", 404, query=query)


# ---- what merges by itself ----------------------------------------------------------------------

def test_a_guest_who_opens_an_account_later_is_one_customer(new_shop):
    shop = new_shop()
    shop.order({"email": "ann@x.example"}, "2026-01-05T10:00:00Z", 1000)
    shop.customer("C1", email="ann@x.example")
    shop.order("external:C1", "2026-02-05T10:00:00Z", 1000)
    assert active(shop) == 1


@pytest.mark.parametrize("way", ["post", "put", "patch", "order"])
def test_an_account_that_shows_the_address_of_a_guest_is_that_guest(new_shop, way):
    shop = new_shop()
    shop.order({"external_id": "C1"}, "2026-02-05T10:00:00Z", 1000)
    shop.order({"email": "ann@x.example"}, "2026-01-05T10:00:00Z", 1000)
    assert active(shop) == 2
    if way == "post":
        shop.customer("C1", email="ann@x.example")
    elif way == "put":
        shop.api.put("/v1/customers/external:C1", {"email": "ann@x.example"}, 200)
    elif way == "patch":
        shop.api.patch("/v1/customers/external:C1", {"email": "ann@x.example"})
    else:
        shop.order({"external_id": "C1", "email": "ann@x.example"}, "2026-03-05T10:00:00Z", 1000)
    person = shop.api.get("/v1/customers/email:ann@x.example").json
    assert (person["external_id"], person["stage"], active(shop)) == ("C1", "retention", 1)
    unlink(shop, "external:C1", "email:ann@x.example")
    assert active(shop) == 2, "also what merged by itself can be undone"
    assert_derived(shop)


def test_a_visitor_who_logs_in_takes_the_visits_along(new_shop):
    shop = new_shop()
    shop.order({"visitor_id": "v1"}, "2026-01-05T10:00:00Z", 1000)
    shop.order({"external_id": "C1"}, "2026-02-05T10:00:00Z", 1000)
    shop.order({"external_id": "C1", "visitor_id": "v1"}, "2026-03-05T10:00:00Z", 1000)
    assert active(shop) == 1
    shop.order({"external_id": "C2", "visitor_id": "v1"}, "2026-03-06T10:00:00Z", 1000)
    assert active(shop) == 2, "a shared computer does not make two accounts one"
    assert shop.api.get("/v1/customers/visitor:v1").json["external_id"] == "C1"


def test_the_address_of_another_account_is_not_taken(new_shop):
    shop = new_shop()
    shop.customer("C1", email="home@x.example")
    shop.order({"external_id": "C2", "email": "home@x.example"}, "2026-03-05T10:00:00Z", 1000)
    assert shop.api.get("/v1/customers/email:home@x.example").json["external_id"] == "C1"
    assert shop.api.post("/v1/customers", {"external_id": "C3", "email": "home@x.example"}, 409).code == "identity_conflict"


def test_a_placeholder_address_never_merges(new_shop):
    shop = new_shop(settings={"placeholder_emails": ["guest@x.example", "*@till.example"]})
    for address in ("guest@x.example", "GUEST@x.example", "a@till.example", "a@till.example"):
        shop.order({"email": address}, "2026-01-05T10:00:00Z", 1000)
    assert active(shop) == 4
    first = shop.api.post("/v1/customers", {"email": "guest@x.example", "name": "One"}, 201).json
    second = shop.api.post("/v1/customers", {"email": "guest@x.example", "name": "Two"}, 201).json
    assert first["id"] != second["id"] and (first["email"], first["identities"]) == ("guest@x.example", [])
    shop.customer("C1", email="guest@x.example")
    shop.customer("C2", email="guest@x.example")
    shop.api.get("/v1/customers/email:guest@x.example", 404)
    assert shop.api.put("/v1/customers/email:guest@x.example", {"name": "Three"}, 422).places == {"/email"}
    assert link(shop, "external:C1", "email", "b@till.example", 422).places == {"/value"}
    shop.order({"email": "a@notill.example"}, "2026-01-05T10:00:00Z", 1000)
    shop.order({"email": "a@notill.example"}, "2026-01-05T11:00:00Z", 1000)
    assert active(shop) == 5, "only whole domains"


def test_a_batch_of_placeholders_is_as_many_customers(new_shop):
    shop = new_shop(settings={"placeholder_emails": ["*@till.example"]})
    shop.batch("/v1/orders", [{"customer": {"email": "x@till.example"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-05T10:00:00Z"}] * 100)
    assert active(shop) == 100


def test_a_fact_with_a_placeholder_is_the_same_when_it_is_sent_again(new_shop):
    shop = new_shop(settings={"placeholder_emails": ["*@till.example"]})
    fact = {"external_id": "o1", "customer": {"email": "x@till.example"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-05T10:00:00Z"}
    first = shop.api.post("/v1/orders", fact, 201).json
    assert shop.api.post("/v1/orders", fact, 200).json == first
    assert shop.batch("/v1/orders", [fact, {**fact, "external_id": "o2"}]) == {"created": 1, "unchanged": 1}
    shop.api.post("/v1/orders", {**fact, "total": 200}, 409)
    shop.api.post("/v1/orders", {**fact, "customer": {"email": "x@nobody.example"}}, 409)
    assert active(shop) == 2


def test_looking_up_does_not_go_through_all_accounts(new_shop):
    """Not even while the planner's statistics are of a time without accounts, as when a shop brings its customers at once."""
    shop = new_shop()
    shop.batch("/v1/touchpoints", [{"kind": "visit", "visitor": f"v{n}"} for n in range(500)])
    shop.sql("ANALYZE customer_identities")
    with open(os.path.join(REPOSITORY, "sql", "queries", "identity_lookup.sql"), encoding="utf-8") as file:
        plan = shop.sql("EXPLAIN " + re.sub(r"\$[0-9]", "'{}'", file.read()))
    assert any("on customer_identities" in line for line, in plan), plan
    assert not [line for line, in plan if "Index Cond" in line and "'external'" in line], plan


def test_links_at_once_make_no_circle(new_shop):
    """Two that link each other at the same time: one wins, the other sees one person."""
    import threading
    shop = new_shop()
    for n in range(8):
        shop.customer(f"L{n}")
        shop.customer(f"R{n}")
    clients = [shop.client(), shop.client()]

    def run(client, mine, other):
        for n in range(8):
            client.send("POST", f"/v1/customers/external:{mine}{n}/identities", {"kind": "external", "value": f"{other}{n}"})
    threads = [threading.Thread(target=run, args=args) for args in ((clients[0], "L", "R"), (clients[1], "R", "L"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.sql("SELECT count(*) FROM customer_links") == [(8,)]
    for n in range(8):
        assert shop.api.get(f"/v1/customers/external:L{n}").json == shop.api.get(f"/v1/customers/external:R{n}").json
    assert_derived(shop)


def test_a_fact_of_a_placeholder_address_sent_again_is_the_same_fact(new_shop):
    shop = new_shop(settings={"placeholder_emails": ["*@till.example"]})
    first = shop.order({"email": "x@till.example"}, "2026-01-05T10:00:00Z", 1000, external_id="o1")
    assert shop.order({"email": "x@till.example"}, "2026-01-05T10:00:00Z", 1000, external_id="o1", status=200) == first
    shop.order({"email": "x@till.example"}, "2026-01-05T10:00:00Z", 1001, external_id="o1", status=409)
    assert active(shop) == 1
