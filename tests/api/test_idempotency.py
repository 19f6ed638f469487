"""Idempotency-Key: a request happens once, whatever the network does to its answers."""
import threading

import pytest

ORDER = {"customer": {"external_id": "c"}, "currency": "EUR", "total": 100, "ordered_at": "2026-01-10T10:00:00Z"}


def _key(value):
    return {"Idempotency-Key": value}


CREATES = [("/v1/customers", {"email": "keyed@example.com"}), ("/v1/orders", ORDER), ("/v1/spend", {"date": "2026-01-01", "amount": 1, "currency": "EUR", "category": "tools"}),
           ("/v1/campaigns", {"name": "Keyed"}), ("/v1/surveys", {"kind": "nps", "name": "Keyed"}),
           ("/v1/touchpoints", {"kind": "visit", "visitor": "keyed"})]


@pytest.mark.parametrize("path, body", CREATES, ids=[path for path, _ in CREATES])
def test_the_same_request_again_replays_the_first_answer(shop, path, body):
    before = len(shop.api.pages(path))
    first = shop.api.post(path, body, headers=_key("first"))
    again = shop.api.post(path, body, 201, headers=_key("first"))
    assert again.json == first.json and "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"
    assert len(shop.api.pages(path)) == before + 1
    assert shop.api.post(path, {**body, "external_id": "other"}, 422, headers=_key("first")).code == "idempotency_mismatch"
    assert len(shop.api.pages(path)) == before + 1


def test_refunds_and_cancelling_replay_too(shop):
    made = shop.api.post("/v1/orders", ORDER).json
    path = f"/v1/orders/{made['id']}"
    first = shop.api.post(f"{path}/refunds", {"amount": 60}, headers=_key("refund"))
    assert shop.api.post(f"{path}/refunds", {"amount": 60}, headers=_key("refund")).json == first.json
    assert shop.api.get(path).json["refunded"] == 60
    first = shop.api.post(f"{path}/cancel", {}, 200, headers=_key("cancel"))
    assert shop.api.post(f"{path}/cancel", {}, 200, headers=_key("cancel")).json == first.json


def test_answers_of_surveys_replay_too(shop):
    shop.api.post("/v1/surveys", {"external_id": "n", "kind": "nps", "name": "N"})
    path = "/v1/surveys/external:n/responses"
    first = shop.api.post(path, {"score": 5}, headers=_key("answer"))
    assert shop.api.post(path, {"score": 5}, headers=_key("answer")).json == first.json and len(shop.api.pages(path)) == 1


def test_a_key_belongs_to_its_path(shop):
    shop.api.post("/v1/orders", ORDER, headers=_key("path"))
    answer = shop.api.post("/v1/campaigns", {"name": "same key"}, headers=_key("path"))
    assert "Idempotent-Replayed" not in answer.headers


def test_a_failed_request_leaves_its_key_free(shop):
    shop.api.post("/v1/orders", {**ORDER, "currency": "euro"}, 422, headers=_key("failed"))
    shop.api.post("/v1/orders", {**ORDER, "customer": "external:nobody"}, 422, headers=_key("failed"))
    answer = shop.api.post("/v1/orders", ORDER, 201, headers=_key("failed"))
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize("value", ["", "x" * 256, "caf\u00e9"])
def test_a_bad_key_is_refused(shop, value):
    assert shop.client().post("/v1/orders", ORDER, 400, headers=_key(value.encode("latin-1"))).code in ("invalid_parameter", "malformed_request")


def test_two_keys_are_refused(shop):
    client = shop.client()
    client.connection.putrequest("POST", "/v1/campaigns")
    for name, value in (("Idempotency-Key", "a"), ("Idempotency-Key", "b"), ("Content-Type", "application/json"), ("Content-Length", "12")):
        client.connection.putheader(name, value)
    client.connection.endheaders(b'{"name":"x"}')
    assert client.connection.getresponse().status == 400


@pytest.mark.parametrize("threads, body", [(20, ORDER), (20, {**ORDER, "external_id": "keyed and named"})], ids=["nameless", "named"])
def test_one_key_from_many_threads_at_once_makes_one_row(shop, threads, body):
    before = len(shop.api.pages("/v1/orders"))
    key, barrier, answers = f"threads-{len(body)}", threading.Barrier(threads), []

    def post():
        client = shop.client()
        barrier.wait()
        answers.append(client.post("/v1/orders", body, (200, 201, 409), headers=_key(key)))
    running = [threading.Thread(target=post) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len(answers) == threads
    taken = [answer for answer in answers if answer.status != 409]
    assert taken and len({answer.json["id"] for answer in taken}) == 1
    assert sum(answer.status == 201 and "Idempotent-Replayed" not in answer.headers for answer in taken) <= 1
    assert len(shop.api.pages("/v1/orders")) == before + 1
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "write_conflict" and answer.headers["Retry-After"]


def test_a_key_outlives_the_process(new_shop):
    shop = new_shop()
    first = shop.api.post("/v1/orders", ORDER, headers=_key("restart"))
    shop.server.stop()
    shop.start()
    assert shop.api.post("/v1/orders", ORDER, headers=_key("restart")).json == first.json
