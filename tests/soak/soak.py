#!/usr/bin/env python3
"""A mixed load with faults now and then, for MINUTES; memory, descriptors and connections have to stay what they are after the warm-up.

    soak.py MINUTES [BETWEEN]     BETWEEN: seconds between two faults, 10 without it

Ends with 1 when something grows, when the journal's checker finds a loss, or when anything was answered that may not be.
"""
import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from fault.checker import BACKENDS, descriptors  # noqa: E402
from fault.conftest import migrate  # noqa: E402
from fault.stage import Stage  # noqa: E402
from soak.mischief import Mischief  # noqa: E402
from support.cluster import Cluster  # noqa: E402
from support.server import MEASURED  # noqa: E402

WARM_UP = 0.3  # of the time: caches of libpq, jemalloc and prepared statements fill in it
# What an hour may add by the slope, and what noise of a short run may look like: jemalloc takes and gives back 2 MiB at a time.
GROWTH_KIB_PER_HOUR, NOISE_KIB = 1024, 4096
CLIENTS, PAUSE = 4, 0.05
OF_A_WORKER = 8  # connections to the database: 2 write, 1 read, 2 report, 1 bulk, 2 derive


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def slope(points):
    """Least squares: how much y grows with each x."""
    count = len(points)
    middle_x, middle_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    square = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / square if square else 0.0


class Samples:
    """One a second: (seconds, KiB of memory, descriptors, connections to the database)."""

    def __init__(self, stage):
        self.stage, self.rows, self._end = stage, [], threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(30)

    def _take(self):
        begin, pid = time.monotonic(), self.stage.server.process.pid
        while not self._end.wait(1):
            try:
                backends = self.stage.sql(BACKENDS)[0][0]
            except Exception:  # pylint: disable=broad-except
                backends = None  # PostgreSQL is being restarted
            try:
                self.rows.append((time.monotonic() - begin, memory_kib(pid), descriptors(pid), backends))
            except OSError:
                return  # the service has died, which the verdict says

    def figures(self):
        warm = [row for row in self.rows if row[0] >= WARM_UP * self.rows[-1][0]]
        third = max(1, len(warm) // 3)
        first, last = warm[:third], warm[-third:]
        return {"memory_kib": [warm[0][1], max(row[1] for row in warm), warm[-1][1]],
                "memory_growth_kib": round(slope([row[:2] for row in warm]) * (warm[-1][0] - warm[0][0])),
                "memory_kib_per_hour": round(slope([row[:2] for row in warm]) * 3600),
                "descriptors": [min(row[2] for row in first), min(row[2] for row in last)],
                "connections": [max(row[3] for row in warm if row[3] is not None), warm[-1][3]]}


def faults_of(figures, minutes):
    """What is not flat."""
    if figures["memory_growth_kib"] > NOISE_KIB + GROWTH_KIB_PER_HOUR * minutes / 60:
        yield f"memory grew by {figures['memory_growth_kib']} KiB"
    first, last = figures["descriptors"]
    if last > first + CLIENTS:  # each may be between two connections
        yield f"descriptors grew from {first} to {last}"
    if figures["connections"][0] > 2 * OF_A_WORKER:  # those that were just lost are still going
        yield f"there were {figures['connections'][0]} connections to the database"


def soak(cluster, template, minutes, between=10.0, seed=1):
    """Prints the figures; raises AssertionError with what is wrong."""
    with Stage(cluster, template, "soak", seed=seed, clients=CLIENTS, pause=PAUSE, CICLO_HEADER_TIMEOUT_MS=2000, CICLO_IDLE_TIMEOUT_S=20,
               **MEASURED) as stage:
        with stage.load, Samples(stage) as samples, Mischief(stage, between, seed) as mischief:
            mischief.break_things(60 * minutes)
        figures = samples.figures()
        stage.figures.update(figures, soak_minutes=minutes, bad_inputs=mischief.bad, requests=sum(1 for _ in stage.load.journal.replies()) + next(mischief.numbers))
        for text in faults_of(figures, minutes):
            stage.load.blame(text)
        print(json.dumps({"minutes": minutes, "faults": stage.faults, **stage.figures}), flush=True)
        stage.verdict()


def main(minutes, between):
    cluster = Cluster().start()
    try:
        soak(cluster, migrate(cluster), minutes, between)
    finally:
        cluster.remove()


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 10.0)
