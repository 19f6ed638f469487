"""Fixtures: one PostgreSQL cluster for the session, one migrated template, a shop for each module or on demand."""
import itertools
import os
import sys

import pytest

sys.dont_write_bytecode = True

from support.cluster import Cluster  # noqa: E402
from support.contract import Contract  # noqa: E402
from support.server import BINARY, command  # noqa: E402
from support.shop import Shop, data_directory  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def contract():
    return Contract()


@pytest.fixture(scope="session")
def cluster():
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"{BINARY} is not there: run make first, or set CICLO_BIN", 2)
    cluster = Cluster()
    try:
        yield cluster.start()
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def template(cluster):
    """Name of a database at the newest migration, with nothing in it."""
    name = "ciclo_template"
    done = command("migrate", database_url=cluster.create_database(name))
    assert done.returncode == 0, done.stderr
    return name


@pytest.fixture(scope="session")
def shops(cluster, contract, template):
    """Opens a shop: shops(settings={...}, CICLO_WORKERS=2). The caller closes it."""
    def open_shop(**options):
        return Shop(cluster, contract, f"shop_{next(_numbers)}", options.pop("template", template), **options)
    return open_shop


@pytest.fixture(scope="module")
def shop(shops, request):
    """The module's own shop; a module may name its settings in SETTINGS."""
    opened = shops(settings=getattr(request.module, "SETTINGS", None))
    yield opened
    opened.close()


@pytest.fixture
def new_shop(shops):
    """Opens shops that end with the test."""
    opened = []

    def open_shop(**options):
        opened.append(shops(**options))
        return opened[-1]
    yield open_shop
    for each in opened:
        each.close()


@pytest.fixture
def api(shop):
    return shop.api


@pytest.fixture(scope="session")
def data_file():
    """Path of a file or folder of the third-party test data, or a skip."""
    def find(*names):
        path = os.path.join(data_directory(), *names)
        if not os.path.exists(path):
            pytest.skip(f"third-party test data is not here: {path} (set CICLO_TEST_DATA to its folder)")
        return path
    return find
