"""Polling: an unchanged report costs a 304, the same report is computed once for all who wait, and no answer is older than its request."""
import contextlib
import json
import re
import threading
from datetime import datetime, timedelta, timezone

import psycopg2
import pytest

from support.cluster import Replica
from support.raw import Raw
from support.server import command, wait_until

WINDOW = {"from": "2026-01-01", "to": "2026-02-01"}
REPORTS = [("/v1/dashboard", WINDOW), ("/v1/kpis/orders", WINDOW), ("/v1/nps", WINDOW), ("/v1/cohorts", {}), ("/v1/segments/rfm", {"at": "2026-02-01"})]
AT = "2026-01-15T12:00:00Z"
CALLERS = 20
SECONDS = 30  # for what takes milliseconds
CUSTOMER = {"external_id": "c"}

# Every kind of fact, one that was not there before each. What a fact needs comes earlier in the list.
FACTS = [
    ("customer", "POST", "/v1/customers", {"external_id": "c"}),
    ("profile", "PATCH", "/v1/customers/external:c", {"country": "GB"}),
    ("campaign", "POST", "/v1/campaigns", {"external_id": "k", "name": "K"}),
    ("campaigns", "BATCH", "/v1/campaigns", {"external_id": "k2", "name": "K2"}),
    ("campaign day", "PUT", "/v1/campaigns/external:k/days/2026-01-15", {"clicks": 3}),
    ("campaign day again", "PUT", "/v1/campaigns/external:k/days/2026-01-15", {"clicks": 4}),
    ("spend", "POST", "/v1/spend", {"date": "2026-01-15", "amount": 5, "currency": "EUR", "category": "sales"}),
    ("spends", "BATCH", "/v1/spend", {"date": "2026-01-16", "amount": 6, "currency": "EUR", "category": "sales"}),
    ("social day", "PUT", "/v1/social/instagram/days/2026-01-15", {"followers": 3}),
    ("social day again", "PUT", "/v1/social/instagram/days/2026-01-15", {"followers": 4}),
    ("social days", "BATCH", "/v1/social", {"platform": "instagram", "date": "2026-01-16", "followers": 5}),
    ("survey", "POST", "/v1/surveys", {"external_id": "s", "kind": "nps", "name": "S"}),
    ("response", "POST", "/v1/surveys/external:s/responses", {"score": 9, "answered_at": AT}),
    ("order", "POST", "/v1/orders", {"external_id": "o", "customer": CUSTOMER, "ordered_at": AT, "currency": "EUR", "total": 900}),
    ("pending order", "POST", "/v1/orders", {"external_id": "o2", "customer": CUSTOMER, "ordered_at": AT, "currency": "EUR", "total": 900}),
    ("order changed", "PATCH", "/v1/orders/external:o", {"status": "fulfilled"}),
    ("refund", "POST", "/v1/orders/external:o/refunds", {"amount": 100, "refunded_at": AT}),
    ("touchpoint", "POST", "/v1/touchpoints", {"customer": CUSTOMER, "kind": "visit", "at": AT}),
    ("cart", "PUT", "/v1/carts/b", {"customer": CUSTOMER, "value": 5, "currency": "EUR", "updated_at": AT}),
    ("reminder", "POST", "/v1/carts/b/reminders", {"channel": "email", "sent_at": AT}),
    ("review", "POST", "/v1/reviews", {"customer": CUSTOMER, "rating": 4, "reviewed_at": AT}),
    ("referral", "POST", "/v1/referrals", {"referrer": "external:c", "customer": {"external_id": "d"}, "referred_at": AT}),
    ("member", "POST", "/v1/loyalty/members", {"external_id": "m", "customer": CUSTOMER, "joined_at": AT}),
    ("points", "POST", "/v1/loyalty/points", {"customer": CUSTOMER, "kind": "earned", "points": 5, "at": AT}),
    ("subscription", "POST", "/v1/subscriptions", {"external_id": "b", "customer": CUSTOMER, "interval": "month", "started_at": AT}),
    ("renewal", "POST", "/v1/subscriptions/external:b/renewals", {"renewed_at": AT}),
    ("cost", "POST", "/v1/costs", {"customer": CUSTOMER, "kind": "service", "amount": 5, "currency": "EUR", "incurred_at": AT}),
    ("identity", "POST", "/v1/customers/external:c/identities", {"kind": "visitor", "value": "v-1"}),
    ("link taken back", "DELETE", "/v1/customers/external:c/identities/visitor:v-1", None),
    ("order cancelled", "POST", "/v1/orders/external:o2/cancel", {}),
    ("member gone", "POST", "/v1/loyalty/members/external:m/leave", {}),
    ("subscription cancelled", "POST", "/v1/subscriptions/external:b/cancel", {}),
    ("settings", "PATCH", "/v1/settings", {"default_gross_margin": 0.3}),
]


def _etag(shop, path="/v1/dashboard", query=None):
    return shop.api.get(path, query=WINDOW if query is None else query).headers["ETag"]


def _send(shop, kind, path, body):
    if kind == "BATCH":
        shop.batch(path, [body])
    else:
        assert shop.api.send(kind, path, body, media_type="application/merge-patch+json" if kind == "PATCH" else "application/json").status in (200, 201)


# what a client keeps ------------------------------------------------------------------------------------

@pytest.mark.parametrize("path,query", REPORTS, ids=[path for path, _ in REPORTS])
def test_an_unchanged_report_costs_a_304_without_a_body(shop, path, query):
    first = shop.api.get(path, query=query)
    for given in (first.headers["ETag"], f'"other", {first.headers["ETag"]}', "*"):
        answer = shop.api.get(path, 304, query=query, headers={"If-None-Match": given})
        assert answer.body == b"" and answer.headers["ETag"] == first.headers["ETag"]
    for each in (first, answer):
        assert each.headers["Cache-Control"] == "private, max-age=0, must-revalidate" and each.headers["Vary"] == "Accept"
    assert first.headers["ETag"].startswith('W/"'), "as_of differs between answers that have it"
    assert shop.api.get(path, query=query, headers={"If-None-Match": '"other"'}).headers["ETag"] == first.headers["ETag"]


def test_no_aggregate_runs_for_a_304(new_shop):
    """The facts are locked: whoever wanted to read them would wait."""
    shop = new_shop(CICLO_REQUEST_TIMEOUT_MS=20000)
    tags = [(path, query, _etag(shop, path, query)) for path, query in REPORTS]
    with _locked(shop, "orders", "spend", "touchpoints", "cart_states", "survey_responses", "customers"):
        for path, query, tag in tags:
            shop.api.get(path, 304, query=query, headers={"If-None-Match": tag})


def test_no_report_waits_for_stages(new_shop):
    shop = new_shop(CICLO_REPORT_TIMEOUT_MS=5000)
    order = {"customer": {"external_id": "c"}, "currency": "EUR", "total": 100}
    with _locked(shop, "customer_stages"):
        for number in range(1, 4):
            shop.api.post("/v1/orders", {**order, "ordered_at": f"2026-01-1{number}T10:00:00Z"})
            for path, query in REPORTS:
                shop.api.get(path, query=query)
            assert shop.value("orders", "2026-01-10", "2026-01-20") == number
            assert shop.sql("SELECT count(DISTINCT customer_id) FROM stale_stages JOIN customers USING (customer_id)") == [(1,)]
    assert shop.api.get("/v1/customers/external:c").json["stage"] in ("retention", "lost")
    assert sum(stage["customers"] for stage in shop.api.get("/v1/lifecycle/stages").json["stages"]) == 1


def test_every_kind_of_fact_makes_a_new_etag(new_shop):
    shop = new_shop()
    before = {path: _etag(shop, path, query) for path, query in REPORTS}
    for name, kind, path, body in FACTS:
        _send(shop, kind, path, body)
        after = {each: _etag(shop, each, query) for each, query in REPORTS}
        assert all(after[each] != before[each] for each in after), name
        for each, query in REPORTS:
            shop.api.get(each, 304, query=query, headers={"If-None-Match": after[each]})
        before = after
    assert shop.sql("SELECT count(*) FROM customer_stages WHERE customer_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'") == [(0,)]
    done = command("check", database_url=shop.url)
    assert done.returncode == 0, done.stdout


def test_a_fact_of_nobody_does_not_make_everything_again(new_shop):
    shop = new_shop()
    shop.order({"external_id": "a"}, AT, 100)
    _etag(shop)
    shop.sql("UPDATE customer_days SET orders = 7")  # would be repaired by deriving it again
    shop.api.post("/v1/spend", {"date": "2026-01-15", "amount": 5, "currency": "EUR", "category": "sales"})
    _etag(shop)
    assert shop.sql("SELECT orders FROM customer_days") == [(7,)]


def test_a_repeated_fact_changes_nothing(shop):
    body = {"external_id": "same", "date": "2026-01-15", "amount": 5, "currency": "EUR", "category": "sales"}
    shop.api.post("/v1/spend", body, (200, 201))
    tag = _etag(shop)
    shop.api.post("/v1/spend", body, 200)
    assert _etag(shop) == tag


def test_reports_are_told_apart(shop):
    """By what they are, by parameters and by form; not by the order of parameters, or by a default that is spelt out."""
    asked = [("/v1/dashboard", {}), ("/v1/dashboard", WINDOW), ("/v1/dashboard", {**WINDOW, "interval": "week"}), ("/v1/kpis/orders", WINDOW),
             ("/v1/kpis/net_sales", WINDOW), ("/v1/kpis/nps", WINDOW), ("/v1/nps", WINDOW), ("/v1/kpis/average_order_value", WINDOW), ("/v1/kpis/average_order_value", {**WINDOW, "refunds": "on_refund_date"})]
    tags = [_etag(shop, path, query) for path, query in asked]
    tags += [shop.api.get("/v1/dashboard", query=WINDOW, headers={"Accept": "text/csv"}).headers["ETag"]]
    assert len(set(tags)) == len(tags)
    assert _etag(shop, "/v1/dashboard", dict(reversed(WINDOW.items()))) == tags[1]
    assert _etag(shop, "/v1/cohorts", {"interval": "month"}) == _etag(shop, "/v1/cohorts", {})
    shop.api.get("/v1/dashboard", 200, query=WINDOW, headers={"Accept": "text/csv", "If-None-Match": tags[1]})


def test_what_is_not_valid_is_refused_as_ever(shop):
    for path in ("/v1/kpis/orders?until=2026-01-01", "/v1/dashboard?from=2026-02-01&to=2026-01-01", "/v1/cohorts?from=2026-02-01&to=2026-01-01"):
        answer = shop.api.get(path, 400)
        assert answer.code == "invalid_parameter" and answer.headers["Cache-Control"] == "no-store" and "ETag" not in answer.headers
    shop.api.get("/v1/kpis/happiness", 404)


def test_a_default_that_means_today_is_good_for_a_day(new_shop):
    """Two places 25 hours apart have never the same day. The zone changes behind the back of the service, so that nothing else does."""
    shop = new_shop()
    asked = [("/v1/dashboard", {}), ("/v1/kpis/orders", {"from": "2026-01-01"}), ("/v1/kpis/clv_historic", WINDOW), ("/v1/cohorts", {}), ("/v1/segments/rfm", {}),
             ("/v1/nps", {}), ("/v1/kpis/orders", WINDOW), ("/v1/kpis/clv_historic", {**WINDOW, "until": "2026-02-01"}), ("/v1/segments/rfm", {"at": "2026-02-01"})]
    tags = []
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        shop.sql("UPDATE settings SET time_zone = %s", zone)
        tags.append([_etag(shop, path, query) for path, query in asked])
    assert [one == other for one, other in zip(*tags)] == [False] * 6 + [True] * 3


def test_while_much_waits_to_be_derived_no_answer_is_kept(new_shop):
    """Nobody can derive here. What needs nothing of it is computed nevertheless, and its ETag is good for nothing."""
    shop = new_shop()
    _etag(shop)
    connection = psycopg2.connect(shop.url)
    try:
        connection.cursor().execute("SELECT pg_advisory_lock(426835799152)")
        shop.batch("/v1/orders", [{"customer": {"external_id": f"c{n}"}, "ordered_at": AT, "currency": "EUR", "total": 1} for n in range(600)])
        spend = {"date": "2026-01-05", "amount": 600, "currency": "EUR", "category": "advertising"}
        shop.api.post("/v1/spend", spend)
        before = shop.api.get("/v1/kpis/marketing_spend", query=WINDOW)
        shop.api.post("/v1/spend", {**spend, "amount": 1})
        after = shop.api.get("/v1/kpis/marketing_spend", 200, query=WINDOW, headers={"If-None-Match": before.headers["ETag"]})
        assert (before.json["value"], after.json["value"]) == (600, 601)
    finally:
        connection.close()


# what time alone changes ---------------------------------------------------------------------------------

def _soon(seconds=3, **ago):
    return datetime.now(timezone.utc) + timedelta(seconds=seconds) - timedelta(**ago)


def _abandon(shop):
    """A cart that nobody has touched for almost an hour."""
    shop.api.put("/v1/carts/left", {"visitor": "v", "value": 5, "currency": "EUR", "updated_at": _soon(minutes=60).isoformat()})
    return "cart_abandonment_rate", "numerator"


def _convert(shop):
    """A cart whose order lies a little ahead."""
    shop.api.put("/v1/carts/bought", {"visitor": "w", "value": 5, "currency": "EUR", "updated_at": _soon(minutes=5).isoformat()})
    shop.api.post("/v1/orders", {"customer": {"external_id": "w"}, "cart": "bought", "ordered_at": _soon().isoformat(), "currency": "EUR", "total": 5})
    return "cart_abandonment_rate", "denominator"


def _recover(shop):
    """The same with a cart that had been abandoned before."""
    shop.api.put("/v1/carts/back", {"visitor": "x", "value": 5, "currency": "EUR", "updated_at": _soon(minutes=200).isoformat()})
    shop.api.post("/v1/orders", {"customer": {"external_id": "x"}, "cart": "back", "ordered_at": _soon().isoformat(), "currency": "EUR", "total": 5})
    return "cart_recovery_rate", "numerator"


def _fall_due(shop):
    """A weekly subscription of almost a week ago."""
    shop.api.post("/v1/subscriptions", {"customer": {"external_id": "y"}, "interval": "week", "started_at": _soon(days=7).isoformat()})
    return "subscription_renewal_rate", "denominator"


@pytest.mark.parametrize("make", [_abandon, _convert, _recover, _fall_due])
def test_time_alone_makes_a_new_etag(new_shop, make):
    shop = new_shop()
    kpi, part = make(shop)
    path = f"/v1/kpis/{kpi}"
    before = shop.api.get(path)
    other = _etag(shop, "/v1/kpis/orders", {})
    same = {"headers": {"If-None-Match": before.headers["ETag"]}}
    shop.api.get(path, 304, **same)
    after = wait_until(lambda: (answer := shop.api.get(path, (200, 304), **same)).status == 200 and answer, SECONDS, "the instant has come")
    assert (after.json[part] or 0) == (before.json[part] or 0) + 1
    shop.api.get(path, 304, headers={"If-None-Match": after.headers["ETag"]})
    assert _etag(shop, "/v1/kpis/orders", {}) == other, "which time does not change"


# one computation for all ---------------------------------------------------------------------------------

@contextlib.contextmanager
def _locked(shop, *tables):
    """Whoever reads these tables waits. Ends with the lock."""
    connection = psycopg2.connect(shop.url)
    try:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        connection.close()


def _stuck(shop):
    """How many statements wait for the lock."""
    return shop.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")[0][0]


def _request(path="/v1/dashboard", **fields):
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"GET {path}?from=2026-01-01&to=2026-02-01 HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()


def _settle(shop):
    """All that was sent before this has arrived: one thread serves all, and this goes round its loop."""
    for _ in range(3):
        Raw(shop.server.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ends()


def _first(shop, **fields):
    """A report that is under way: it has its snapshot, and waits for the lock."""
    one = Raw(shop.server.port, _request(**fields))
    wait_until(lambda: _stuck(shop) == 1, SECONDS, "the report waits for the lock")
    return one


def _body(answers):
    (status, fields, body), = answers
    assert status == 200, body
    return fields, json.loads(body)


def _kpi(document, name):
    return next(kpi for stage in document["stages"] for kpi in stage["kpis"] if kpi["kpi"] == name)


def test_identical_requests_share_one_computation(new_shop):
    shop = new_shop()
    with _locked(shop, "spend"):
        first = _first(shop)
        others = [Raw(shop.server.port, _request(X_Request_Id=f"caller-{n}")) for n in range(CALLERS)]
        _settle(shop)
        assert _stuck(shop) == 1, "the others wait for the next, which has not begun"
    documents = [_body(each.read(1, SECONDS)) for each in (first, *others)]
    times = [document["as_of"] for _, document in documents]
    assert len(set(times[1:])) == 1 and times[0] < times[1], "two computations for 21 requests"
    for number, (fields, _) in enumerate(documents[1:]):
        assert f"X-Request-Id: caller-{number}\r\n" in fields
        assert len(re.findall("(?i)^etag:", fields, re.M)) == len(re.findall("(?i)^cache-control:", fields, re.M)) == 1


def test_each_caller_has_a_304_of_its_own(new_shop):
    shop = new_shop()
    tag = _etag(shop)
    with _locked(shop, "spend"):
        first = _first(shop)
        others = [Raw(shop.server.port, _request(If_None_Match=tag if n % 2 else '"other"')) for n in range(CALLERS)]
        _settle(shop)
    _body(first.read(1, SECONDS))
    assert [each.read(1, SECONDS)[0][0] for each in others] == [304 if n % 2 else 200 for n in range(CALLERS)]


def test_a_write_that_was_acknowledged_is_in_a_report_that_is_asked_for_after_it(new_shop):
    """While the same report is being computed, from a snapshot that does not have it."""
    shop = new_shop()
    shop.order({"external_id": "a"}, AT, 100)
    tag = _etag(shop)
    with _locked(shop, "spend"):
        first = _first(shop)
        shop.order({"external_id": "b"}, AT, 100)
        second = Raw(shop.server.port, _request())
        third = Raw(shop.server.port, _request(If_None_Match=tag))
        _settle(shop)
    old, new, newer = (_body(each.read(1, SECONDS)) for each in (first, second, third))
    assert [_kpi(document, "orders")["value"] for _, document in (old, new, newer)] == [1, 2, 2]
    assert tag in old[0] and tag not in new[0]


def test_a_report_derives_once_whatever_comes_in_meanwhile(new_shop):
    """What was acknowledged before it was asked for is in it; nobody waits for what came later: here none could derive that."""
    shop = new_shop()
    _etag(shop)  # all is derived
    connection = psycopg2.connect(shop.url)
    next_in_line = threading.Thread(target=connection.cursor().execute, args=("SELECT pg_advisory_lock(426835799152)",))
    try:
        with _locked(shop, "customer_days"):
            shop.order({"external_id": "a"}, AT, 100)  # behind the lock: housekeeping is quick
            report = Raw(shop.server.port, _request())
            wait_until(lambda: _stuck(shop) == 2, SECONDS, "the report and housekeeping derive")
            next_in_line.start()
            wait_until(lambda: _stuck(shop) == 3, SECONDS, "after these two nobody can")
            shop.order({"external_id": "b"}, AT, 100)
        assert _kpi(_body(report.read(1, SECONDS))[1], "orders")["value"] >= 1
    finally:
        if next_in_line.ident is not None:
            next_in_line.join()
        connection.close()


@pytest.mark.parametrize("table", ["spend", "data_version"])
def test_who_hangs_up_disturbs_nobody(new_shop, table):
    """Also the one that the others wait with, before and after the data were asked for their version."""
    shop = new_shop()
    with _locked(shop, table):
        callers = [_first(shop), Raw(shop.server.port, _request())]
        _settle(shop)  # the second is the first of those who wait
        callers += [Raw(shop.server.port, _request()) for _ in range(CALLERS - 1)]
        _settle(shop)
        for gone in (0, 1, 7, CALLERS):
            callers[gone].socket.close()
        _settle(shop)
    for number, caller in enumerate(callers):
        if number not in (0, 1, 7, CALLERS):
            _body(caller.read(1, SECONDS))
    shop.api.get("/v1/dashboard", query=WINDOW)


def test_all_may_hang_up(new_shop):
    shop = new_shop()
    with _locked(shop, "spend"):
        callers = [_first(shop)] + [Raw(shop.server.port, _request()) for _ in range(CALLERS)]
        _settle(shop)
        for caller in callers:
            caller.socket.close()
        _settle(shop)
    shop.api.get("/v1/dashboard", query=WINDOW)


def test_a_failure_is_everybodys_own_problem(new_shop):
    shop = new_shop(CICLO_REPORT_TIMEOUT_MS=1000)
    with _locked(shop, "spend"):
        first = _first(shop)
        others = [Raw(shop.server.port, _request(X_Request_Id=f"caller-{n}")) for n in range(CALLERS)]
        answers = [each.read(1, SECONDS)[0] for each in (first, *others)]
    for number, (status, fields, body) in enumerate(answers[1:]):
        problem = json.loads(body)
        assert (status, problem["code"]) == (504, "deadline_exceeded") and problem["instance"] == f"urn:ciclo:request:caller-{number}"
        assert "no-store" in fields and "ETag" not in fields
    assert answers[0][0] == 504


def test_a_caller_whose_time_is_up_has_its_own_504(new_shop):
    shop = new_shop(CICLO_REQUEST_TIMEOUT_MS=1000, CICLO_REPORT_TIMEOUT_MS=20000)
    with _locked(shop, "spend"):
        first = _first(shop)
        others = [Raw(shop.server.port, _request()) for _ in range(3)]
        assert [each.read(1, SECONDS)[0][0] for each in (first, *others)] == [504] * 4
    wait_until(lambda: shop.api.send("GET", "/v1/dashboard", query=WINDOW).status == 200, SECONDS, "the next is answered")


def test_many_poll_while_facts_come_in(new_shop):
    """Every poller sees the numbers grow, never behind what was acknowledged before it asked."""
    shop = new_shop(CICLO_WORKERS=2)
    done, faults, written = threading.Event(), [], [0]

    def poll():
        api, tag, headers = shop.client(), None, {}
        seen = 0
        while not done.is_set():
            least = written[0]
            answer = api.get("/v1/kpis/orders", (200, 304), query=WINDOW, headers=headers)
            if answer.status == 200:
                seen, tag = answer.json["value"], answer.headers["ETag"]
                headers = {"If-None-Match": tag}
            if seen < least:
                faults.append((seen, least, tag))
    pollers = [threading.Thread(target=poll) for _ in range(6)]
    for each in pollers:
        each.start()
    for number in range(60):
        shop.order({"external_id": f"c{number}"}, AT, 100)
        written[0] += 1
    done.set()
    for each in pollers:
        each.join()
    assert not faults


# on a replica ----------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def replica(cluster):
    copy = Replica(cluster)
    try:
        yield copy.start()
    finally:
        copy.remove()


def _replicated(new_shop, replica):
    """A shop whose reports go to the replica."""
    shop = new_shop()
    shop.server.stop()
    shop.extra["CICLO_REPORT_DATABASE_URL"] = replica.url(shop.database)
    wait_until(lambda: replica.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname = %s", shop.database) == [(1,)], SECONDS, "the database is there")
    shop.start()
    wait_until(lambda: sum('"db_connected","lane":"replica"' in line for line in shop.server.lines) == 2, SECONDS, shop.server.text)
    return shop


def _on_primary(shop):
    return [line for line in shop.server.lines if '"report_on_primary"' in line]


def test_a_report_on_a_replica_is_exact(new_shop, replica):
    """Every write is in the report that is asked for right after it, and the replica computes it."""
    shop = _replicated(new_shop, replica)
    for number in range(20):
        shop.order({"external_id": f"c{number}"}, AT, 100)
        dashboard = shop.api.get("/v1/dashboard", query=WINDOW)
        assert _kpi(dashboard.json, "orders")["value"] == shop.value("orders", *WINDOW.values()) == number + 1
        assert sum(cohort["customers"] for cohort in shop.api.get("/v1/cohorts").json["cohorts"]) == number + 1
        shop.api.get("/v1/dashboard", 304, query=WINDOW, headers={"If-None-Match": dashboard.headers["ETag"]})
    assert not _on_primary(shop)
    scans = "SELECT sum(seq_scan + coalesce(idx_scan, 0)) FROM pg_stat_user_tables WHERE relname = 'customer_days'"
    wait_until(lambda: replica.sql(shop.database, scans)[0][0] > 0, SECONDS, "the replica has read days of customers")


def test_a_replica_that_is_behind_or_away_is_not_waited_for(new_shop, replica):
    shop = _replicated(new_shop, replica)
    replica.sql("postgres", "SELECT pg_wal_replay_pause()")
    try:
        shop.order({"external_id": "a"}, AT, 100)
        assert shop.value("orders", *WINDOW.values()) == 1
        assert any("behind" in line for line in _on_primary(shop))
    finally:
        replica.sql("postgres", "SELECT pg_wal_replay_resume()")
    replica.stop()
    shop.order({"external_id": "b"}, AT, 100)
    assert shop.value("orders", *WINDOW.values()) == 2
    shop.api.get("/readyz")
    assert any("away" in line or "answer" in line for line in _on_primary(shop))
