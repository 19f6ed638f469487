"""The checker itself: it must see what is lost, doubled, changed and made up, else no other test here proves anything."""
import dataclasses

import pytest

from fault.checker import Checker
from fault.journal import Reply
from fault.stage import Stage

COPY = """INSERT INTO orders SELECT (json_populate_record(NULL::orders, (to_jsonb(o) || jsonb_build_object('order_id', gen_random_uuid(), 'items', %s))::json)).*
          FROM (SELECT * FROM orders ORDER BY order_id LIMIT 1) AS o"""
TAMPERED = {
    "lost": ("A: orders", "DELETE FROM orders WHERE order_id = (SELECT order_id FROM orders WHERE refunded = 0 ORDER BY order_id LIMIT 1)"),
    "changed": ("A: orders", "UPDATE orders SET total = total + 1 WHERE order_id = (SELECT order_id FROM orders ORDER BY order_id LIMIT 1)"),
    "there twice": ("A: orders", COPY % "o.items"),
    "made up": ("B: orders", COPY % """'[{"sku": "nobody"}]'::json"""),
    "refund lost": ("A: refunds", "DELETE FROM refunds WHERE refund_id = (SELECT min(refund_id::text)::uuid FROM refunds)"),
    "version lost": ("A: /v1/customers", "UPDATE customers SET version = version - 1 WHERE customer_id = (SELECT customer_id FROM customers ORDER BY version DESC LIMIT 1)"),
    "version made up": ("B: /v1/customers", "UPDATE customers SET version = version + 1 WHERE customer_id = (SELECT customer_id FROM customers ORDER BY version DESC LIMIT 1)"),
    "name changed": ("A: /v1/customers", "UPDATE customer_profiles SET name = 'else' WHERE customer_id = (SELECT customer_id FROM customers ORDER BY version DESC LIMIT 1)"),
}


@pytest.fixture(scope="module")
def stage(cluster, template):
    """A shop that was told enough of everything, and a journal of it."""
    with Stage(cluster, template, "oracle", seed=1) as stage:
        with stage.load:
            stage.load.wait_acknowledged(150)
        yield stage


def _found(stage, journal=None):
    return Checker(journal or stage.load.journal, stage.sql).rows().updates().violations


def test_nothing_is_found_where_nothing_is_wrong(stage):
    assert not stage.load.violations and not _found(stage)
    assert {request.kind for request, _ in stage.load.journal.requests} == {"order", "refund", "batch", "update", "read", "kpi"}


@pytest.mark.parametrize("what", TAMPERED)
def test_it_is_seen_that_a_row_is(stage, what):
    rule, statement = TAMPERED[what]
    tampered = f"{stage.database}_{what.replace(' ', '_')}"
    stage.server.stop() if stage.server.alive() else None  # pylint: disable=expression-not-assigned
    stage.cluster.create_database(tampered, stage.database)
    try:
        def sql(text):
            return stage.cluster.sql(tampered, text)
        sql(statement)
        found = Checker(stage.load.journal, sql).rows().updates().violations
        assert found and any(text.startswith(rule) for text in found), found
    finally:
        stage.cluster.drop_database(tampered)


def test_a_refused_write_may_not_be_there(stage):
    """Every 2xx becomes a 503 that says that nothing was stored: then nothing of it may be there."""
    journal = stage.load.journal
    request = next(request for request, _ in journal.requests if request.kind == "order")
    kept = list(request.replies)
    request.replies[:] = [dataclasses.replace(kept[0], status=503, document={"code": "database_unavailable", "detail": "nothing was stored; try again"})]
    try:
        assert any("is refused, and 1 times there" in text for text in _found(stage))
        request.replies[:] = [Reply(0, 0, error="ConnectionResetError")]
        assert not _found(stage), "unknown may be there"
    finally:
        request.replies[:] = kept
