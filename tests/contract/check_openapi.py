#!/usr/bin/python3
"""Checks openapi.yaml against the rules at its head; prints all faults and exits with 1 if there are any.

Redocly (tests/contract/redocly.yaml) knows OpenAPI; this knows what Ciclo asks of its contract on top:
which keywords the program can compile, what each operation has to say, that every example is valid, and
that problems are those of include/ciclo/base/problem.def. Debian's python3-yaml and python3-jsonschema.
"""
import functools
import json
import pathlib
import re
import sys
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)

import jsonschema  # noqa: E402
import yaml  # noqa: E402

from schema_rules import FORMATS, check_keyword_list, check_schemas  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "patch", "delete")

# Every operation can answer these ...
ALWAYS = {"400", "405", "406", "500", "503"}
# ... and those with a scope these, because the key is looked up in the database, and has a limit.
WITH_KEY = {"401", "403", "429", "504"}
WITH_BODY = {"413", "415", "422"}
# 201 without Location: a reminder has no path of its own.
NO_LOCATION = {"createReminder"}
# Answers too short-lived for an ETag.
NO_ETAG = {"getHealth", "getMetrics", "getReady"}


class UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys; the program refuses them."""


def _unique_mapping(loader, node, deep=False):
    keys = [key.value for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"duplicate key {sorted(twice)}", node.start_mark)
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


class Contract:
    """The document, and the faults found in it."""

    def __init__(self, path):
        self.doc = yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)
        self.faults = []
        self.used = set()
        self.resolver = jsonschema.RefResolver("", self.doc)

    def fault(self, place, text):
        self.faults.append(f"{place}: {text}")

    def follow(self, ref, place):
        """What a local reference points to, or {}."""
        self.used.add(ref)
        at = self.doc
        for part in ref[2:].split("/"):
            at = at.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(at, dict) else None
        if not ref.startswith("#/") or at is None:
            self.fault(place, f"dangling reference {ref}")
            return {}
        return at

    def get(self, node, place):
        """The node itself, or what it refers to."""
        return self.follow(node["$ref"], place) if isinstance(node, dict) and "$ref" in node else node

    def validate(self, value, schema, place):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=FORMATS)
        for error in validator.iter_errors(value):
            where = "/".join(str(part) for part in error.absolute_path)
            self.fault(place, f"/{where} {error.message[:200]}")

    def operations(self):
        """(name for faults, path, method, operation, its path's parameters)"""
        for path, item in self.doc["paths"].items():
            for method in METHODS:
                if method in item:
                    yield f"{method.upper()} {path}", path, method, item[method], item.get("parameters") or []


def check_references(c, node, place="#"):
    """All of them, before anything follows one. A name in an example that reads $ref would be taken for one too."""
    entries = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for key, value in entries:
        if key == "$ref":
            c.follow(value, place)
        else:
            check_references(c, value, f"{place}/{key}")
    return not c.faults


# ---- examples ----------------------------------------------------------------------------------


def check_batch_example(c, value, item, place):
    """The body's schema says nothing of the items, so each is checked on its own."""
    if isinstance(value, str):
        value = [json.loads(line) for line in value.splitlines()]
    for index, entry in enumerate(value):
        c.validate(entry, item, f"{place}/{index}")


def check_media(c, media, place, item=None):
    examples = media.get("examples", {})
    if "schema" not in media:
        return c.fault(place, "no schema")
    if not examples:
        c.fault(place, "no example")
    for name, example in examples.items():
        where = f"{place} example {name}"
        example = c.get(example, where)
        if "value" not in example:
            c.fault(where, "no value")
            continue
        c.validate(example["value"], media["schema"], where)
        if item:
            check_batch_example(c, example["value"], item, where)


def check_single_examples(c):
    """Parameters and headers have one example each."""
    for kind in ("parameters", "headers"):
        for name, entry in c.doc["components"][kind].items():
            place = f"#/components/{kind}/{name}"
            if "example" not in entry:
                c.fault(place, "no example")
            else:
                c.validate(entry["example"], entry["schema"], place)


# ---- problems ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def known_problems():
    text = (ROOT / "include/ciclo/base/problem.def").read_text()
    rows = re.findall(r'^X\((\w+), (\d+), "(.*)",$', text, re.MULTILINE)
    return {slug: (int(status), title) for slug, status, title in rows}


def check_problem(c, problem, place, status=None):
    code = problem.get("code")
    known = known_problems().get(code)
    if known is None:
        return c.fault(place, f"code {code} is not in problem.def")
    if (problem.get("status"), problem.get("title")) != known:
        c.fault(place, f"status and title of {code} are {known} in problem.def")
    if problem.get("type") != f"/problems/{code}":
        c.fault(place, f"type is not /problems/{code}")
    if status and str(problem.get("status")) != status:
        c.fault(place, f"is listed under {status}")


def check_problem_response(c, status, response, place):
    media = response.get("content", {}).get("application/problem+json")
    if media is None or len(response["content"]) != 1:
        return c.fault(place, "is not application/problem+json alone")
    if media.get("schema") != {"$ref": "#/components/schemas/Problem"}:
        c.fault(place, "is not described by Problem")
    check_media(c, media, place)
    for name, example in media.get("examples", {}).items():
        where = f"{place} example {name}"
        check_problem(c, c.get(example, where).get("value", {}), where, status)
    for status_with, header in (("401", "WWW-Authenticate"), ("405", "Allow"), ("429", "Retry-After"), ("503", "Retry-After")):
        if status == status_with and header not in response["headers"]:
            c.fault(place, f"no {header}")


def check_nested_problems(c):
    """Problems within batch results, and the example of a problem type."""
    for name, example in c.doc["components"]["examples"].items():
        value = example.get("value")
        if not isinstance(value, dict):
            continue
        for index, result in enumerate(value.get("results", [])):
            if "problem" in result:
                check_problem(c, result["problem"], f"example {name} result {index}", str(result["status"]))
        if name == "problem_type" and known_problems().get(value["code"]) != (value["status"], value["title"]):
            c.fault(f"example {name}", "differs from problem.def")


# ---- operations --------------------------------------------------------------------------------


def check_texts(c, name, op, tags, ids):
    if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", op.get("operationId", "")):
        c.fault(name, "operationId is missing or not camelCase")
    if op.get("operationId") in ids:
        c.fault(name, f"operationId {op['operationId']} is used twice")
    ids.add(op.get("operationId"))
    if not op.get("summary") or op["summary"].endswith("."):
        c.fault(name, "summary is missing or ends with a full stop")
    if not op.get("description") or "\n" in op["description"].strip():
        c.fault(name, "description is missing or more than one paragraph")
    if len(op.get("tags", [])) != 1 or op["tags"][0] not in tags:
        c.fault(name, "must have exactly one tag, of those at the top")


def check_scope(c, name, method, op):
    """Reading needs TAG:read, writing TAG:write; the service's own paths are open."""
    tag = op.get("tags", ["?"])[0]
    wanted = [] if tag == "service" else [{"apiKey": [f"{tag}:{'read' if method == 'get' else 'write'}"]}]
    if op.get("security") != wanted:
        c.fault(name, f"security is {op.get('security')}, not {wanted}")


def check_request(c, name, op):
    body = op.get("requestBody", {})
    item = op.get("x-batch-item")
    if item and ("x-body-max" not in op or len(body.get("content", {})) != 2):
        c.fault(name, "a batch has x-body-max, application/json and application/x-ndjson")
    for media_type, media in body.get("content", {}).items():
        check_media(c, media, f"{name} {media_type}", item)


def wanted_statuses(path, op):
    wanted = set(ALWAYS)
    if op.get("security"):
        wanted |= WITH_KEY
    if "requestBody" in op:
        wanted |= WITH_BODY
    if "{" in path:
        wanted.add("404")
    return wanted


def check_success(c, name, status, response, method, op):
    headers = response.get("headers", {})
    for media_type, media in response.get("content", {}).items():
        check_media(c, media, f"{name} {status} {media_type}")
    if not response.get("content"):
        c.fault(name, f"{status} has no content")
    if status == "201" and ("Location" in headers) == (op.get("operationId") in NO_LOCATION):
        c.fault(name, "201 and Location do not go together")
    if method == "post" and "Idempotent-Replayed" not in headers:
        c.fault(name, f"{status} has no Idempotent-Replayed")
    if method == "get" and ("ETag" in headers) == (op.get("operationId") in NO_ETAG):
        c.fault(name, f"{status} and ETag do not go together")


def check_responses(c, name, path, method, op):
    responses = op.get("responses", {})
    missing = wanted_statuses(path, op) - set(responses)
    if missing:
        c.fault(name, f"does not list {sorted(missing)}")
    if not any(status.startswith("2") for status in responses):
        c.fault(name, "lists no success")
    if list(responses) != sorted(responses):
        c.fault(name, "responses are not in order")
    for status, response in responses.items():
        place = f"{name} {status}"
        response = c.get(response, place)
        if "X-Request-Id" not in response.get("headers", {}):
            c.fault(place, "no X-Request-Id")
        for header, node in response.get("headers", {}).items():
            c.get(node, f"{place} {header}")
        if status.startswith("2"):
            check_success(c, name, status, response, method, op)
        elif status >= "400":
            check_problem_response(c, status, response, place)


def check_parameters(c, name, path, method, op, shared):
    found = [c.get(p, name) for p in shared + (op.get("parameters") or [])]
    names = {p.get("name") for p in found}
    in_path = {p.get("name") for p in found if p.get("in") == "path"}
    if in_path != set(re.findall(r"{(\w+)}", path)):
        c.fault(name, f"has the path parameters {sorted(in_path)}")
    if any(not p.get("description") for p in found):
        c.fault(name, "has a parameter without a description")
    responses = set(op.get("responses", {}))
    for header, wanted in (
        ("Idempotency-Key", method == "post"),
        ("If-None-Match", "304" in responses),
        ("If-Match", "412" in responses),
    ):
        if (header in names) != wanted:
            c.fault(name, f"{header} is {'missing' if wanted else 'out of place'}")


def check_operations(c):
    tags = {tag["name"] for tag in c.doc["tags"]}
    ids = set()
    for name, path, method, op, shared in c.operations():
        check_texts(c, name, op, tags, ids)
        check_scope(c, name, method, op)
        check_parameters(c, name, path, method, op, shared)
        check_request(c, name, op)
        check_responses(c, name, path, method, op)


def check_components_used(c):
    for kind, entries in c.doc["components"].items():
        for name in entries:
            if kind != "securitySchemes" and f"#/components/{kind}/{name}" not in c.used:
                c.fault(f"#/components/{kind}/{name}", "is not used")


def check_all(c):
    check_schemas(c)
    check_keyword_list(c, ROOT / "include/ciclo/contract/contract.h")
    check_operations(c)
    check_single_examples(c)
    check_nested_problems(c)
    check_components_used(c)


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "openapi.yaml"
    try:
        c = Contract(path)
    except yaml.YAMLError as error:
        print(f"{path}: {error}")
        return 1
    if check_references(c, c.doc):
        check_all(c)
    for fault in c.faults:
        print(fault)
    print(f"{path.name}: {len(list(c.operations()))} operations, {len(c.faults)} faults")
    return 1 if c.faults else 0


if __name__ == "__main__":
    sys.exit(main())
