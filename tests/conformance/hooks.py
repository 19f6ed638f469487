"""What schemathesis cannot know by itself: the contract's own formats, what a batch holds, and which findings are accepted.

Loaded by schemathesis (SCHEMATHESIS_HOOKS), which runs in a Python of its own; deviations.yaml beside this file has the reasons.
"""
import datetime
import itertools
import json
import os
import re

import schemathesis
import yaml
from hypothesis import strategies as st

HERE = os.path.dirname(os.path.abspath(__file__))
NDJSON = "application/x-ndjson"
# Lists that a schema cannot hold (ISO 4217, ISO 3166-1, the time zone database), and decimals; src/contract/format.c.
FORMATS = {
    "currency": st.sampled_from(["GBP", "GBP", "GBP", "EUR", "JPY", "KWD"]),  # mostly the shop's own, which needs no rate
    "country": st.sampled_from(["GB", "FR", "US", "JP", "NO"]),
    "time-zone": st.sampled_from(["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    "customer-reference": st.one_of(st.uuids().map(str), st.emails().map("email:{}".format),
                                    st.from_regex(r"\A(external|visitor):[^\x00-\x1F\x7F/]{1,200}\Z")),
    # Of the years 1 to 9999 in UTC, which is what PostgreSQL, JSON and most languages can all say.
    "date-time": st.builds(lambda at, minutes: at.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=minutes))).isoformat(),
                           st.datetimes(datetime.datetime(1, 1, 3), datetime.datetime(9999, 12, 29)), st.integers(-1439, 1439)),
    "decimal": st.decimals(min_value="0.0001", max_value="999999", places=4).map(str),
}
for _name, _strategy in FORMATS.items():
    schemathesis.openapi.format(_name, _strategy)

with open(os.path.join(HERE, "deviations.yaml"), encoding="utf-8") as _file:
    ACCEPTED = yaml.safe_load(_file)["schemathesis"]
ITEMS_MAX = 5  # 10,000 in the contract; of more than these few a run would do nothing else
_calls = itertools.count(1)


# ---- requests ----------------------------------------------------------------------------------


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Batches: their items are no part of the body's schema (a bad one must not spoil the others), but are what is to be sent."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "x-batch-item" in operation:
                for media in operation["requestBody"]["content"].values():
                    media["schema"] = {"type": "array", "minItems": 1, "maxItems": ITEMS_MAX, "items": operation["x-batch-item"]}


@schemathesis.serializer(NDJSON)
def lines(context, value):
    return "\n".join(map(json.dumps, value if isinstance(value, list) else [value])).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    """The examples of these parameters are good once: a key belongs to one request, an ETag to one version, a cursor to one list."""
    number, headers, query = next(_calls), case.headers, case.query
    if headers and headers.get("Idempotency-Key") == "4f6f2d1c-checkout-1042":
        headers["Idempotency-Key"] = f"conformance-{os.getpid()}-{number}"
    if headers and headers.get("If-Match") == '"3"':
        headers["If-Match"] = f'"{number % 4}"'
    if query and query.get("cursor") == "eyJhIjoiMjAyNi0wMi0xMSJ9":
        del query["cursor"]


# ---- findings ----------------------------------------------------------------------------------


def _sayings(response):
    """Each thing that an answer complains of, as `STATUS CODE PLACE CODE: DETAIL`."""
    try:
        answer = json.loads(response.content)
        if response.status_code == 200 and answer.get("failed"):
            return ["200 with failed items"]
        errors = answer.get("errors") or [{"detail": answer["detail"]}]
        return [f"{answer['status']} {answer['code']} {error.get('pointer') or error.get('parameter') or error.get('header') or ''} "
                f"{error.get('code', '')}: {error['detail']}" for error in errors]
    except (ValueError, KeyError, AttributeError, TypeError):
        return [f"{response.status_code}"]


def _accepts(entry, failure, case, saying):
    return (entry["finding"] == type(failure).__name__ and re.search(entry["says"], saying)
            and re.fullmatch(entry.get("operations", ".*"), case.operation.definition.raw["operationId"])
            and entry.get("media_type") in (None, case.media_type) and entry.get("message", "") in failure.message)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """False: accepted. All that an answer says must be accepted, not only the first."""
    return not all(any(_accepts(entry, failure, case, saying) for entry in ACCEPTED) for saying in _sayings(response))


@schemathesis.deserializer("text/csv")
def csv(context, response):
    return response.content.decode()
