"""The network between the service and its database goes silent: nothing arrives, and nobody says so."""
import os
import socket
import subprocess
import sys
import time

import pytest

from fault.proxy import Proxy
from fault.stage import Stage, times
from support.process import spawn
from support.server import wait_until

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOST, GUEST = "169.254.213.1", "169.254.213.2"  # link-local, and no route leads there: see Guest


def _cut_and_mend(stage, cut, mend):
    for _ in range(times(1, 3)):
        stage.load.wait_acknowledged(30)
        begin = time.monotonic()
        cut()
        stage.faults += 1
        stage.load.wait_refused(10)
        wait_until(lambda: stage.status("/readyz")[0] == 503, 120, "not ready")
        assert stage.status("/healthz")[0] == 200
        stage.figures["noticed_seconds"] = max(stage.figures.get("noticed_seconds", 0), round(time.monotonic() - begin, 1))
        mend()
        stage.figures["ready_again_seconds"] = max(stage.figures.get("ready_again_seconds", 0), round(stage.wait_ready(), 2))


def test_a_proxy_that_swallows(cluster, template):
    """Its kernel acknowledges everything, so only deadlines help. What it held back arrives when nobody waits for it."""
    with Stage(cluster, template, "swallowed", seed=19, proxied=True) as stage:
        def cut():
            stage.proxy.blackhole = True

        def mend():
            stage.proxy.blackhole = False
        with stage.load:
            _cut_and_mend(stage, cut, mend)
        stage.verdict()


class Guest:
    """A network namespace at the other end of a cable (veth), and in it a proxy to the database."""

    def __init__(self, upstream):
        if HOST.rsplit(".", 1)[0] in self._run(["ip", "-4", "address"]) + self._run(["ip", "-4", "route"]):
            pytest.skip(f"the addresses beside {HOST} are taken here")
        name = f"c{os.getpid() % 100000}"
        self.here = f"{name}h"
        self.process = spawn(["unshare", "--net", sys.executable, "-B", os.path.abspath(__file__), upstream],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": TESTS})
        try:
            if self.process.stdout.readline() != "there\n":
                pytest.skip("no network namespace can be made here")
            self.inside = ["nsenter", "--net", "--target", str(self.process.pid)]
            self._run(["ip", "link", "add", self.here, "type", "veth", "peer", "name", "guest", "netns", str(self.process.pid)])
            self._run(["ip", "address", "add", f"{HOST}/30", "dev", self.here])
            self._run(["ip", "link", "set", self.here, "up"])
            self._run([*self.inside, "ip", "address", "add", f"{GUEST}/30", "dev", "guest"])
            self.mend()
            self.process.stdin.write("listen\n")
            self.process.stdin.flush()
            self.port = int(self.process.stdout.readline())
        except BaseException:
            self.remove()
            raise

    @staticmethod
    def _run(words):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"{' '.join(words[:4])}: {done.stderr.strip()}")
        return done.stdout

    def cut(self):
        """At the other end: this end sends on, into nothing."""
        self._run([*self.inside, "ip", "link", "set", "guest", "down"])

    def mend(self):
        self._run([*self.inside, "ip", "link", "set", "guest", "up"])

    def remove(self):
        self.process.kill()
        self.process.wait()


def test_a_cable_that_is_pulled(cluster, template):
    """Noticed by TCP itself: tcp_user_timeout where something was sent, keepalives where nothing was."""
    guest = Guest(os.path.join(cluster.directory, ".s.PGSQL.5432"))
    try:
        with Stage(cluster, template, "cable", seed=20, url=lambda stage: f"host={GUEST} port={guest.port} user=ciclo dbname={stage.database}") as stage:
            with stage.load:
                _cut_and_mend(stage, guest.cut, guest.mend)
            stage.verdict()
    finally:
        guest.remove()


def test_a_cable_that_is_pulled_while_nothing_happens(cluster, template):
    """Nobody asks anything, and yet the service finds out."""
    guest = Guest(os.path.join(cluster.directory, ".s.PGSQL.5432"))
    try:
        with Stage(cluster, template, "idle_cable", clients=0, url=lambda stage: f"host={GUEST} port={guest.port} user=ciclo dbname={stage.database}") as stage:
            guest.cut()
            begin = time.monotonic()
            wait_until(lambda: stage.status("/readyz")[0] == 503, 60, "not ready")
            stage.figures["noticed_seconds"] = round(time.monotonic() - begin, 1)
            stage.faults += 1
            guest.mend()
            stage.wait_ready()
            stage.record(acknowledged=0, lost=0, duplicates=0, crashes=0)
    finally:
        guest.remove()


def _serve(upstream):
    """Inside of the namespace."""
    print("there", flush=True)
    sys.stdin.readline()
    proxy = Proxy(upstream, socket.create_server((GUEST, 0)), keepalive=True)
    print(proxy.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
