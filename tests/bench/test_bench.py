"""The benchmark measures what it says it does, on the smallest shop; what it finds is no matter here."""
import json
import os
import shutil
import subprocess
import sys

import pytest

from support.server import BINARY

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench.py")


@pytest.mark.skipif(not shutil.which("wrk"), reason="no wrk here")
def test_each_row_has_a_value_a_yardstick_and_their_ratio(tmp_path):
    """What is sent is read from PostgreSQL's log and sent again by pgbench, and loaded by COPY: as roles and statements change, so must that."""
    result = tmp_path / "bench.json"
    done = subprocess.run([sys.executable, BENCH], capture_output=True, text=True, timeout=600, check=False,
                          env={**os.environ, "CICLO_BIN": BINARY, "SCALE": "0.001", "MEASURES": "creates reads batches memory", "BENCH_JSON": str(result)})
    assert done.returncode in (0, 1) and result.exists(), done.stdout + done.stderr
    told = json.loads(result.read_text())
    assert told["machine"] and told["scale"] == 0.001
    assert [row["name"] for row in told["rows"] if not (row["value"] and row["reference"] and row["ratio"])] == [], done.stdout + done.stderr
    assert {"order creates/s", "order creates p99 ms", "order reads/s", "orders/s, batches of 10,000"} < {row["name"] for row in told["rows"]}
    for row in told["rows"]:
        assert set(row) == {"name", "value", "yardstick", "reference", "ratio", "target", "ok"}
        assert isinstance(row["ok"], bool) == (row["target"] is not None), row
