"""Holds every exchange against openapi.yaml and problem.def, apart from the product's own validator."""
import json
import os
import re
import uuid
from datetime import date, datetime
from decimal import Decimal

import yaml
from jsonschema import Draft202012Validator, FormatChecker, RefResolver

from support.server import REPOSITORY

DOCUMENT = os.environ.get("CICLO_OPENAPI", os.path.join(REPOSITORY, "openapi.yaml"))
PROBLEMS = os.path.join(REPOSITORY, "include", "ciclo", "base", "problem.def")
ANYWHERE = (408, 414, 431, 501)  # the document says once, at its head, that any request can meet these
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class _Loader(yaml.SafeLoader):
    """YAML 1.2 as JSON knows it: no dates, and only true and false are booleans (NO is Norway)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))

_formats = FormatChecker(formats=())
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _check(name):
    """Registers a checker that returns false or raises ValueError for a bad string."""
    return lambda test: _formats.checks(name, raises=ValueError)(lambda value: not isinstance(value, str) or test(value))


_check("date")(lambda text: date.fromisoformat(text).isoformat() == text)
_check("date-time")(lambda text: bool(_INSTANT.fullmatch(text)) and bool(datetime.fromisoformat(text.replace("Z", "+00:00"))))
_check("uuid")(lambda text: str(uuid.UUID(text)) == text)
_check("email")(lambda text: bool(re.fullmatch(r"[^@\s]+@[^@\s]+", text)))
_check("country")(lambda text: bool(re.fullmatch("[A-Z]{2}", text)))
_check("currency")(lambda text: bool(re.fullmatch("[A-Z]{3}", text)))
_check("decimal")(lambda text: bool(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text)))


def problem_table():
    """{slug: (status, title)} out of problem.def."""
    with open(PROBLEMS, encoding="utf-8") as file:
        found = re.findall(r'^X\((\w+),\s*(\d+),\s*"([^"]*)",$', file.read(), re.MULTILINE)
    return {slug: (int(status), title) for slug, status, title in found}


def parse_json(data):
    """Numbers stay exact."""
    return json.loads(data, parse_float=Decimal)


class Contract:
    """The document, and what it says of one exchange."""

    def __init__(self, path=DOCUMENT):
        with open(path, "rb") as file:
            self.text = file.read()
        self.document = yaml.load(self.text, _Loader)
        self.problems = problem_table()
        self.resolver = RefResolver("", self.document)
        self.validators = {}
        self.routes = sorted(((self._pattern(template), template, item)
                              for template, item in self.document["paths"].items()),
                             key=lambda route: route[1].replace("{", "\x7f"))  # literal segments win

    @staticmethod
    def _pattern(template):
        parts = re.split(r"(\{[^}]*\})", template)
        return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))

    def path_item(self, path):
        return next((item for pattern, _, item in self.routes if pattern.fullmatch(path)), None)

    def methods(self, path):
        return [name.upper() for name in self.path_item(path) if name in METHODS]

    def operations(self):
        for template, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), template, item[method]

    def _resolved(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def _errors(self, schema, value):
        """Violations of a schema of the document, the first few."""
        key = json.dumps(schema, sort_keys=True, default=str)
        if key not in self.validators:
            self.validators[key] = Draft202012Validator(schema, resolver=self.resolver, format_checker=_formats)
        errors = list(self.validators[key].iter_errors(value))[:5]
        return [f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]

    def check(self, method, path, answer):
        """Raises AssertionError when the answer is not one that the document allows."""
        where = f"{method} {path} -> {answer.status}"
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers.get("X-Request-Id", "")), f"{where}: no X-Request-Id"
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", f"{where}: no X-Content-Type-Options"
        assert answer.headers.get("Cache-Control"), f"{where}: no Cache-Control"
        if answer.media_type == "application/problem+json":
            self.check_problem(where, answer)
        elif answer.status >= 400 and method != "HEAD":
            raise AssertionError(f"{where}: an error without a problem document: {answer.body[:300]!r}")
        item = self.path_item(path)
        method = "GET" if method == "HEAD" and item and "head" not in item else method
        if item is None or method.lower() not in item:
            assert answer.status in ((204,) if item and method == "OPTIONS" else (400, 401, 404, 405, *ANYWHERE)), \
                f"{where}: no such operation, {answer.body[:300]!r}"
            return
        if answer.status not in ANYWHERE:
            self.check_documented(where, item[method.lower()], answer)

    def check_documented(self, where, operation, answer):
        responses = operation["responses"]
        named = {str(status): response for status, response in responses.items()}
        response = named.get(str(answer.status)) or named.get(f"{answer.status // 100}XX") or named.get("default")
        assert response is not None, f"{where}: status is not documented; body {answer.body[:500]!r}"
        response = self._resolved(response)
        for name, field in response.get("headers", {}).items():
            assert not self._resolved(field).get("required") or name in answer.headers, f"{where}: no {name} field"
        content = response.get("content", {})
        if not content:
            assert not answer.body, f"{where}: a body where none is documented: {answer.body[:300]!r}"
            return
        if not answer.body:
            assert answer.is_head or answer.status == 304, f"{where}: an empty body"
            return
        assert answer.media_type in content, f"{where}: media type {answer.media_type!r} is not documented"
        schema = content[answer.media_type].get("schema")
        if schema is not None and answer.media_type.endswith("json"):
            errors = self._errors(schema, answer.json)
            assert not errors, f"{where}: the body breaks the contract: {errors}; body {answer.body[:1000]!r}"

    def check_problem(self, where, answer):
        if answer.is_head:
            return
        problem = answer.json
        code = problem.get("code")
        assert code in self.problems, f"{where}: unknown problem code {code!r}"
        status, title = self.problems[code]
        assert (problem["status"], problem["title"]) == (status, title) and answer.status == status, f"{where}: {problem}"
        assert problem["type"] == f"/problems/{code}", f"{where}: type {problem['type']!r}"
        assert problem.get("instance") and problem.get("detail"), f"{where}: {problem}"
        for error in problem.get("errors", []):
            places = [name for name in ("pointer", "parameter", "header") if name in error]
            assert len(places) == 1 and error.get("code") and error.get("detail"), f"{where}: {error}"
        for secret in ("SELECT", "INSERT", "pg_", "psql", "libpq", "SQLSTATE"):
            assert secret not in problem["detail"], f"{where}: database talk in the detail: {problem['detail']}"
