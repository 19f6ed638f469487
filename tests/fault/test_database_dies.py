"""PostgreSQL goes away under load, in every way that it can, and comes back: 503 meanwhile, nothing lost, no restart of the service."""
import signal
import time

import pytest

from fault.stage import Stage, long_only, start_again, times

TERMINATE = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ciclo' AND datname = current_database()"
ENDS = {"killed": signal.SIGKILL, "immediate": signal.SIGQUIT, "fast": signal.SIGINT}


@pytest.mark.parametrize("how", ENDS)
def test_what_was_acknowledged_survives_the_end_of_postgres(own_cluster, how):
    took = []
    with Stage(own_cluster, "ciclo_template", f"postgres_{how}", seed=2) as stage:
        with stage.load:
            for number in range(times(1, 8)):
                stage.load.wait_acknowledged(40)
                own_cluster.stop(ENDS[how])
                stage.faults += 1
                if number % 2 == 0:  # an outage that shows: reads and writes are refused, the process lives
                    stage.load.wait_refused(20)
                    assert stage.status("/readyz")[0] == 503 and stage.status("/healthz")[0] == 200
                start_again(own_cluster)
                took.append(stage.wait_ready())
        stage.figures["ready_again_seconds"] = [round(sorted(took)[len(took) // 2], 2), round(max(took), 2)]
        stage.verdict()


@long_only
def test_a_long_outage_is_over_when_postgres_is_back(own_cluster):
    """Those who wait for the database do not sleep long: ready 2 s after it, and what the machine needs for that."""
    took = []
    with Stage(own_cluster, "ciclo_template", "long_outage", seed=3, clients=2) as stage:
        with stage.load:
            for _ in range(2):
                stage.load.wait_acknowledged(20)
                own_cluster.stop(signal.SIGQUIT)
                stage.faults += 1
                time.sleep(12)  # as long as it takes until attempts come most rarely
                start_again(own_cluster)
                took.append(stage.wait_ready())
        stage.figures["ready_again_seconds"] = [round(each, 2) for each in took]
        assert max(took) < 4, took
        stage.verdict()


def test_backends_that_are_terminated_all_the_time(cluster, template):
    """Every 200 ms. What has not been sent goes again unseen; the rest is 503; the pool is whole again in the end."""
    with Stage(cluster, template, "backends", seed=4, clients=16) as stage:
        with stage.load:
            for _ in range(times(10, 150)):
                time.sleep(0.2)
                stage.faults += stage.sql(TERMINATE)[0][0]
            stage.load.wait_acknowledged(20)
        stage.verdict()
