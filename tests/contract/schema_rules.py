"""What openapi.yaml may say within schemas: supported keywords and formats, and a limit on everything that can grow.

A part of check_openapi.py. Places are JSON pointers into the document.
"""
import re

import jsonschema

# The list of include/ciclo/contract/contract.h; check_keyword_list() holds the two together.
KEYWORDS = set("""type required enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength
    maxLength pattern format items minItems maxItems uniqueItems properties additionalProperties propertyNames
    minProperties maxProperties oneOf anyOf allOf not $ref default""".split())
ANNOTATIONS = set("title description examples example deprecated readOnly writeOnly".split())
LISTS_OF_SCHEMAS = ("oneOf", "anyOf", "allOf")
SCHEMAS = ("items", "additionalProperties", "propertyNames", "not")


def _format_checker():
    """Independent of the checkers in src/contract: plain patterns are enough for examples."""
    patterns = {
        "date": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
        "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)",
        "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "email": r"[^@\s]+@[^@\s]+",
        "country": r"[A-Z]{2}",
        "customer-reference": r"email:[^@\s]+@[^@\s]+|(?!email:).+",
        "currency": r"[A-Z]{3}",
        "decimal": r"-?\d+(\.\d+)?(e-?\d+)?",
        "time-zone": r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*",
        "int32": r"",
        "int64": r"",
    }
    checker = jsonschema.FormatChecker(formats=())
    checker.checkers = {
        name: (lambda value, p=re.compile(text): not isinstance(value, str) or bool(p.fullmatch(value)), ())
        for name, text in patterns.items()
    }
    return checker


FORMATS = _format_checker()


def schemas_within(node, place):
    """All schemas of the document with their places, nested ones as well."""
    if isinstance(node, list):
        for index, entry in enumerate(node):
            yield from schemas_within(entry, f"{place}/{index}")
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        below = f"{place}/{key}"
        if place == "#/components" and key == "schemas":
            for name, schema in value.items():
                yield from nested_schemas(schema, f"{below}/{name}", "whole")
        elif key in ("schema", "x-batch-item"):
            yield from nested_schemas(value, below, "whole")
        elif key not in ("examples", "example"):
            yield from schemas_within(value, below)


def nested_schemas(schema, place, role):
    """role: "whole", or "part" for one that only adds a condition to another."""
    if not isinstance(schema, dict):
        return
    yield schema, place, role
    for key, value in schema.items():
        below = f"{place}/{key}"
        if key in LISTS_OF_SCHEMAS:
            for index, entry in enumerate(value):
                yield from nested_schemas(entry, f"{below}/{index}", "whole" if key == "oneOf" else "part")
        elif key == "properties":
            for name, entry in value.items():
                yield from nested_schemas(entry, f"{below}/{name}", role)
        elif key in SCHEMAS:
            yield from nested_schemas(value, below, "part" if key in ("not", "propertyNames") else role)


def check_keywords(c, schema, place):
    for key in schema:
        if key not in KEYWORDS | ANNOTATIONS:
            c.fault(place, f"unsupported keyword {key}")
    if "$ref" in schema and len(schema) > 1:
        c.fault(place, "stands beside a $ref")
    if "format" in schema and schema["format"] not in FORMATS.checkers:
        c.fault(place, f"unknown format {schema['format']}")


def check_limits(c, schema, place, role):
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    fixed = "enum" in schema or "const" in schema
    if "string" in types and not fixed and "maxLength" not in schema:
        c.fault(place, "string without maxLength")
    if "string" in types and not fixed and not {"format", "pattern"} & set(schema):
        c.fault(place, "string without pattern or format")
    if "integer" in types and not fixed and "format" not in schema:
        c.fault(place, "integer without format")
    if "array" in types and ("maxItems" not in schema or "items" not in schema):
        c.fault(place, "array without maxItems and items")
    if "integer" in types and not fixed and not {"minimum", "maximum"} <= set(schema):
        c.fault(place, "integer without minimum and maximum")
    if "object" in types and "additionalProperties" not in schema:
        c.fault(place, "object without additionalProperties")
    if role == "whole" and "properties" in schema and "object" not in types:
        c.fault(place, "properties without type: object")


def check_schemas(c):
    for schema, place, role in schemas_within(c.doc, "#"):
        check_keywords(c, schema, place)
        check_limits(c, schema, place, role)
        if "default" in schema:
            c.validate(schema["default"], schema, f"{place}/default")
        names = set(schema.get("required", [])) - set(schema.get("properties", []))
        if role == "whole" and "properties" in schema and names:
            c.fault(place, f"requires {sorted(names)}, which it does not have")


def check_keyword_list(c, header):
    """The keywords above are those that contract.h promises."""
    head = header.read_text(encoding="utf-8").split("*/")[0]
    words = set(re.findall(r"\$?[A-Za-z0-9-]+", head))
    for name in sorted((KEYWORDS | set(FORMATS.checkers)) - words):
        c.fault(header.name, f"does not speak of {name}")
