"""A minute of make soak: the same checks, so that what breaks it is known before a night is spent on it."""
from fault.stage import times
from soak.soak import soak


def test_a_short_soak(own_cluster):
    soak(own_cluster, "ciclo_template", times(0.15, 1), between=times(2, 4))
