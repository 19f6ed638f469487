"""API keys: open on loopback without keys, closed as soon as there is one, scopes, and who may bind where."""
import os
import re

import pytest

from support.server import REPOSITORY, Server, command, wait_until

ALL = ["settings", "customers", "orders", "marketing", "touchpoints", "carts", "surveys", "reviews", "referrals", "loyalty", "subscriptions", "costs", "lifecycle", "privacy"]
EVERYTHING = ",".join([f"{name}:{action}" for name in ALL for action in ("read", "write")] + ["kpis:read", "metrics:read"])


def _create(shop, scopes, name="test"):
    done = command("key", "create", "--scopes", scopes, "--name", name, database_url=shop.url)
    assert done.returncode == 0, done.stderr
    return re.search(r"ciclo_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}", done.stdout).group()


@pytest.fixture(scope="module")
def locked(shops):
    """A shop that was started with keys in it."""
    opened = shops()
    opened.keys = {scopes: _create(opened, scopes) for scopes in (EVERYTHING, "orders:read", "kpis:read", "customers:write")}
    opened.server.stop()
    opened.start()
    yield opened
    opened.close()


def _paths(contract):
    for method, template, operation in contract.operations():
        path = template.replace("{date}", "2026-01-01").replace("{name}", "orders").replace("{code}", "not_found")
        yield method, re.sub(r"\{[^}]*\}", "external:x", path), operation


def _body(method):
    return {} if method in ("POST", "PUT", "PATCH") else None


def test_every_operation_under_v1_wants_a_key(locked, contract):
    for method, path, _ in _paths(contract):
        answer = locked.api.send(method, path, _body(method))
        if path.startswith("/v1/") or path == "/metrics":
            assert (answer.status, answer.code) == (401, "missing_key"), (method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        else:
            assert answer.status in (200, 404), (method, path)


@pytest.mark.parametrize("change", [lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"), lambda key: key[:-1], lambda key: key + "x",
                                    lambda key: "nonsense", lambda key: key.replace("_", "-"), lambda key: "ciclo_" + "A" * 12 + key[18:], lambda key: "' OR 1=1 --"])
def test_a_key_that_is_nearly_right_is_wrong(locked, change):
    answer = locked.client(key=change(locked.keys[EVERYTHING])).get("/v1/orders", 401)
    assert answer.code == "invalid_key"


def test_another_scheme_is_no_key(locked):
    answer = locked.api.get("/v1/orders", 401, headers={"Authorization": "Basic Y2ljbG86Y2ljbG8="})
    assert answer.code in ("missing_key", "invalid_key")


def test_each_operation_wants_exactly_its_scope(locked, contract):
    for scopes in ("orders:read", "kpis:read", "customers:write"):
        client = locked.client(key=locked.keys[scopes])
        for method, path, operation in _paths(contract):
            if not path.startswith("/v1/"):
                continue
            wanted = next(iter(operation.get("security", contract.document.get("security"))[0].values()))[0]
            answer = client.send(method, path, _body(method))
            if wanted == scopes:
                assert answer.status not in (401, 403), (method, path)
            else:
                assert (answer.status, answer.code) == (403, "missing_scope"), (method, path, answer.status)
                assert wanted in answer.json["detail"]


def test_a_key_with_all_scopes_may_do_everything(locked):
    client = locked.client(key=locked.keys[EVERYTHING])
    made = client.post("/v1/orders", {"customer": {"external_id": "c"}, "currency": "EUR", "total": 5, "ordered_at": "2026-01-01T00:00:00Z"}).json
    assert client.get(f"/v1/orders/{made['id']}").json == made
    assert client.get("/v1/kpis/orders", query={"from": "2026-01-01", "to": "2026-01-02"}).json["value"] == 1


def test_the_secret_is_stored_nowhere_and_logged_nowhere(locked):
    for key in locked.keys.values():
        secret = key.split("_", 2)[2]
        rows = locked.sql("SELECT row_to_json(k)::text FROM api_keys AS k")
        assert not any(secret in row for row, in rows) and secret not in locked.server.text()


def test_a_revoked_key_is_no_longer_accepted(locked):
    key = _create(locked, "orders:read", "short-lived")
    client = locked.client(key=key)
    client.get("/v1/orders")
    done = command("key", "revoke", key.split("_")[1], database_url=locked.url)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: client.send("GET", "/v1/orders").status == 401, 65, "a revoked key is refused")


def test_a_key_needs_scopes_that_exist(locked):
    for arguments in (["--scopes", "orders:fly"], ["--scopes", ""], []):
        done = command("key", "create", *arguments, database_url=locked.url)
        assert done.returncode != 0 and done.stderr and "ciclo_" not in done.stdout


def test_a_key_needs_no_name(locked):
    done = command("key", "create", "--scopes", "orders:read", database_url=locked.url)
    assert done.returncode == 0 and "unnamed" in command("key", "list", database_url=locked.url).stdout, done.stderr


def test_the_key_of_the_compose_file_may_do_everything(contract):
    with open(os.path.join(REPOSITORY, "docker", "compose.yaml"), encoding="utf-8") as file:
        listed = re.search(r'SCOPES: "([^"]*)"', file.read())[1]
    wanted = {scope for _, _, operation in contract.operations() for scheme in operation["security"] for scope in scheme["apiKey"]}
    assert set(re.split(r"[,\\\s]+", listed)) == wanted and len(wanted) > 20


def test_a_loopback_service_without_keys_is_open(shop):
    shop.api.get("/v1/orders")


def test_without_a_key_it_serves_no_other_address(shop):
    done = command("serve", database_url=shop.url, CICLO_LISTEN="0.0.0.0:0", timeout=30)
    assert done.returncode != 0 and "key" in done.stderr


def test_with_a_key_it_serves_any_address(locked):
    server = Server(locked.url, CICLO_LISTEN="0.0.0.0:0")
    server.stop()


@pytest.mark.parametrize("name, value", [("CICLO_LISTEN", "nonsense"), ("CICLO_LISTEN", "127.0.0.1:99999"), ("CICLO_WORKERS", "0"), ("CICLO_WORKERS", "many"),
                                         ("CICLO_LOG_LEVEL", "loud"), ("CICLO_IDLE_TIMEOUT_S", "-5")])
def test_a_bad_setting_is_named_and_nothing_starts(shop, name, value):
    done = command("serve", database_url=shop.url, timeout=30, **{name: value})
    assert done.returncode != 0 and name in done.stderr


def test_all_bad_settings_are_named_at_once(shop):
    done = command("serve", database_url=shop.url, timeout=30, CICLO_WORKERS="0", CICLO_LOG_LEVEL="loud", CICLO_DRAIN_TIMEOUT_MS="x")
    assert all(name in done.stderr for name in ("CICLO_WORKERS", "CICLO_LOG_LEVEL", "CICLO_DRAIN_TIMEOUT_MS"))
