"""Backups that are taken while the shop is busy restore to something whole. The commands are those of docker/README.md."""
import os
import re
import shutil
import subprocess
import threading

import pytest

from support.client import Client
from support.cluster import USER, Cluster
from support.server import REPOSITORY, Server, command, wait_until

README = os.path.join(REPOSITORY, "docker", "README.md")
WRITERS = 3
PATIENCE = 600  # seconds; a busy machine is no fault
BEFORE, DURING = 60, 40  # writes that are acknowledged before a backup begins, and more while it is taken
REPORT = "/v1/kpis/orders?from=2026-01-01&to=2026-02-01"


def _block(name):
    """An indented block of docker/README.md, below its mark."""
    with open(README, encoding="utf-8") as file:
        found = re.search(rf"<!-- tests/backup: {name} -->\n\n((?:    .*\n)+)", file.read())
    assert found, f"{README} has no block {name}"
    return re.sub(r"(?m)^    ", "", found[1])


class Place(Cluster):
    """A cluster that can be commanded as the page says, with what its variables mean."""

    def __init__(self, backup, restored=False):
        self.backup, self.restored = backup, restored
        super().__init__()

    def create(self):
        """A cluster that is restored begins as an empty directory."""
        if not self.restored:
            super().create()

    def owner(self, server=None):
        return f"host={(server or self).directory} user=ciclo_owner dbname=ciclo"

    def do(self, name, text=None, **extra):
        text = text or _block(name)
        words = {"BACKUP": self.backup, "PGDATA": self.data, "ADMIN": f"host={self.directory} user={USER} dbname=postgres", "OWNER": self.owner(),
                 "PATH": f"{self.programs}:/usr/bin:/bin", **extra}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=words, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE,
                              **(self.identity if name in ("base", "restore-base", "restore-until") else {}))
        assert done.returncode == 0, f"{name}: {done.stderr}"
        return done.stdout


class Load:
    """Writers that go on until they are told to stop; what was acknowledged, in order."""

    def __init__(self, port, contract):
        self.port, self.contract = port, contract
        self.acknowledged, self.failures = [], []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def _write(self, writer):
        client, number = Client(self.port, self.contract), 0
        try:
            while not self.over.is_set():
                number += 1
                name = f"w{writer}-{number}"
                key = {"Idempotency-Key": f"key-{name}"}
                body = {"external_id": name, "customer": {"external_id": f"c-{name}"}, "ordered_at": "2026-01-15T12:00:00Z", "currency": "EUR", "total": 1000 + number}
                answer = client.post("/v1/orders", body, headers=key)
                with self.lock:
                    self.acknowledged.append((name, body, answer.json))
        except Exception as fault:  # pylint: disable=broad-except
            self.failures.append(fault)
        finally:
            client.close()

    def wait_for(self, more):
        """Until so many more were acknowledged; all that were by then."""
        wanted = len(self.acknowledged) + more
        wait_until(lambda: self.failures or len(self.acknowledged) >= wanted, PATIENCE, "writes go on")
        assert not self.failures, self.failures
        return list(self.acknowledged)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures


class Shop:
    """The service on a place."""

    def __init__(self, place, contract):
        self.server = Server(f"host={place.directory} user=ciclo_app dbname=ciclo")
        self.server.wait_ready()
        self.api = Client(self.server.port, contract)

    def close(self):
        self.api.close()
        self.server.stop()


@pytest.fixture
def backup(tmp_path_factory):
    """$BACKUP, which the user of the server may write to."""
    path = tmp_path_factory.mktemp("backup")
    os.chmod(path, 0o777)
    for parent in list(path.parents)[:2]:
        os.chmod(parent, 0o755)
    wal = path / "wal"
    wal.mkdir()
    os.chmod(wal, 0o777)
    yield str(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def places(backup):
    """Makes places that end with the test."""
    made = []

    def make(**options):
        made.append(Place(backup, **options))
        return made[-1]
    yield make
    for place in made:
        place.remove()


@pytest.fixture
def busy(places, contract):
    """(place, shop, load): archiving, and with writers on it."""
    place = places()
    with open(os.path.join(place.data, "postgresql.conf"), "a", encoding="utf-8") as file:
        file.write(_block("archive-settings").replace("$BACKUP", place.backup))
    place.start()
    place.do("roles", "psql -XqAt -v ON_ERROR_STOP=1 -f docker/roles.sql \"$ADMIN\"")
    assert command("migrate", database_url=place.owner(), timeout=PATIENCE).returncode == 0
    shop = Shop(place, contract)
    load = Load(shop.server.port, contract)
    yield place, shop, load
    if not load.over.is_set():
        load.stop()
    shop.close()


def _is_whole(place, contract, acknowledged):
    """What stands in the list is there as it was answered, derived data follow from the facts, and the shop takes more."""
    assert command("migrate", database_url=place.owner(), timeout=PATIENCE).returncode == 0
    done = command("check", database_url=place.owner(), timeout=PATIENCE)
    assert done.returncode == 0, done.stdout
    shop = Shop(place, contract)
    try:
        for name, body, answer in acknowledged:
            assert shop.api.get(f"/v1/orders/external:{name}").json == answer
        count = place.sql("ciclo", "SELECT count(*), count(DISTINCT external_id) FROM orders")[0]
        assert count[0] == count[1] >= len(acknowledged) and shop.api.get(REPORT).json["value"] == count[0]
        name, body, answer = acknowledged[0]
        again = shop.api.post("/v1/orders", body, 201, headers={"Idempotency-Key": f"key-{name}"})
        assert again.json == answer and again.headers["Idempotent-Replayed"] == "true", "a key that is in the backup is remembered"
        assert shop.api.post("/v1/orders", {**body, "external_id": "afterwards", "customer": {"external_id": "new"}}, 201).json["total"] == body["total"]
    finally:
        shop.close()
    return count[0]


def _send_again(place, contract, load):
    """All that was ever acknowledged, as a client would that does not know what is lost: nothing comes twice."""
    shop = Shop(place, contract)
    try:
        for name, body, answer in load.acknowledged:
            shop.api.post("/v1/orders", body, (200, 201), headers={"Idempotency-Key": f"key-{name}"})
        assert shop.api.get(REPORT).json["value"] == len(load.acknowledged) + 1, "and the one of afterwards"
    finally:
        shop.close()


def test_a_dump_that_is_taken_under_load_restores(busy, places, contract):
    place, _, load = busy
    known = load.wait_for(BEFORE)
    place.do("dump")
    load.wait_for(DURING)
    load.stop()
    other = places()
    other.start()
    other.do("restore-dump")
    restored = _is_whole(other, contract, known)
    assert restored < len(load.acknowledged), "writes went on while it was dumped and after"
    _send_again(other, contract, load)


def _archived(place):
    """Everything that is committed now is in the archive afterwards."""
    segment = place.sql("postgres", "SELECT pg_walfile_name(pg_switch_wal())")[0][0]
    wait_until(lambda: os.path.exists(os.path.join(place.backup, "wal", segment)), PATIENCE, f"{segment} is archived")


def test_a_base_backup_with_the_wal_restores_all_that_was_archived(busy, places, contract):
    place, shop, load = busy
    load.wait_for(BEFORE)
    place.do("base")
    load.wait_for(DURING)
    stale = shop.api.get(REPORT).headers["ETag"]
    known = load.wait_for(DURING)
    _archived(place)
    load.stop()
    other = places(restored=True)
    other.do("restore-base")
    other.start()
    wait_until(lambda: other.sql("postgres", "SELECT NOT pg_is_in_recovery()")[0][0], PATIENCE, "the end of recovery")
    _is_whole(other, contract, known)
    _send_again(other, contract, load)
    shop = Shop(other, contract)
    try:
        assert shop.api.get(REPORT).headers["ETag"].split("-")[0] != stale.split("-")[0], "a restored shop has a history of its own"
        assert shop.api.get(REPORT, 200, headers={"If-None-Match": stale}).status == 200
    finally:
        shop.close()


def test_a_base_backup_restores_to_an_instant(busy, places, contract):
    place, _, load = busy
    place.do("base")
    known = load.wait_for(BEFORE)
    until = str(place.sql("postgres", "SELECT clock_timestamp()")[0][0])
    load.wait_for(WRITERS)  # what was on its way by then
    late = {name for name, _, _ in load.wait_for(DURING)[-DURING // 2:]}
    _archived(place)
    load.stop()
    other = places(restored=True)
    other.do("restore-base")
    other.do("restore-until", UNTIL=until)
    other.start()
    wait_until(lambda: other.sql("postgres", "SELECT NOT pg_is_in_recovery()")[0][0], PATIENCE, "the end of recovery")
    _is_whole(other, contract, known)
    there = {name for name, in other.sql("ciclo", "SELECT external_id FROM orders")}
    assert not there & late, "what came after that instant is not in it"


def test_who_was_erased_after_the_backup_is_erased_again(busy, places, contract):
    place, shop, load = busy
    load.wait_for(WRITERS)
    for name in ("ann", "ben"):
        shop.api.post("/v1/customers", {"external_id": name, "email": f"{name}@example.com", "name": f"Name of {name}"})
    ann = shop.api.get("/v1/customers/external:ann").json["id"]
    place.do("dump")
    since = str(place.sql("postgres", "SELECT clock_timestamp()")[0][0])
    shop.api.send("DELETE", f"/v1/customers/{ann}")
    load.stop()
    other = places()
    other.start()
    other.do("restore-dump")
    back = Shop(other, contract)
    try:
        assert back.api.get(f"/v1/customers/{ann}").json["name"] == "Name of ann", "a backup knows nothing of what came after it"
        text = _block("erase-again").replace("127.0.0.1:8080", f"127.0.0.1:{back.server.port}")
        assert other.do("erase-again", text, LOST=place.owner(), SINCE=since, KEY="none") == f"{ann} 200\n"
        back.api.get(f"/v1/customers/{ann}", 410)
        assert other.sql("ciclo", "SELECT count(*) FROM customer_profiles WHERE name LIKE '%%of ann'") == [(0,)]
        assert back.api.get("/v1/customers/external:ben").json["name"] == "Name of ben"
    finally:
        back.close()
