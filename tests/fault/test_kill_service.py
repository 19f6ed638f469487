"""The service is killed, again and again, in the middle of its work: kill -9, as by the kernel when memory is out."""
import random
import time

import pytest

from fault.stage import Stage, times


@pytest.mark.parametrize("seed", range(times(1, 8)))
def test_what_a_killed_service_has_acknowledged_is_kept(cluster, template, seed):
    rng, took = random.Random(seed), []
    with Stage(cluster, template, "kill_service", seed=seed) as stage:
        with stage.load:
            for _ in range(times(5, 25)):
                stage.load.wait_acknowledged(rng.randrange(1, 25))
                time.sleep(rng.random() * 0.05)  # anywhere between two requests
                stage.server.kill()
                stage.faults += 1
                took.append(stage.start())
        stage.figures["ready_again_seconds"] = [round(sorted(took)[len(took) // 2], 2), round(max(took), 2)]
        stage.verdict(restarted=True)
