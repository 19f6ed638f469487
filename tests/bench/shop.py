"""A shop of three years that end today, straight into the tables (shop/*.sql), part by part: each part has customers and orders
of its own over all of the time, so that a shop of a hundredth of the size looks like the whole one."""
import concurrent.futures
import os
import time

from stack import HERE

DAYS = 1095
CHUNK = 50000         # orders of one statement
FIRST_CUSTOMER = 10000000  # the numbers in the addresses: all of one length
FIRST_ORDER, ORDER_TAIL = 80000000, 100000000000  # an id is both, so that pgbench can make it out of numbers
REPLICA = {"PGOPTIONS": "-c session_replication_role=replica -c synchronous_commit=off -c maintenance_work_mem=512MB -c work_mem=64MB"}
# As the service sets its own connection for this.
DERIVING = {"PGOPTIONS": "-c enable_seqscan=off -c work_mem=64MB -c synchronous_commit=off"}
DERIVE = """DO $$ DECLARE n bigint; BEGIN
LOOP SELECT d.{count} INTO n FROM {derive} AS d; COMMIT; EXIT WHEN n = 0; END LOOP; END $$"""
# Everybody becomes a list; then enough of the list for statistics: a session keeps the plans that it began with, and those
# of a time when nothing was derived are far too slow later.
FIRST_DERIVED = (1, 100)
EVERYBODY = "INSERT INTO changed_customers (customer_id) VALUES ('00000000-0000-0000-0000-000000000000')"
NOT_READY = "SELECT DISTINCT indrelid::regclass FROM pg_index WHERE NOT indisready"
SIZES = """SELECT sum(pg_total_relation_size(oid)) FILTER (WHERE derived), sum(pg_total_relation_size(oid)) FILTER (WHERE NOT derived)
FROM (SELECT oid, coalesce(obj_description(oid, 'pg_class'), '') LIKE 'Derived%' AS derived FROM pg_class
      WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace) AS t"""


class Shop:
    def __init__(self, cluster, orders, customers):
        self.cluster, self.orders, self.customers = cluster, orders, customers
        self.loaded_orders = self.loaded_customers = 0
        self.end = int(time.time()) // 86400 * 86400
        self.seconds = {"load": 0.0, "derive": 0.0}

    def _file(self, name, **variables):
        words = [word for key, value in variables.items() for word in ("-v", f"{key}={value}")]
        self.cluster.psql_words(*words, "-f", os.path.join(HERE, "shop", name + ".sql"), env=REPLICA)

    def _in_two(self, work):
        """Two at a time: this machine may have no more cores."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(*call) for call in work]:
                done.result()

    def grow(self, share):
        """Up to this share of the whole."""
        start = time.monotonic()
        first, past = self.loaded_orders, round(self.orders * share)
        customer, customers = self.loaded_customers, round(self.customers * share) - self.loaded_customers
        span = {"start": f"{iso(self.end - DAYS * 86400)}", "end_at": iso(self.end)}
        self._file("begin")
        if first == 0:
            self._file("once", **span)
        part = {**span, "begin": first, "end": past, "customer": customer, "customers": customers, "blocks": max(1, customers // 1000)}
        part.update(first_order=FIRST_ORDER, tail=ORDER_TAIL)
        self._in_two([(lambda a, b: self._file("customers", first=a, past=b, **span), a, b) for a, b in chunks(customer, customer + customers)]
                     + [(lambda a, b: self._file("orders", first=a, past=b, **part), a, b) for a, b in chunks(first, past)])
        tables = sorted(self.cluster.psql(NOT_READY).split(), key=("orders", "external_ids").__contains__, reverse=True)
        self._in_two([(self.cluster.psql, f"REINDEX TABLE {table}", "ciclo", REPLICA) for table in tables])
        self.cluster.psql("VACUUM (ANALYZE)")
        self.loaded_orders, self.loaded_customers = past, customer + customers
        self.seconds["load"] += time.monotonic() - start
        start = time.monotonic()
        self.cluster.psql(EVERYBODY)
        for most in FIRST_DERIVED if first == 0 else ():
            for part in ("changed", "stages"):
                self.cluster.psql(f"SELECT * FROM derive_{part}({most}, NULL)", env=DERIVING)
            self.cluster.psql("ANALYZE")
        self.derive()
        self.seconds["derive"] = time.monotonic() - start
        self.cluster.psql("VACUUM (ANALYZE)")

    def derive(self):
        """What the service would do in the background, at once: days, and stages beside them."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            days = pool.submit(self.cluster.psql, DERIVE.format(derive="derive_changed(800, NULL)", count="changes"), "ciclo", DERIVING)
            stages = DERIVE.format(derive="derive_stages(200, NULL)", count="customers")
            while not days.done():
                self.cluster.psql(stages, env=DERIVING)
                time.sleep(0.1)
            days.result()
        self.cluster.psql(stages, env=DERIVING)

    def forget(self):
        """What a load has left to derive: nobody looks at those orders, and the next measurement must not pay for them."""
        self.cluster.psql("DELETE FROM changed_customers; DELETE FROM stale_stages")

    def sizes(self):
        """MiB of what is derived, and of the rest, indexes included."""
        return [int(size) / 2**20 for size in self.cluster.psql(SIZES).split("|")]


def chunks(first, past):
    return [(a, min(a + CHUNK, past)) for a in range(first, past, CHUNK)]


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
