"""The worked examples and others worked by hand come out of a running server: tests/golden/*.json."""
import glob
import json
import os
from decimal import Decimal

import pytest

FOLDER = os.path.join(os.path.dirname(__file__), "..", "golden")


def _load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_float=Decimal)


EXAMPLES = {os.path.basename(path)[:-5]: _load(path) for path in sorted(glob.glob(f"{FOLDER}/*.json"))}


def _filled(item, index):
    """The item with {n} (from 1), {index} (from 0) and {month} (01..12) filled in."""
    if isinstance(item, dict):
        return {key: _filled(value, index) for key, value in item.items()}
    if item == "{index}":
        return index
    if isinstance(item, str):
        return item.replace("{n}", str(index + 1)).replace("{month}", f"{index % 12 + 1:02}")
    return [_filled(value, index) for value in item] if isinstance(item, list) else item


def _send(shop, step):
    if "batch" in step:
        items = step["items"] if "items" in step else [_filled(step["item"], index) for index in range(step["times"])]
        assert shop.batch(step["batch"], items) == {"created": len(items), "unchanged": 0}
    elif "put" in step:
        shop.api.put(step["put"], step["body"])
    else:
        shop.api.post(step["post"], step["body"], step.get("status", 201))


class Opened:
    """The shop of one example at a time, sent everything of its file."""

    def __init__(self, shops):
        self.shops, self.name, self.shop = shops, None, None

    def of(self, name):
        if self.name != name:
            self.close()
            self.name, self.shop = name, self.shops(settings=EXAMPLES[name].get("settings"))
            for step in EXAMPLES[name]["send"]:
                _send(self.shop, step)
        return self.shop

    def close(self):
        if self.shop:
            self.shop.close()
        self.name = self.shop = None


@pytest.fixture(scope="module")
def examples(shops):
    opened = Opened(shops)
    yield opened
    opened.close()


def _differences(expected, actual, place=""):
    """Where `actual` does not hold what `expected` asks for; objects may hold more."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [line for key, value in expected.items() for line in _differences(value, actual.get(key, "absent"), f"{place}/{key}")]
    same = expected is actual if expected is None or actual is None else expected == actual
    return [] if same else [f"{place}: {actual}, expected {expected}"]


def _cases():
    for name, wanted in EXAMPLES.items():
        for expectation in wanted["expect"]:
            query = expectation["query"]
            label = " ".join([expectation.get("kpi") or expectation["get"], *(str(value) for value in query.values())])
            yield pytest.param(name, expectation, id=f"{name}: {label}")


@pytest.mark.parametrize("name, expectation", _cases())
def test_example(examples, name, expectation):
    path = expectation.get("get") or f"/v1/kpis/{expectation['kpi']}"
    answer = examples.of(name).api.get(path, query=expectation["query"]).json
    assert not _differences(expectation["answer"], answer), f"{expectation['why']}\nin {answer}"
    if "value" in expectation["answer"]:
        assert (answer["value"] is None) == (answer["reason"] is not None), "null and a reason go together"
