"""What a report reads in a shop of a million orders: no fact table from end to end, and for the shop as a whole, groups of orders, cohorts and segments no orders at all.

The statements are planned as the service plans reports, over tables of the real size and shape; they need not run.
"""
import os
import re

import pytest

from support.shop import Shop

QUERIES = os.path.join(os.path.dirname(__file__), "..", "..", "sql", "queries")
DATES = "'{2025-03-01}', '{2025-04-01}'"
ALL_OF_RECENCY = ", '{repeat_customers,returning_customers,lost_customers,reactivated_customers,member_customers,ordering_visitors}'"
WHOLE = {"kpi_daily": DATES, "kpi_recency": DATES + ALL_OF_RECENCY, "kpi_gaps": DATES, "kpi_acquired": DATES + ", '2025-06-01'", "kpi_marketing": DATES + ", NULL",
         "kpi_social": DATES + ", NULL", "kpi_renewals": DATES, "kpi_discovery": DATES + ", NULL, NULL",
         "cohorts_get": "'month', NULL, NULL, 50001", "rfm_get": "NULL, NULL"}
BY_ORDER = {"kpi_orders": "", "kpi_customers": "", "kpi_value": ", '2025-06-01'", "kpi_program_orders": ""}
GROUPED = ["kpi_surveys", "kpi_journey", "kpi_carts"]
LARGE = ["orders", "touchpoints", "cart_updates", "survey_responses", "reviews", "refunds"]
FILL = """
SET session_replication_role = replica;
INSERT INTO customers (customer_id, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, at, at
    FROM generate_series(0, 99999) AS n, LATERAL (SELECT timestamptz '2023-01-01' + n * interval '10 min') AS t(at);
INSERT INTO orders (customer_id, order_id, ordered_at, status, currency, discount, shipping, tax, tax_included, total, net, base_currency, base_total,
                    base_net, base_cost, base_net_with_cost, test, paid_at, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-' || lpad((n::bigint * 7919 % 100000)::text, 12, '0'))::uuid, ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, at,
           'paid', 'EUR', 0, 0, 0, true, 900, 900, 'EUR', 900, 900, 0, 0, false, at, at, at
    FROM generate_series(0, 999999) AS n, LATERAL (SELECT timestamptz '2023-01-01' + n * interval '90 s') AS t(at);
INSERT INTO refunds (customer_id, refund_id, order_id, amount, refunded_at, created_at)
    SELECT customer_id, order_id, order_id, 100, ordered_at, ordered_at FROM orders WHERE order_id::text LIKE '%3';
INSERT INTO touchpoints (customer_id, touchpoint_id, kind, at, channel, pages, created_at)
    SELECT customer_id, order_id, 'visit', ordered_at, 'search', 2, ordered_at FROM orders WHERE order_id::text LIKE '%5';
INSERT INTO cart_updates (customer_id, cart_id, updated_at, external_id, value, currency, base_currency, base_value, created_at)
    SELECT customer_id, order_id, ordered_at, order_id::text, 100, 'EUR', 'EUR', 100, ordered_at FROM orders WHERE order_id::text LIKE '%7';
INSERT INTO cart_states (customer_id, cart_id, started_at, abandoned_at, day)
    SELECT customer_id, cart_id, updated_at, updated_at, updated_at::date FROM cart_updates;
INSERT INTO reviews (customer_id, review_id, rating, reviewed_at, created_at)
    SELECT customer_id, order_id, 5, ordered_at, ordered_at FROM orders WHERE order_id::text LIKE '%1';
INSERT INTO surveys (survey_id, kind, name, created_at) VALUES ('00000000-0000-7000-8000-000000000001', 'nps', 'How likely?', now());
INSERT INTO survey_responses (customer_id, response_id, survey_id, score, answered_at, created_at)
    SELECT customer_id, order_id, '00000000-0000-7000-8000-000000000001', 9, ordered_at, ordered_at FROM orders WHERE order_id::text LIKE '%9';
ANALYZE;
"""


@pytest.fixture(scope="module")
def large(shops):
    """Names of statements and arguments -> plan."""
    shop: Shop = shops()
    shop.sql(FILL)

    def plan(name, args):
        with open(os.path.join(QUERIES, name + ".sql"), encoding="utf-8") as file:
            return explain(file.read().rstrip().rstrip(";"), args)

    def explain(text, args):
        lines = shop.sql(f"SET plan_cache_mode = force_custom_plan; PREPARE q AS {text}\n; EXPLAIN EXECUTE q ({args})")
        return "\n".join(line for line, in lines)
    plan.explain = explain
    yield plan
    shop.close()


def whole_tables(plan):
    """Fact tables that a plan reads from end to end: by a sequential scan, or by an index without a condition."""
    found = set(re.findall(r"Seq Scan on (\w+)", plan))
    for scan in re.finditer(r"^( *)(?:-> +)?(?:Parallel )?Index (?:Only )?Scan (?:Backward )?using \w+ on (\w+).*\n( *)(\S+ \S+)", plan, re.M):
        if scan[4] != "Index Cond:":
            found.add(scan[2])
    return found & set(LARGE)


def reads_what_is_derived(plan):
    assert not re.search(r" on (orders|refunds|touchpoints|cart_updates)\b", plan), plan
    assert not whole_tables(plan), plan


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_shop_is_read_without_its_orders(large, name):
    reads_what_is_derived(large(name, WHOLE[name]))


@pytest.mark.parametrize("dimension", ["channel", "campaign", "storefront", "country"])
@pytest.mark.parametrize("name", BY_ORDER)
def test_groups_of_orders_are_read_without_orders(large, name, dimension):
    reads_what_is_derived(large(name, f"{DATES}, '{dimension}'{BY_ORDER[name]}"))


@pytest.mark.parametrize("dimension", ["channel", "country"])
@pytest.mark.parametrize("name", GROUPED)
def test_groups_read_no_more_than_their_window(large, name, dimension):
    plan = large(name, f"{DATES}, '{dimension}'")
    assert not whole_tables(plan), plan


def test_a_plan_that_reads_everything_is_seen(large):
    """The check itself: a query without a window."""
    assert "orders" in whole_tables(large.explain("SELECT sum(total) FROM orders WHERE total > $1::bigint", "0"))
