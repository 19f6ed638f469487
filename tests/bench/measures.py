"""What is measured, beside what. Each measure yields rows: (name, value, yardstick, reference, target)."""
import datetime
import http.client
import json
import os
import random
import re
import socket
import statistics
import sys
import threading
import time

import peers
from replay import ORDER_ID, record, script
from shop import FIRST_CUSTOMER, FIRST_ORDER, ORDER_TAIL, Shop
from stack import BINARY, CONNECTIONS, HERE, ROOT, Cluster, Nginx, Service, percentile, pgbench, run, wrk

ORDERS, CUSTOMERS = 10_000_000, 1_000_000  # at SCALE=1
STEPS = (0.01, 0.1, 1)
CREATE_BACKENDS = (8, 16, 32, 64)
READ_BACKENDS = (4, 8, 16, 32)
CORES = os.cpu_count()
IDLE = 1000            # connections that only poll, or do nothing
INCOMING = ((500, None), (2000, "<= 3"))  # orders a second beside a KPI, and the target
WINDOWS = (30, 90, 365)
DASHBOARDS = 30        # of each window, each another one
DASHBOARD_MS = 50
MEMORY_MIB = 64
BATCH = 10000
READ_ORDERS = 50000
PEER_TARGETS = (("Go", 2.2), ("Node", 3.5))
RUN = 1000000          # more orders than one client makes in one measurement
FAMILIES = ("orders", "customers", "value", "costs", "program_orders", "journey", "carts", "programs", "surveys", "marketing", "social")
TAKE_UNTIL = ("value", "costs")  # their fourth parameter: the last day whose facts count
# As the service sets the connections of its reports.
PLAIN = "SET statement_timeout = '{limit}s'; SET work_mem = '64MB'; SET jit = off; SET plan_cache_mode = force_custom_plan;\n\\timing on\n"
DERIVED = """SELECT coalesce(string_agg(oid::regclass::text, ', '), '') FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND obj_description(oid, 'pg_class') LIKE 'Derived%'"""
TABLES = """SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
AND coalesce(obj_description(oid, 'pg_class'), '') NOT LIKE 'Derived%' ORDER BY oid"""
# As the service sets the connections of its requests (session_settings.sql): in a small shop, tables are read whole else.
SESSION = ("enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "jit = off")
# Identities are the sequence's.
COLUMNS = """SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = ''"""

TEMPLATE = json.dumps({
    "external_id": "bench-{ORDER}", "customer": {"email": "pool-{CUSTOMER}@example.com"}, "currency": "EUR",
    "shipping": 395, "tax": 900, "tax_included": True, "channel": "search",
    "items": [{"sku": "TEA-EB-100", "name": "English breakfast tea 100 g", "quantity": 2, "unit_price": 650, "unit_cost": 240},
              {"sku": "MUG-ST-001", "name": "Stoneware mug", "quantity": 1, "unit_price": 1400, "unit_cost": 480},
              {"sku": "BIS-SH-200", "name": "Shortbread 200 g", "quantity": 3, "unit_price": 480, "discount": 100}]})


class Bench:
    def __init__(self, directory, scale, seconds, rounds, skipped):
        self.directory, self.scale, self.seconds, self.rounds, self.skipped = directory, scale, seconds, rounds, skipped
        self.runs, self.parts, self.seconds_of = 0, [], {}
        self.cluster = Cluster(os.path.join(directory, "cluster"))
        self.shop = Shop(self.cluster, max(10000, round(ORDERS * scale)), max(1000, round(CUSTOMERS * scale)))
        self.template = self.path("order.json", TEMPLATE)

    def all(self, only=()):
        """only: names of measures; growth loads the shop that all others look at."""
        run(BINARY, "migrate", env={**os.environ, "CICLO_DATABASE_URL": self.cluster.url("url-owner")})
        for measure in (self.growth, self.creates, self.reads, self.dashboards, self.kpi_beside_writes, self.batches, self.reads_beside_batches,
                        self.peers, self.fixed_answers, self.polls, self.memory, self.sizes):
            if only and measure.__name__ not in only and measure != self.growth:
                continue
            start = time.monotonic()
            try:
                yield from measure()
            except (OSError, RuntimeError) as failure:
                if measure == self.growth:  # all others stand on it
                    raise
                print(f"{measure.__name__}: {failure}", file=sys.stderr, flush=True)
                yield measure.__name__, None, {"note": "failed: see above"}
            self.seconds_of[measure.__name__] = round(time.monotonic() - start, 1)

    # ---- parts ----

    def path(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self, part):
        self.parts.append(part)
        return part

    def serve(self, **settings):
        """Another service in the place of the one that runs."""
        self.stop()
        self.service = self.start(Service(self.cluster.url(), self.directory, **settings))

    def stop(self):
        while self.parts:
            self.parts.pop().stop()

    def close(self):
        self.stop()
        self.cluster.drop()

    def in_turns(self, *sides):
        """[[result of each round] of each side]"""
        rounds = [[side() for side in sides] for _ in range(self.rounds)]
        return [list(side) for side in zip(*rounds)]

    def get(self, path, **headers):
        """(status, ETag), the body read to its end"""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            text = response.read()
            if response.status not in (200, 304):
                raise RuntimeError(f"GET {path}: {response.status} {text[:500]}")
            return response.status, response.getheader("ETag")
        finally:
            connection.close()

    def send(self, path, body, content_type="application/json"):
        status, text = self.service.request("POST", path, body, content_type)
        answer = json.loads(text)
        if status not in (200, 201) or answer.get("failed"):
            raise RuntimeError(f"POST {path}: {status} {text[:500]}")
        return answer

    # ---- loads ----

    def service_creates(self, base=None, seconds=None):
        self.runs += 1
        result = wrk(base or self.service.base, "create.lua", seconds or self.seconds, self.template, str(self.runs), str(self.shop.loaded_customers))
        if base is None:
            self.shop.forget()
        return result

    def service_reads(self, base=None, seconds=None):
        return wrk(base or self.service.base, "read.lua", seconds or self.seconds, self.ids)

    def pgbench_creates(self, connections, seconds=None):
        self.runs += 1
        return pgbench(self.yardstick, self.create, seconds or self.seconds, self.directory, connections, n=RUN * (9 + self.runs),
                       pool=self.shop.loaded_customers)

    def pgbench_reads(self, connections, seconds=None):
        return pgbench(self.yardstick, self.read, seconds or self.seconds, self.directory, connections)

    def best(self, load, backends):
        """How many connections are best for pgbench."""
        return max((load(n, max(1, self.seconds // 3)) for n in backends), key=lambda result: result["rate"])["connections"]

    # ---- measures ----

    def growth(self):
        """Loads the shop, and looks on the way how it does at parts of its size."""
        creates, dashboards = {}, {}
        for step in STEPS:
            self.stop()
            self.shop.grow(step)
            if step == 1:
                self._copy()
            self.serve()
            self.service_creates(seconds=1)  # warms up
            creates[step] = [self.service_creates()["rate"] for _ in range(self.rounds)]
            dashboards[step] = self._dashboards(90, 7)
        for small in STEPS[:-1]:
            yield "order creates/s, full size", creates[1], f"at {small:g} of the size", creates[small], ">= 0.8"
            yield "dashboard ms, 90 days, full size", dashboards[1], f"at {small:g} of the size", dashboards[small], "<= 5"

    def _copy(self):
        """What the service sends, as scripts; a copy of the database for pgbench and the peers."""
        self.cluster.psql("CREATE DATABASE yardstick OWNER ciclo_owner TEMPLATE ciclo STRATEGY file_copy", "postgres")
        for setting in SESSION:
            self.cluster.psql("ALTER DATABASE yardstick SET " + setting)
        self.yardstick = self.cluster.admin("yardstick")
        self.serve()
        answers = []

        def create():
            answers.append(self.send("/v1/orders", TEMPLATE.replace("{ORDER}", f"0-{len(answers)}").replace("{CUSTOMER}", str(FIRST_CUSTOMER))))
        creates = record(self.cluster, create)
        order = answers[-1]
        with open(os.path.join(HERE, "plain", "order_get.sql"), encoding="utf-8") as file:
            reads = [(file.read(), {1: order["id"]})]
        email = f"pool-{FIRST_CUSTOMER}@example.com"
        known = [(order["id"], ORDER_ID), (order["external_id"], "bench-%1$s-%2$s"), (order["customer_id"], "%4$s"), (email, "pool-%3$s@example.com")]
        self.create = self.path("create.sql", script(creates, known))
        # Both sides read the same orders, from all over the shop.
        count = min(READ_ORDERS, self.shop.orders)
        step = self.shop.orders // count
        self.ids = self.path("ids", "".join(f"{FIRST_ORDER + n * step}-0000-7000-8000-{ORDER_TAIL}\n" for n in range(count)))
        self.read = self.path("read.sql", f"\\set n {FIRST_ORDER} + {step} * random(0, {count - 1})\n\\set c {ORDER_TAIL}\n"
                              + script(reads, known).split("\n", 3)[3])
        hashes = re.findall(r'"content_hash":"([0-9a-f]{64})"', " ".join(str(values) for _, values in creates))
        marks = [(order["id"], "{ORDER}"), (order["external_id"], "{EXTERNAL}"), (order["customer_id"], "{CUSTOMER}"), (email, "{EMAIL}")]
        self.work = self.path("work.json", peers.work(creates, reads, marks + [(text, "{HASH}") for text in hashes], json.dumps(order)))

    def creates(self):
        best = self.best(self.pgbench_creates, CREATE_BACKENDS)
        sides = [self.service_creates, lambda: self.pgbench_creates(best)]
        own, at_best, *rest = self.in_turns(*sides, *([] if best == CONNECTIONS else [lambda: self.pgbench_creates(CONNECTIONS)]))
        as_many = rest[0] if rest else at_best
        yield "order creates/s", rates(own), f"pgbench, {best} connections, same SQL", max(rates(at_best), rates(as_many), key=statistics.median), ">= 1.8"
        yield "order creates p99 ms", p99s(own), f"pgbench, as many ({CONNECTIONS}) connections", p99s(as_many), "<= 1.0"
        yield "order creates p99 ms", p99s(own), f"pgbench, {best} connections", p99s(at_best), None

    def reads(self):
        self.service_reads(seconds=1)
        best = self.best(self.pgbench_reads, READ_BACKENDS)
        own, other = self.in_turns(self.service_reads, lambda: self.pgbench_reads(best))
        yield "order reads/s", rates(own), f"pgbench, {best} connections, by id", rates(other), ">= 0.9"

    def _window(self, days, shift):
        to = datetime.date.fromtimestamp(self.shop.end) - datetime.timedelta(days=1 + shift)
        return to - datetime.timedelta(days=days), to

    def _dashboards(self, days, most):
        """Milliseconds of first computations, each of another window; fewer than asked for when they take too long."""
        times, end = [], time.monotonic() + 3 * self.seconds
        for shift in range(most):
            start = time.monotonic()
            self.get("/v1/dashboard?from={}&to={}".format(*self._window(days, shift)))
            times.append((time.monotonic() - start) * 1000)
            if time.monotonic() > end and len(times) >= 3:
                break
        return times

    def _plain(self, days):
        """Milliseconds of the same by plain SQL, the faster of two; and whether that is only the least it can be."""
        limit = round(20 + 600 * self.scale)
        first, past = self._window(days, 0)
        text = [PLAIN.format(limit=limit)]
        for family in FAMILIES:
            # What reads facts in the service as well is the same statement on both sides.
            plain = os.path.join(HERE, "plain", family + ".sql")
            with open(plain if os.path.exists(plain) else os.path.join(ROOT, "sql", "queries", f"kpi_{family}.sql"), encoding="utf-8") as file:
                text.append(f"PREPARE {family} AS\n{file.read()}")
        for family in FAMILIES:
            until = f", '{datetime.date.today()}'" if family in TAKE_UNTIL else ""
            text.append(f"\\echo RUN\nEXECUTE {family} ('{{{first}}}', '{{{past}}}', NULL{until});\n")
        path = self.path("plain.sql", "\n".join(text))
        times = []
        for _ in range(2):
            try:
                answer = self.cluster.psql_words("-f", path)
            except (OSError, RuntimeError) as failure:
                if "statement timeout" in str(failure):
                    return limit * 1000, "at least"
                raise
            times.append(sum(float(ms) for ms in re.findall(r"^Time: ([0-9.]+) ms", answer.split("RUN\n", 1)[1], re.M)))
        return min(times), ""

    def dashboards(self):
        every, count = [], 0
        for days in WINDOWS:
            times = self._dashboards(days, DASHBOARDS)
            plain, least = self._plain(days)
            every, count = every + times, count + len(times)
            yield f"dashboard ms, {days} days", times, {"yardstick": f"plain SQL over the facts {least}".strip(), "reference": plain,
                                                       "target": ">= 100", "faster": True}
        yield f"dashboard ms, p99 of {count}", percentile(every, 99), "the limit", DASHBOARD_MS, "<= 1.0"

    def kpi_beside_writes(self):
        """The last days with today: another first day each time, so that no answer is there already."""
        first = datetime.date.today() - datetime.timedelta(days=29)

        def ask():
            connection, times, end = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60), [], time.monotonic() + 2 * self.seconds
            while time.monotonic() < end:
                start = time.monotonic()
                connection.request("GET", f"/v1/kpis/new_customers?from={first - datetime.timedelta(days=len(times) % 600)}")
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    raise RuntimeError(f"new_customers: {response.status}")
                times.append((time.monotonic() - start) * 1000)
                time.sleep(max(0, 0.02 - (time.monotonic() - start)))
            connection.close()
            return percentile(times, 99)

        def beside(incoming, came):
            self.runs += 1
            words = (self.service.base, "create.lua", 2 * self.seconds + 1, self.template, str(self.runs), str(self.shop.loaded_customers), str(incoming))
            load = threading.Thread(target=lambda: came.append(wrk(*words)["rate"]))
            load.start()
            time.sleep(0.5)
            try:
                return ask()
            finally:
                load.join()
                self.shop.forget()
        for incoming, target in INCOMING:
            came = []
            alone, busy = self.in_turns(ask, lambda: beside(incoming, came))
            if len(came) < self.rounds:
                raise RuntimeError("the orders beside the KPI did not come in")
            rate = statistics.median(came)
            note = f"of {incoming}/s only {rate:.0f}" if rate < 0.9 * incoming else None
            yield f"KPI p99 ms, {incoming:,} orders/s", busy, {"yardstick": "the same, no writes", "reference": alone, "target": target, "note": note}

    def _lines(self):
        self.runs += 1
        customer = random.Random(self.runs)
        return "".join(TEMPLATE.replace("{ORDER}", f"b{self.runs}-{n}").replace(
            "{CUSTOMER}", str(FIRST_CUSTOMER + customer.randrange(self.shop.loaded_customers))) + "\n" for n in range(BATCH))

    def _batch(self):
        lines = self._lines()
        start = time.monotonic()
        self.send("/v1/orders/batch", lines, "application/x-ndjson")
        return BATCH / (time.monotonic() - start)

    def _batch_rows(self):
        """[(table, columns, file)] of what one batch leaves in the tables of facts, all that is newer than a transaction before it.
        Derived tables are locked meanwhile, so that nobody takes the list of what has changed."""
        before = self.cluster.psql("SELECT pg_current_xact_id()")
        found = []
        with self.cluster.session() as lock:
            lock(f"BEGIN; LOCK TABLE {self.cluster.psql(DERIVED)} IN EXCLUSIVE MODE")
            self._batch()
            for table in self.cluster.psql(TABLES).split():
                columns = self.cluster.psql(COLUMNS.format(table=table))
                path = os.path.join(self.directory, "rows." + table)
                self.cluster.psql(f"\\copy (SELECT {columns} FROM {table} WHERE xmin::text::bigint >= {before}) TO '{path}'")
                if os.path.getsize(path):
                    found.append((table, columns, path))
        if not {"orders", "external_ids"} <= {table for table, _, _ in found}:
            raise RuntimeError(f"a batch left rows in {found} only")
        return found

    def batches(self):
        tables = []

        def own():
            rate = self._batch()
            self.shop.forget()
            return rate

        def copy():
            tables[:] = self._batch_rows()
            words = [word for table, columns, path in tables for word in ("-c", f"\\copy {table} ({columns}) FROM '{path}'")]
            self.shop.forget()
            start = time.monotonic()
            self.cluster.psql_words("-1", *words, database="yardstick")
            return BATCH / (time.monotonic() - start)
        self._batch()  # warms up
        sides = self.in_turns(own, copy)
        yield "orders/s, batches of 10,000", sides[0], f"COPY of the same rows, {len(tables)} tables", sides[1], ">= 0.5"

    def reads_beside_batches(self):
        stopped, sent = threading.Event(), []

        def load():
            while not stopped.is_set():
                sent.append(self._batch())

        def beside():
            stopped.clear()
            before, thread = len(sent), threading.Thread(target=load)
            thread.start()
            try:
                return self.service_reads(seconds=2 * self.seconds)
            finally:
                stopped.set()
                thread.join()
                self.shop.forget()
                if len(sent) == before:
                    raise RuntimeError("no batch came in beside the reads")
        alone, busy = self.in_turns(lambda: self.service_reads(seconds=2 * self.seconds), beside)
        yield "order reads p99 ms, batches come in", p99s(busy), "the same, no batches", p99s(alone), "<= 3"

    def peers(self):
        for name, target in PEER_TARGETS:
            found = {"creates": [], "reads": []}
            for pool in () if self.skipped[name] else peers.POOLS:
                peer = self.start(peers.start(name, self.yardstick.replace("user=postgres", "user=ciclo_app"), self.work, pool, self.directory))
                self.service_creates(peer.base, seconds=max(2, self.seconds))  # compiles and prepares
                found["creates"].append(self.service_creates(peer.base)["rate"])
                found["reads"].append(self.service_reads(peer.base)["rate"])
                self.parts.remove(peer)
                peer.stop()
            for what, own in (("creates", self.service_creates), ("reads", self.service_reads)):
                if self.skipped[name]:
                    yield f"order {what}/s", None, f"skipped: {self.skipped[name]}", None, None
                else:
                    yield f"order {what}/s", own()["rate"], f"{name}, best pool of {' or '.join(map(str, peers.POOLS))}", max(found[what]), f">= {target}"

    def fixed_answers(self):
        self.serve(CICLO_WORKERS=str(CORES))
        _, body = self.service.request("GET", "/healthz")
        nginx = self.start(Nginx(self.directory, body.decode().strip(), CORES))
        own, other = self.in_turns(lambda: wrk(self.service.base + "/healthz", "report.lua", self.seconds),
                                   lambda: wrk(nginx.base + "/", "report.lua", self.seconds))
        yield f"/healthz answers/s, {CORES} workers", rates(own), f"nginx, fixed answer, {CORES} workers", rates(other), ">= 0.9"

    def polls(self):
        path = "/v1/dashboard?from={}&to={}".format(*self._window(90, 0))
        tag = self.get(path)[1]
        polls, health = self.in_turns(
            lambda: wrk(self.service.base, "poll.lua", 2 * self.seconds, path, tag, connections=IDLE),
            lambda: wrk(self.service.base + "/healthz", "report.lua", 2 * self.seconds, connections=IDLE))
        status = self.get(path, **{"If-None-Match": tag})[0]
        note = None if status == 304 and polls[0]["bytes"] < 1000 else f"answered in full: {polls[0]['bytes']:.0f} bytes"
        yield f"dashboard polls/s, {IDLE:,} connections", rates(polls), {
            "yardstick": "/healthz, as many connections", "reference": rates(health), "target": ">= 0.5", "note": note}

    def memory(self):
        self.serve(CICLO_CONNECTION_LIMIT=str(IDLE + 2 * CONNECTIONS))
        idle = [socket.create_connection(("127.0.0.1", self.service.port)) for _ in range(IDLE)]
        for one in idle:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n")
            if b" 200 " not in one.recv(4096):
                raise RuntimeError("an idle connection was not answered")
        self.service_creates()
        self.service_reads()
        yield f"MiB at most, {IDLE:,} idle + {CONNECTIONS} busy", self.service.memory(), "the limit", MEMORY_MIB, "<= 1.0"
        for one in idle:
            one.close()

    def sizes(self):
        derived, facts = self.shop.sizes()
        yield "MiB of derived tables", derived, "MiB of facts", facts, None
        yield "s to derive everything", self.shop.seconds["derive"], "s to load the facts", self.shop.seconds["load"], None


def rates(results):
    return [result["rate"] for result in results]


def p99s(results):
    return [result["p99"] for result in results]
