#!/usr/bin/env python3
"""make bench: the service beside its yardsticks, in turns in one run, on a throw-away cluster and loopback.

Absolute numbers belong to a machine; the ratios are what to look at. Writes build/bench.json.
SCALE multiplies how long each measurement takes.
"""
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

from replay import ORDER_ID, record, script  # noqa: E402
from stack import ROOT, Cluster, Nginx, Service, pgbench, run, until, wrk  # noqa: E402

SECONDS = max(2, round(3 * float(os.environ.get("SCALE", "1"))))
ROUNDS = 3           # the median of three; the sides take turns
POOL = 20000         # customers that orders are drawn from
REPORT_SECONDS = 2   # how long the slow report is kept waiting
READ_BACKENDS = (4, 8, 16, 32)
RUN = 1000000        # more orders than one client makes in one measurement

TEMPLATE = json.dumps({
    "external_id": "bench-{ORDER}", "customer": {"email": "pool-{CUSTOMER}@example.com"}, "currency": "EUR",
    "ordered_at": "2026-01-15T10:20:30Z", "shipping": 395, "tax": 900, "tax_included": True, "channel": "search",
    "items": [{"sku": "TEA-EB-100", "name": "English breakfast tea 100 g", "quantity": 2, "unit_price": 650, "unit_cost": 240},
              {"sku": "MUG-ST-001", "name": "Stoneware mug", "quantity": 1, "unit_price": 1400, "unit_cost": 480},
              {"sku": "BIS-SH-200", "name": "Shortbread 200 g", "quantity": 3, "unit_price": 480, "discount": 100}]})


class Bench:
    def __init__(self, directory):
        self.directory, self.runs = directory, 0
        self.cluster = Cluster(os.path.join(directory, "cluster"))
        self.service = self.nginx = None

    def close(self):
        for part in (self.service, self.nginx):
            if part:
                part.stop()
        self.cluster.drop()

    def path(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def prepare(self):
        """The service with its customers; its statements as scripts; a copy of the database for pgbench."""
        run(os.environ["CICLO_BIN"], "migrate", env={**os.environ, "CICLO_DATABASE_URL": self.cluster.url("url-owner")})
        self.service = Service(self.cluster.url(), self.directory)
        pool = "".join(json.dumps({"email": f"pool-{100000 + k}@example.com"}) + "\n" for k in range(POOL)).encode().splitlines(True)
        for start in range(0, POOL, 5000):
            status, text = self.service.request("POST", "/v1/customers/batch", b"".join(pool[start:start + 5000]), "application/x-ndjson")
            assert status == 200 and json.loads(text)["failed"] == 0, text[:500]
        self.service.stop()
        self.service = None
        self.cluster.psql("ANALYZE")
        self.cluster.psql("CREATE DATABASE yardstick TEMPLATE ciclo", "postgres")
        self.service = Service(self.cluster.url(), self.directory)
        self.yardstick = self.cluster.url("url-admin").replace("/ciclo?", "/yardstick?")
        self.template = self.path("order.json", TEMPLATE)
        self._record()

    def _record(self):
        answers = []

        def send(method, path, body=None):
            status, text = self.service.request(method, path, body)
            assert status in (200, 201), text
            answers.append(json.loads(text))
        create = record(self.cluster, lambda: send("POST", "/v1/orders", TEMPLATE.replace(
            "{ORDER}", f"0-{len(answers)}").replace("{CUSTOMER}", "100000")))
        order = answers[-1]
        read = record(self.cluster, lambda: send("GET", f"/v1/orders/{order['id']}"))
        known = [(order["id"], ORDER_ID), (order["external_id"], "bench-%1$s-%2$s"), (order["customer_id"], "%4$s"),
                 ("pool-100000@example.com", "pool-%3$s@example.com")]
        self.create = self.path("create.sql", script(create, known))
        self.create_pipelined = self.path("create_pipelined.sql", script(create, known, pipelined=True))
        # Reads take the orders that pgbench made: client 0 to 63 of the first run, the first fifty of each.
        body = script(read, known).split("\n", 3)[3]
        self.read = self.path("read.sql", f"\\set n random({RUN * 10 + 1}, {RUN * 10 + 50})\n"
                              "\\set c 100000000000 + random(0, 63)\n" + body)

    def service_creates(self):
        self.runs += 1
        return wrk(self.service.base, "create.lua", SECONDS, self.template, str(self.runs), str(POOL))

    def pgbench_creates(self, path):
        self.runs += 1
        return pgbench(self.yardstick, path, SECONDS, self.directory, n=RUN * (9 + self.runs), pool=POOL)

    def service_reads(self, seconds=SECONDS):
        return wrk(self.service.base, "read.lua", seconds, self.ids)

    def pgbench_reads(self):
        return max((pgbench(self.yardstick, self.read, max(1, SECONDS // 2), self.directory, backends, pool=POOL)
                    for backends in READ_BACKENDS), key=lambda result: result["rate"])

    def in_turns(self, *sides):
        """[[result of each round] of each side]"""
        rounds = [[side() for side in sides] for _ in range(ROUNDS)]
        return list(zip(*rounds))

    def creates(self):
        self.pgbench_creates(self.create)  # also warms up, and makes the orders that pgbench_reads takes
        self.service_creates()
        own, plain, pipelined = self.in_turns(self.service_creates, lambda: self.pgbench_creates(self.create),
                                              lambda: self.pgbench_creates(self.create_pipelined))
        yield row("order creates/s", own, "rate", plain, "pgbench, 64 clients, the same SQL", 0.8)
        yield row("order creates/s", own, "rate", pipelined, "the same, pipelined", None)
        yield row("order creates p99 ms", own, "p99", plain, "pgbench, 64 clients, the same SQL", 1.0, less=True)
        yield row("order creates p99 ms", own, "p99", pipelined, "the same, pipelined", None, less=True)

    def reads(self):
        ids = self.cluster.psql("SELECT order_id FROM orders LIMIT 20000").split()
        random.Random(1).shuffle(ids)
        self.ids = self.path("ids", "\n".join(ids[:5000]) + "\n")
        for database in ("ciclo", "yardstick"):
            self.cluster.psql("VACUUM ANALYZE", database)
        own, best = self.in_turns(self.service_reads, self.pgbench_reads)
        yield row("order reads/s", own, "rate", best, "pgbench, best of 4 to 32 clients", None)

    def fixed_answers(self):
        _, body = self.service.request("GET", "/healthz")
        self.nginx = Nginx(self.directory, body.decode().strip())
        own, nginx = self.in_turns(lambda: wrk(self.service.base + "/healthz", "report.lua", SECONDS),
                                   lambda: wrk(self.nginx.base + "/", "report.lua", SECONDS))
        yield row("/healthz answers/s", own, "rate", nginx, "nginx, fixed answer", None)

    def reads_beside_report(self):
        """A report that the database keeps waiting: the tables it needs are locked."""
        seconds = []

        def report():
            start = time.monotonic()
            status, text = self.service.request("GET", "/v1/nps?from=2026-01-01&to=2026-02-01")
            assert status == 200, text
            seconds.append(time.monotonic() - start)

        def hold():
            self.cluster.psql("BEGIN; LOCK TABLE survey_responses IN ACCESS EXCLUSIVE MODE; "
                              f"SELECT pg_sleep({REPORT_SECONDS}); COMMIT")

        def beside():
            lock = threading.Thread(target=hold)
            lock.start()
            until(lambda: self.cluster.psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0", "lock")
            waiting = threading.Thread(target=report)
            waiting.start()
            result = self.service_reads(REPORT_SECONDS)
            lock.join()
            waiting.join()
            return result
        alone, slow = self.in_turns(lambda: self.service_reads(REPORT_SECONDS), beside)
        # The lock is looked at before the report starts, so a part of its two seconds has passed.
        assert min(seconds) > REPORT_SECONDS / 2, f"the report was not slow: {seconds}"
        yield row("order reads p99 ms, slow report", slow, "p99", alone, "without the report", 1.5, less=True)


def row(name, own, what, other, yardstick, target, less=False):
    value, reference = (statistics.median(result[what] for result in side) for side in (own, other))
    ratio = value / reference
    ok = None if target is None else ratio <= target if less else ratio >= target
    return {"name": name, "value": round(value, 2), "yardstick": yardstick, "reference": round(reference, 2),
            "ratio": round(ratio, 2), "target": target if target is None else f"{'<=' if less else '>='} {target}", "ok": ok}


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}"


def main():
    os.environ.setdefault("CICLO_BIN", os.path.join(ROOT, "build", "release", "ciclo"))
    os.environ["CICLO_BIN"] = os.path.abspath(os.environ["CICLO_BIN"])
    rows = []
    print(f"{machine()}; {SECONDS} s each, median of {ROUNDS}, load generator on the same machine\n", flush=True)
    print(f"{'':33}{'Ciclo':>10}{'yardstick':>11}{'ratio':>7}{'target':>9}", flush=True)
    with tempfile.TemporaryDirectory(prefix="ciclo-bench-") as directory:
        os.chmod(directory, 0o755)
        bench = Bench(directory)
        try:
            bench.prepare()
            for part in (bench.creates, bench.reads, bench.reads_beside_report, bench.fixed_answers):
                for result in part():
                    rows.append(result)
                    mark = {True: "", False: "  MISSED", None: ""}[result["ok"]]
                    print(f"{result['name']:33}{result['value']:>10,.1f}{result['reference']:>11,.1f}{result['ratio']:>7.2f}"
                          f"{result['target'] or '':>9}  {result['yardstick']}{mark}", flush=True)
        finally:
            bench.close()
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "bench.json"), "w", encoding="utf-8") as file:
        json.dump({"machine": machine(), "rows": rows}, file, indent=2)
        file.write("\n")
    return 1 if any(result["ok"] is False for result in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
