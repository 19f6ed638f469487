"""Ten times as many clients as keep the service busy: as much gets through as before."""
import json
import os
import shutil
import subprocess

import pytest

from fault.stage import Stage, long_only, times
from support.server import REPOSITORY

LUA = os.path.join(REPOSITORY, "tests", "bench", "create.lua")
ORDER = {"external_id": "crowd-{ORDER}", "customer": {"email": "crowd-{CUSTOMER}@example.com"}, "currency": "EUR",
         "items": [{"sku": "TEA", "quantity": 1, "unit_price": 650}]}
BUSY, SECONDS, POOL = 64, 3, 100


def accepted(stage, template, label, connections):
    """Orders a second that were answered 2xx; what is refused is refused at once, and does not count."""
    said = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "30s", "-s", LUA, f"http://127.0.0.1:{stage.server.port}",
                           "--", template, str(label), str(POOL)], capture_output=True, text=True, timeout=120, check=True).stdout
    told = json.loads(said.strip().splitlines()[-1])
    return (told["requests"] - told["errors"]) * 1e6 / told["us"]


@long_only
@pytest.mark.skipif(not shutil.which("wrk"), reason="no wrk here")
def test_a_crowd_does_not_lower_what_gets_through(cluster, template, tmp_path):
    """Side by side, and the best of each, because a machine has other things to do as well."""
    path = tmp_path / "order.json"
    path.write_text(json.dumps(ORDER))
    with Stage(cluster, template, "overload", seed=15, CICLO_REQUEST_TIMEOUT_MS=10000) as stage:
        accepted(stage, str(path), 1, BUSY)  # customers come to be, plans are made
        rounds = [[accepted(stage, str(path), 10 * round + turn, connections) for turn, connections in enumerate((BUSY, 10 * BUSY))]
                  for round in range(1, times(1, 4) + 1)]
        before, crowded = (max(side) for side in zip(*rounds))
        assert crowded >= 0.8 * before, rounds
        assert stage.status("/healthz")[0] == 200 and stage.wait_ready() < 10
        stage.figures["goodput_of_ten_times_the_clients"] = round(crowded / before, 2)
        stage.record(crashes=0)
