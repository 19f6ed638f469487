"""Many clients want the same thing at the same time, and the service may die in between."""
import json
import random
import threading
import time

import pytest

from fault.journal import Request, exchange
from fault.stage import Stage, times

ORDER = {"customer": {"external_id": "c"}, "ordered_at": "2026-01-10T10:00:00Z", "currency": "EUR", "total": 100}


def _at_once(stage, requests):
    """All replies, in the order of the requests."""
    replies, barrier = [None] * len(requests), threading.Barrier(len(requests))

    def send(number):
        client = stage.client()
        barrier.wait()
        replies[number] = exchange(client, requests[number])
        client.close()
    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


@pytest.fixture(scope="module")
def stage(cluster, template):
    with Stage(cluster, template, "races", CICLO_WORKERS=2, CICLO_REQUEST_TIMEOUT_MS=40000) as stage:
        yield stage
        stage.record(acknowledged=stage.sql("SELECT count(*) FROM orders")[0][0], lost=0, duplicates=0, crashes=0)


def _count(stage, total):
    return stage.sql("SELECT count(*) FROM orders WHERE total = %s", total)[0][0]


@pytest.mark.parametrize("number", range(times(1, 8)))
def test_one_key_from_a_hundred_clients_makes_one_order(stage, number):
    """And the same key with another body makes none."""
    total = 1000 + number
    same, other = ({**ORDER, "total": value} for value in (total, 10**6 + total))
    key = {"Idempotency-Key": f"hundred-{number}"}
    replies = _at_once(stage, [Request("order", "POST", "/v1/orders", json.dumps(same).encode(), key)] * 100)
    assert {reply.status for reply in replies} <= {201, 409, 503}, {reply.status for reply in replies}
    made = [reply.document["id"] for reply in replies if reply.status == 201]
    assert made and len(set(made)) == 1 and _count(stage, total) == 1
    replies = _at_once(stage, [Request("order", "POST", "/v1/orders", json.dumps(other).encode(), key)] * 20)
    assert {reply.status for reply in replies} == {422} and {reply.code for reply in replies} == {"idempotency_mismatch"}
    assert _count(stage, 10**6 + total) == 0
    stage.faults += 120


@pytest.mark.parametrize("number", range(times(1, 8)))
def test_two_bodies_under_one_new_key_make_one_order(stage, number):
    totals = (2000 + 2 * number, 2001 + 2 * number)
    requests = [Request("order", "POST", "/v1/orders", json.dumps({**ORDER, "total": total}).encode(), {"Idempotency-Key": f"two-{number}"}) for total in totals] * 25
    replies = _at_once(stage, requests)
    assert {reply.status for reply in replies} <= {201, 409, 422, 503}
    assert sum(_count(stage, total) for total in totals) == 1
    winner = next(total for total in totals if _count(stage, total))
    for request, reply in zip(requests, replies):
        assert reply.status != 201 or reply.document["total"] == winner == json.loads(request.body)["total"]
    stage.faults += 50


@pytest.mark.parametrize("number", range(times(1, 8)))
def test_one_external_id_from_many_clients_is_one_row(stage, number):
    body = json.dumps({**ORDER, "external_id": f"same-{number}", "total": 3000 + number}).encode()
    replies = _at_once(stage, [Request("order", "POST", "/v1/orders", body)] * 50)
    assert {reply.status for reply in replies} <= {200, 201, 409, 503} and sum(reply.status == 201 for reply in replies) == 1, [reply.status for reply in replies]
    assert len({reply.document["id"] for reply in replies if reply.status in (200, 201)}) == 1 and _count(stage, 3000 + number) == 1
    customers = [Request("order", "PUT", f"/v1/customers/external:put-{number}", json.dumps({"name": f"n{client}"}).encode()) for client in range(50)]
    replies = _at_once(stage, customers)
    assert {reply.status for reply in replies} <= {200, 201, 409, 503} and any(reply.status < 300 for reply in replies), [reply.status for reply in replies]
    rows = stage.sql("SELECT p.name FROM customer_profiles AS p WHERE p.external_id = %s", f"put-{number}")
    assert len(rows) == 1 and rows[0][0] in {f"n{client}" for client, reply in enumerate(replies) if reply.status < 300}
    stage.faults += 100


@pytest.mark.parametrize("number", range(times(1, 5)))
def test_one_version_is_updated_by_one_client(stage, number):
    path = f"/v1/customers/external:patched-{number}"
    assert exchange(stage.client(), Request("order", "PUT", path, b'{"name": "first"}')).status == 201
    for version in range(1, 6):
        requests = [Request("update", "PATCH", path, json.dumps({"name": f"{version}-{client}"}).encode(), {"If-Match": f'"{version}"'}, "application/merge-patch+json")
                    for client in range(30)]
        replies = _at_once(stage, requests)
        done = [client for client, reply in enumerate(replies) if reply.status == 200]
        assert len(done) == 1 and {reply.status for reply in replies} <= {200, 409, 412, 503}, [reply.status for reply in replies]
        assert stage.sql("SELECT p.name, c.version FROM customer_profiles AS p JOIN customers AS c USING (customer_id) WHERE p.external_id = %s",
                         f"patched-{number}") == [(f"{version}-{done[0]}", version + 1)]
        stage.faults += 30


def test_a_key_whose_request_was_cut_off_by_a_crash_makes_one_order(cluster, template):
    """A hundred clients, one key, and the service is killed among them; then they all ask again."""
    rng = random.Random(3)
    with Stage(cluster, template, "key_and_crash") as stage:
        for number in range(times(3, 30)):
            total = 4000 + number
            request = Request("order", "POST", "/v1/orders", json.dumps({**ORDER, "total": total}).encode(), {"Idempotency-Key": f"crash-{number}"})
            killer = threading.Timer(rng.random() * 0.05, stage.server.kill)
            killer.start()
            replies = _at_once(stage, [request] * 20)
            killer.join()
            stage.server.kill()
            stage.start()
            assert _count(stage, total) <= 1
            told = {reply.document["id"] for reply in replies if reply.status == 201}
            again = exchange(stage.client(), request)
            while again.status in (409, 503):
                time.sleep(0.05)
                again = exchange(stage.client(), request)
            assert again.status == 201 and told <= {again.document["id"]} and _count(stage, total) == 1, (again, told)
            stage.faults += 1
        stage.record(acknowledged=number + 1, lost=0, duplicates=0, crashes=0)
