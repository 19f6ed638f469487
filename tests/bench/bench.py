#!/usr/bin/env python3
"""make bench: the service beside its yardsticks on a shop of 10 million orders, in turns in one run, on a throw-away cluster and
loopback. SCALE=0.05 makes everything that much smaller; MEASURES="creates batches" measures these alone. Absolute numbers belong to a machine; the ratios are what to look at.

Prints one table and writes build/bench.json. Exit code 1: a row misses its target. What cannot be measured ends the run.
"""
import json
import os
import platform
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import peers  # noqa: E402
from measures import Bench  # noqa: E402
from stack import ROOT  # noqa: E402

SCALE = float(os.environ.get("SCALE", "1"))
RESULT = os.path.abspath(os.environ.get("BENCH_JSON", os.path.join(ROOT, "build", "bench.json")))
SECONDS = max(1, round(5 * SCALE ** 0.5))  # of one load
MEASURES = os.environ.get("MEASURES", "").split()
ROUNDS = 3 if SCALE >= 0.3 else 1          # the sides take turns, the median counts
LINE = "{name:34}{value:>11}{ratio:>8}{target:>8} {mark:7}{reference:>11}  {yardstick}"


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}"


def number(value):
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"


def finished(name, value, yardstick="", reference=None, target=None, note=None, faster=False):
    """The row of a result; value and reference may be lists of what each round gave. faster: the ratio says how much."""
    value, reference = (statistics.median(side) if isinstance(side, list) else side for side in (value, reference))
    ratio = value / reference if value is not None and reference else None
    if faster and ratio:
        ratio = 1 / ratio
    bound = target and float(target.split()[1])
    met = bound and ratio and not note and (ratio <= bound if target.startswith("<") else ratio >= bound)
    ok = bool(met) if target and ratio or value is None and note else None
    yardstick += f" ({note})" if note else ""
    return {"name": name, "value": value, "yardstick": yardstick.strip(), "reference": reference, "ratio": ratio, "target": target, "ok": ok}


def show(row):
    mark = {True: "", False: "MISSED", None: ""}[row["ok"]]
    print(LINE.format(name=row["name"], value=number(row["value"]), ratio=number(row["ratio"]), target=row["target"] or "", mark=mark,
                      reference=number(row["reference"]), yardstick=row["yardstick"]).rstrip(), flush=True)


def main():
    start, rows = time.monotonic(), []
    skipped = {name: peers.build(name) for name in peers.PEERS if not MEASURES or "peers" in MEASURES}
    built = time.monotonic() - start
    print(f"{machine()}; load generator on the same cores; SCALE={SCALE:g}, {SECONDS} s a load, {ROUNDS} rounds\n", flush=True)
    print(LINE.format(name="", value="Ciclo", ratio="ratio", target="target", mark="", reference="yardstick", yardstick=""), flush=True)
    with tempfile.TemporaryDirectory(prefix="ciclo-bench-") as directory:
        os.chmod(directory, 0o755)
        bench = Bench(directory, SCALE, SECONDS, ROUNDS, skipped)
        try:
            for words in bench.all(MEASURES):
                rows.append(finished(*words[:2], **words[2]) if isinstance(words[-1], dict) else finished(*words))
                show(rows[-1])
        finally:
            bench.close()
    os.makedirs(os.path.dirname(RESULT), exist_ok=True)
    with open(RESULT, "w", encoding="utf-8") as file:
        seconds = {"all": round(time.monotonic() - start - built), **bench.seconds_of}
        json.dump({"machine": machine(), "scale": SCALE, "seconds": seconds, "rows": rows}, file, indent=2)
        file.write("\n")
    missed = [row["name"] for row in rows if row["ok"] is False]
    print(f"\n{len(missed)} of {sum(row['ok'] is not None for row in rows)} targets missed; {time.monotonic() - start - built:.0f} s"
          + (f" and {built:.0f} s for building the peers" if built > 1 else ""), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
