"""The connection is cut in the middle of the answer to a commit, at every byte of it: the write is there, and nobody knows."""
import random
import threading

import pytest

from fault.journal import ACKNOWLEDGED, UNKNOWN
from fault.proxy import TO_CLIENT
from fault.stage import Stage, times

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  # CommandComplete; ReadyForQuery follows, six bytes


class Cut:
    """Passes the first bytes of the one answer that has a COMMIT; `length` is that of the answer."""

    def __init__(self, after):
        self.after, self.length, self.lock = after, None, threading.Lock()

    def __call__(self, direction, data, link):
        with self.lock:
            if direction != TO_CLIENT or COMMITTED not in data or self.length is not None:
                return data
            self.length, link.ends = len(data), True
            return data[:self.after]


@pytest.mark.parametrize("named", [True, False], ids=["external_id", "nameless"])
def test_at_every_byte(cluster, template, named):
    rng = random.Random(1)
    with Stage(cluster, template, f"commit_cut_{'named' if named else 'nameless'}", proxied=True) as stage:
        load, client, after, length = stage.load, stage.load.client(), 0, None
        assert load.send(client, load.order_request(rng, named, "known")).outcome == ACKNOWLEDGED  # so that all answers are alike
        while length is None or after <= length:
            stage.wait_ready()  # a connection to write on is there
            stage.proxy.hook = cut = Cut(after)
            request = load.order_request(rng, named, "known")
            first = load.send(client, request)
            length = cut.length
            assert length is not None, first
            assert first.outcome == (UNKNOWN if after < length else ACKNOWLEDGED), (after, length, first)
            again = load.send(client, request, again=True)
            assert again.outcome == ACKNOWLEDGED and again.document["items"][0]["sku"] == request.rows[0].token, (after, length, again)
            stage.faults += 1
            # The short form takes every other byte of COMMIT and ReadyForQuery, and some of what comes before.
            after += times(40 if after < length - 60 else 2, 1)
        stage.proxy.hook = None
        client.close()
        stage.figures["answer_bytes"] = length
        stage.verdict()


def test_with_resets_under_load(cluster, template):
    """Connections are reset at random bytes of whatever is on its way."""
    rng = random.Random(2)
    with Stage(cluster, template, "resets", seed=6, proxied=True) as stage:
        with stage.load:
            for _ in range(times(5, 60)):
                stage.load.wait_acknowledged(15)
                stage.faults += stage.proxy.cut(reset=rng.random() < 0.5)
        stage.verdict()


def test_a_slow_network_only_slows(cluster, template):
    with Stage(cluster, template, "slow_network", seed=7, proxied=True) as stage:
        with stage.load:
            stage.proxy.delay, stage.proxy.rate = 0.05, 200_000
            stage.load.wait_acknowledged(times(20, 200))
            stage.faults += 1
            stage.proxy.delay, stage.proxy.rate = 0.0, None
        refused = [reply for _, reply in stage.load.journal.replies() if reply.status == 503]
        assert not refused, refused[:3]
        stage.verdict()
