"""The demo shop of `make demo`, smaller: it has everything that a shop has, and filling it again changes nothing."""
import os
import sys

import pytest

from support.server import REPOSITORY, command

sys.path.insert(0, os.path.join(REPOSITORY, "docker"))

from demoshop.service import Service  # noqa: E402
from demoshop.shop import Shop, fill, is_full  # noqa: E402

PEOPLE = 1100
EVERY = 15  # so many of the daily figures, which do not get fewer with people
STAGES = ["awareness", "consideration", "conversion", "retention", "loyalty", "advocacy", "lost"]
COLLECTIONS = ["customers", "orders", "spend", "campaigns", "touchpoints", "carts", "surveys", "reviews", "referrals",
               "loyalty/members", "loyalty/points", "subscriptions", "costs", "campaigns/external:newsletter/days",
               *(f"social/{name}/days" for name in ("facebook", "instagram", "tiktok")),
               *(f"surveys/external:{name}/responses" for name in ("nps", "csat", "ces", "heard", "left", "wish"))]
BELOW = ["refunds", "cart_reminders", "subscription_renewals"]  # facts that belong to another: their tables
DERIVED = ("changed_customers", "stale_stages", "idempotency_keys")


def tiny():
    """The seed is the same at any size, and so is what these tests find."""
    shop = Shop(PEOPLE)
    shop.batches = [(name, facts[::EVERY] if name == "social" else facts) for name, facts in shop.batches]
    shop.requests = [(name, requests[::EVERY] if name == "campaign days" else requests) for name, requests in shop.requests]
    return shop


@pytest.fixture(scope="module")
def demo(shop):
    """The shop, filled once, and what was sent."""
    service, sent = Service(f"http://127.0.0.1:{shop.server.port}"), tiny()
    assert not is_full(service)
    fill(service, sent)
    return service, sent


def rows(shop):
    tables = [name for name, in shop.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")]
    return {name: shop.sql(f"SELECT count(*) FROM {name}")[0][0] for name in sorted(tables) if name not in DERIVED}


def test_every_collection_has_something(shop, demo):
    service, sent = demo
    assert is_full(service)
    empty = [name for name in COLLECTIONS if not shop.api.get(f"/v1/{name}", query={"limit": 1}).json["items"]]
    assert not empty
    for table in BELOW:
        assert shop.sql(f"SELECT count(*) FROM {table}")[0][0] > 0, table
    assert [name for name, facts in sent.batches if not facts] == []


def test_people_are_in_every_stage_and_fewer_in_each(shop, demo):
    stages = shop.api.get("/v1/lifecycle/stages", query={"at": "2025-12-31"}).json["stages"]
    count = {stage["stage"]: stage["customers"] for stage in stages}
    assert list(count) == STAGES and min(count.values()) > 0, count
    assert count["awareness"] > count["consideration"] > 3 * count["conversion"], count
    assert count["conversion"] > count["retention"] + count["loyalty"], count


def test_some_are_linked_and_some_closed_their_account(shop, demo):
    assert shop.sql("SELECT count(*) > 10 FROM customer_links") == [(True,)]
    assert shop.sql("SELECT count(*) > 0 FROM customers WHERE closed_at IS NOT NULL") == [(True,)]
    assert shop.sql("SELECT count(*) > 0 FROM customer_identities WHERE kind = 'email' AND value LIKE '%@till.example'") == [(False,)]
    assert shop.sql("SELECT count(*) > 0 FROM orders WHERE test") == [(True,)]
    assert dict(shop.sql("SELECT status, count(*) FROM orders GROUP BY 1")).keys() == {"pending", "paid", "fulfilled", "cancelled"}


def test_what_is_derived_is_right(shop, demo):
    done = command("check", database_url=shop.url)
    assert done.returncode == 0, done.stdout


def test_filling_again_changes_nothing(shop, demo):
    service, sent = demo
    question = {"at": "2025-12-31"}
    before, told = rows(shop), shop.api.get("/v1/lifecycle/stages", query=question).json
    service.created = 0
    fill(service, sent)
    assert service.created == 0
    assert rows(shop) == before
    assert shop.api.get("/v1/lifecycle/stages", query=question).json == told
