"""Compares a journal with the database, and the service with itself, when the load has ended.

A  each acknowledged write is there exactly once, and equal
B  there is no row that no request in the journal makes
C  what is unknown is there once or not at all, and what was refused is not; after a retry with the same key: exactly once
D  KPIs are what the journal says, and `ciclo check` finds nothing
E  no 5xx but 503 and 504, no hang, no wrong answer, no leaked backend or descriptor
"""
import collections
import json
import os

from fault.journal import ACKNOWLEDGED, REFUSED, UNKNOWN
from fault.load import FIRST, PAST
from support.server import command, wait_until

ROWS = {
    "orders": """SELECT o.items->0->>'sku', json_build_object('external_id', o.external_id, 'customer', p.external_id, 'total', o.total,
                            'ordered_at', to_char(o.ordered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                 FROM orders AS o LEFT JOIN customer_profiles AS p USING (customer_id)""",
    "refunds": """SELECT r.reason, json_build_object('external_id', r.external_id, 'order', o.items->0->>'sku', 'amount', r.amount)
                  FROM refunds AS r LEFT JOIN orders AS o USING (customer_id, order_id)""",
}
LOST = "SELECT count(*) FROM orders AS o WHERE o.refunded <> (SELECT coalesce(sum(r.amount), 0) FROM refunds AS r WHERE (r.customer_id, r.order_id) = (o.customer_id, o.order_id))"
CUSTOMERS = "SELECT p.external_id, p.name, c.version FROM customers AS c JOIN customer_profiles AS p USING (customer_id)"
BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ciclo' AND datname = current_database()"


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def _answer(client, path):
    """On a busy machine deriving all that waits may take longer than one request may."""
    for _ in range(10):
        answer = client.send("GET", path)
        if answer.status not in (503, 504):
            break
    assert answer.status == 200, (path, answer.status, answer.body)
    return answer.json


class Checker:
    """`sql`: runs a statement in the shop's database and returns rows. Finds everything; `done` then fails with all of it."""

    def __init__(self, journal, sql):
        self.journal, self.sql = journal, sql
        self.violations, self.lost, self.duplicates = [], 0, 0

    def blame(self, rule, text):
        self.violations.append(f"{rule}: {text}")

    def rows(self):
        """A, B and C against what is in the database now."""
        found = {table: collections.defaultdict(list) for table in ROWS}
        for table, statement in ROWS.items():
            for token, fields in self.sql(statement):
                found[table][token].append(fields)
        for row, outcome, request in self.journal.rows():
            here = found[row.table].pop(row.token, [])
            told = [(reply.status, (reply.document or {}).get("detail"), reply.error, round(reply.sent_at, 3), round(reply.ended_at, 3)) for reply in request.replies]
            self.lost += outcome == ACKNOWLEDGED and not here
            self.duplicates += len(here) > 1
            if len(here) > 1 or len(here) not in {ACKNOWLEDGED: (1,), UNKNOWN: (0, 1), REFUSED: (0,)}[outcome]:
                self.blame("C" if outcome == UNKNOWN else "A", f"{row.table} {row.token} is {outcome}, and {len(here)} times there: {told}")
            elif here and here[0] != row.fields:
                self.blame("A", f"{row.table} {row.token} is {here[0]}, sent was {row.fields}")
        for table, rest in found.items():
            for token, here in rest.items():
                self.blame("B", f"{table} {token} was never asked for: {here}")
        if self.sql(LOST)[0][0] != 0:
            self.blame("A", "refunds are not what their orders say")
        return self

    def updates(self):
        """Each version of a customer was made by one update, that of the version before; the newest is the one that is there."""
        made, unknown = collections.defaultdict(dict), collections.defaultdict(dict)
        for request, reply in self.journal.replies():
            if request.kind != "update":
                continue
            name, version = json.loads(request.body)["name"], request.base + 1
            if reply.outcome == ACKNOWLEDGED:
                if version in made[request.path]:
                    self.blame("A", f"{request.path}: version {version} was made by {name} and by {made[request.path][version]}")
                if reply.document["version"] < version:
                    self.blame("A", f"{request.path}: an update of version {request.base} was answered with version {reply.document['version']}")
                made[request.path][version] = name
            elif reply.outcome == UNKNOWN:
                unknown[request.path].setdefault(version, set()).add(name)
        for external_id, name, newest in self.sql(CUSTOMERS):
            path = f"/v1/customers/external:{external_id}"
            nobodys = [v for v in range(2, newest + 1) if v not in made[path] and v not in unknown[path]]
            if nobodys:
                self.blame("B", f"{path}: nobody made versions {nobodys} of {newest}; acknowledged {sorted(made[path])}, unknown {sorted(unknown[path])}")
            if made[path] and max(made[path]) > newest:
                self.lost += 1
                self.blame("A", f"{path} has version {newest}, acknowledged was {max(made[path])}")
            expected = {made[path][newest]} if newest in made[path] else unknown[path].get(newest, set())
            if newest > 1 and name not in expected:
                self.blame("A", f"{path} is called {name} in version {newest}, and not {expected}")
        return self

    def settled(self, client, url):
        """After every request was acknowledged: rows once more, and D, with a client and the database's URL."""
        self.rows()
        rows = [(row, outcome) for row, outcome, _ in self.journal.rows()]
        open_rows = [row.token for row, outcome in rows if outcome != ACKNOWLEDGED]
        if open_rows:
            self.blame("C", f"not settled: {open_rows[:5]}")
        orders = [row.fields for row, _ in rows if row.table == "orders"]
        expected = {"orders": len(orders), "active_customers": len({order["customer"] for order in orders}),
                    "net_sales": sum(order["total"] for order in orders) - sum(row.fields["amount"] for row, _ in rows if row.table == "refunds")}
        for name, value in expected.items():
            answer = _answer(client, f"/v1/kpis/{name}?from={FIRST}&to={PAST}")
            if answer["value"] != value:
                self.blame("D", f"KPI {name} is {answer['value']}, by the journal {value}")
        done = command("check", database_url=url, timeout=300)
        if done.returncode != 0:
            self.blame("D", f"ciclo check: {done.stdout} {done.stderr}")
        return self

    def leaks(self, pid, backends, before=None, seconds=60):
        """E: as many connections to the database as there should be, and no more descriptors than `before` (no clients)."""
        wait_until(lambda: self.sql(BACKENDS)[0][0] == backends, seconds, lambda: f"{backends} backends, but there are {self.sql(BACKENDS)[0][0]}")
        if before is not None:
            wait_until(lambda: descriptors(pid) <= before, seconds, lambda: f"{before} descriptors, but there are {descriptors(pid)}")
        return self

    def done(self, *loads):
        """Raises with everything that was found, here and by the loads."""
        found = self.violations + [f"E: {text}" for load in loads for text in load.violations]
        assert not found, f"{len(found)} violations:\n" + "\n".join(found[:20])
