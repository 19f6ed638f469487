"""The service that schemathesis meets: an ASan build on a throw-away cluster, with a shop's data and an API key."""
import contextlib
import itertools
import re

from support.client import Client
from support.cluster import Cluster
from support.contract import Contract
from support.random_shop import RandomShop
from support.server import Server, command, wait_until

SEED, CUSTOMERS = 3, 20  # a small shop with every kind of fact; 3: in pounds, as the examples of the contract
# Time-outs far beyond what an answer takes under the sanitizers: a machine that is busy must not look like a fault.
PATIENCE = {"CICLO_REQUEST_TIMEOUT_MS": 600000, "CICLO_REPORT_TIMEOUT_MS": 600000, "CICLO_IDLE_TIMEOUT_S": 3600,
            "CICLO_HEADER_TIMEOUT_MS": 600000, "CICLO_BODY_TIMEOUT_MS": 600000}
READY_SECONDS = 300
_numbers = itertools.count(1)


def _scopes(contract):
    """All that any operation asks for."""
    return sorted({scope for _, _, operation in contract.operations() for need in operation.get("security", ()) for scope in need["apiKey"]})


def _start(url):
    server = Server(url, **PATIENCE)
    wait_until(lambda: _is_ready(server), READY_SECONDS, server.text)
    return server


def _is_ready(server):
    try:
        server.wait_ready()
        return True
    except AssertionError:
        return False


def _examples(contract):
    """(method, path, media type, body) of each request that the contract has as an example; batches apart, which say the same."""
    for method, path, operation in contract.operations():
        if method in ("POST", "PUT") and "x-batch-item" not in operation:
            for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
                for example in media["examples"].values():
                    yield method, _filled(contract, path), media_type, contract._resolved(example)["value"]


def _filled(contract, path):
    parameters = {node["name"]: node["example"] for node in map(contract._resolved, contract.document["paths"][path].get("parameters", ()))}
    return re.sub(r"{(\w+)}", lambda match: parameters[match[1]], path)


def _tell(url, contract):
    """Sends the facts of a random shop, then the examples of the contract, so that its references mean something."""
    world, server = RandomShop(SEED, CUSTOMERS), _start(url)
    try:
        api = Client(server.port, contract)
        api.put("/v1/settings", world.settings, 200)
        for call in (call for calls in world.deliveries(1, list(world.calls)) for call in calls):
            options = {"media_type": "application/merge-patch+json"} if call.method == "PATCH" else {}
            answer = api.send(call.method, call.path, call.body, **options)
            assert answer.status in (200, 201, 204), f"{call.method} {call.path}: {answer.status} {answer.body[:300]!r}"
        api.post("/v1/customers", {"external_id": "mary", "email": "mary@bloom.example"}, 201)  # whom the examples speak of
        refused = {}
        for _ in range(3):  # some need what comes after them
            for method, path, media_type, body in _examples(contract):
                answer = api.send(method, path, body, media_type=media_type)
                refused[method, path] = answer.status if answer.status >= 400 else None
        api.close()
        return {request: status for request, status in refused.items() if status}
    finally:
        server.stop()


class Services:
    """A cluster with one filled database; each service works on a copy."""

    def __init__(self):
        self.contract = Contract()
        self.cluster = Cluster()

    def __enter__(self):
        try:
            self.cluster.start()
            url = self.cluster.create_database("filled")
            done = command("migrate", database_url=url, timeout=600)
            assert done.returncode == 0, done.stderr
            self.refused = _tell(url, self.contract)
            made = command("key", "create", "--scopes", ",".join(_scopes(self.contract)), "--name", "conformance", database_url=url, timeout=600)
            self.key = re.search(r"ciclo_\w{12}_[\w-]{43}", made.stdout).group()
        except BaseException:
            self.cluster.remove()
            raise
        return self

    def __exit__(self, *_):
        self.cluster.remove()

    @contextlib.contextmanager
    def open(self):
        """A server. It is held to a clean end, and what it derived to what the facts say."""
        name = f"service_{next(_numbers)}"
        url = self.cluster.create_database(name, "filled")
        server = _start(url)
        try:
            yield server
            server.stop()
            done = command("check", database_url=url, timeout=1800)
            assert done.returncode == 0, f"ciclo check: {done.stdout}{done.stderr}"
        finally:
            server.kill()
            self.cluster.drop_database(name)
