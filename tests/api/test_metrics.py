"""GET /metrics: what it counts, that it is bounded, whose it is."""
import re

from support.server import command, wait_until

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="[^"\\]*"(?:,|(?=\})))*)\})? (-?[0-9.]+)')


def _read(client):
    """{(name, labels): value}; every line has to be one of the text format."""
    answer = client.get("/metrics")
    assert answer.media_type == "text/plain"
    found, typed = {}, set()
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert name in typed or re.sub("_(bucket|sum|count)$", "", name) in typed, line
            assert (name, labels or "") not in found, line
            found[name, labels or ""] = float(value)
    return found


def _requests(metrics, method, route, status):
    return metrics.get(("ciclo_http_requests_total", f'method="{method}",route="{route}",status="{status}"'), 0)


def test_requests_are_counted_by_route_of_all_workers(new_shop):
    shop = new_shop(CICLO_WORKERS=3)
    for number in range(12):
        shop.client().post("/v1/customers", {"external_id": f"c{number}"})
        shop.client().get(f"/v1/customers/external:c{number}")
    for number in range(5):
        shop.client().get(f"/v1/customers/external:nobody{number}", 404)
        shop.client().get(f"/v1/nowhere{number}", 404)
    # A request is counted when it is over, which is after its client has the answer.
    wait_until(lambda: _requests(_read(shop.client()), "", "", "4xx") == 5, 30, "all requests are counted")
    metrics = _read(shop.client())
    assert _requests(metrics, "POST", "/v1/customers", "2xx") == 12
    assert _requests(metrics, "GET", "/v1/customers/{ref}", "2xx") == 12
    assert _requests(metrics, "GET", "/v1/customers/{ref}", "4xx") == 5
    assert _requests(metrics, "GET", "/metrics", "2xx") >= 1
    # Nothing that a client says is in it.
    assert not [labels for _, labels in metrics if "nobody" in labels or "nowhere" in labels or "c1" in labels]
    labels = 'method="POST",route="/v1/customers"'
    steps = [value for (name, at), value in metrics.items() if name == "ciclo_http_request_duration_seconds_bucket" and at.startswith(labels)]
    assert steps == sorted(steps) and steps[-1] == 12 == metrics["ciclo_http_request_duration_seconds_count", labels]
    assert metrics["ciclo_http_request_duration_seconds_sum", labels] > 0


def test_lanes_deriving_and_the_process(new_shop):
    shop = new_shop(CICLO_WORKERS=2)
    with shop.nobody_derives():
        for number in range(7):
            shop.order({"external_id": f"c{number}"}, "2026-01-01T00:00:00Z", 100)
        assert _read(shop.api)["ciclo_derive_backlog", 'of="days"'] >= 7
    wait_until(lambda: _read(shop.api)["ciclo_derive_backlog", 'of="days"'] == 0, 60, "all is derived")
    wait_until(lambda: _read(shop.api)["ciclo_database_connections_up", 'lane="write"'] == 4, 60, "two lanes are up")
    wait_until(lambda: _read(shop.api)["ciclo_database_group_members_total", 'lane="write"'] >= 7, 60, "writes are counted")
    metrics = _read(shop.api)
    assert metrics["ciclo_database_connections", 'lane="write"'] == 4 and metrics["ciclo_database_connections", 'lane="replica"'] == 0
    assert 1 <= metrics["ciclo_database_groups_total", 'lane="write"'] <= metrics["ciclo_database_group_members_total", 'lane="write"']
    assert metrics["ciclo_workers", ""] == 2
    assert metrics["process_open_fds", ""] > 10 and metrics["process_resident_memory_bytes", ""] > 1 << 20
    assert metrics["process_cpu_seconds_total", ""] > 0 and metrics["process_start_time_seconds", ""] > 1e9
    assert [name for name, _ in metrics].count("ciclo_build_info") == 1


def test_with_keys_it_wants_one_of_its_own(new_shop):
    shop = new_shop()
    keys = [command("key", "create", "--scopes", scope, database_url=shop.url).stdout.strip() for scope in ("metrics:read", "kpis:read")]
    assert shop.client(key=keys[0]).get("/metrics")
    assert shop.client(key=keys[1]).get("/metrics", 403).code == "missing_scope"
    assert shop.client().get("/metrics", 401).code == "missing_key"
