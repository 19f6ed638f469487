#!/usr/bin/env python3
"""Writes the first inputs of the fuzz targets, made of the examples in openapi.yaml, and their dictionaries.

    seeds.py FOLDER        FOLDER/TARGET/seed-NNN and FOLDER/TARGET.dict
"""
import base64
import csv
import io
import json
import os
import sys
import urllib.parse

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
METHODS = ("get", "post", "put", "patch", "delete")
ID = "0198f2c4-5a3b-7c1d-8e2f-0123456789ab"
# Where a parameter has no example; what does not fit is a seed as well.
VALUE = {"integer": "7", "boolean": "true", "string": "2026-01-01"}
# What the parsers look for; names and choices of the contract are added where they count.
JSON = ["{", "}", "[", "]", ",", ":", "\"", "true", "false", "null", "-0", "1e400", "5e-324", "9223372036854775808", "1.0",
        "999999999999999999", "\\u0000", "\\ud83d\\ude00", "\\udc00", "\\\"", "\x00", "\xef\xbb\xbf"]
TIMES = ["2026-01-01T09:00:00Z", "2024-02-29", "9999-12-31", "0001-01-01T00:00:00+23:59", ".123456789"]
TOKENS = {
    "json": JSON,
    "schema": [*JSON, *TIMES, "external:", "email:", ID, "GBP", "JPY", "\n"],
    "url": ["GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS ", "%2F", "%00", "%2e", "%C3%A9", "%", "?", "&", "=", "+",
            "//", "/../", "http://h/", "external:", *TIMES],
    "header": ["Content-Length: ", "Transfer-Encoding: chunked", "Host: ", "Expect: 100-continue", "Accept: ", "If-None-Match: ",
               "Authorization: Bearer ciclo_", "HTTP/1.1", "HTTP/1.0", ";q=0.", "*/*", "text/csv", "W/\"", "\"", "*", "\t", "\x7f"],
    "cursor": ["djEg", "cursor=", "%63ursor=", "?", "&", "-", "_", "="],
    "csv": ["\"", "\"\"", ",", "\n", "\r\n", "\r", "items.0.", "attributes.", "..", "\xef\xbb\xbf", "TRUE", "\x00", "\xff"],
    "problem": ["\t", "\n", "\xff", "\xc3\xa9", "~1", "/"],
    "log": ["\n", "#", "\xff", "\xc2\x85", "\\", "\""],
    "value": ["\n", "e-12", ".", "-", "GBP", "JPY", "KWD", "CLF", ID, "9007199254740991", "170141183460469231731687303715884105727", *TIMES],
}


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Document:
    def __init__(self):
        with open(os.path.join(ROOT, "openapi.yaml"), encoding="utf-8") as file:
            self.doc = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            found = self.doc
            for step in node["$ref"][2:].split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def operations(self):
        for path, item in self.doc["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item.get("parameters", []) + item[method].get("parameters", []), item[method]

    def bodies(self, operation):
        body = self.resolve(operation.get("requestBody", {}))
        for media in body.get("content", {}).values():
            for example in media.get("examples", {}).values():
                yield self.resolve(example)["value"]

    def parameter(self, node):
        parameter = self.resolve(node)
        schema = self.resolve(parameter["schema"])
        examples = [self.resolve(each)["value"] for each in parameter.get("examples", {}).values()]
        types = schema.get("type", "string")
        guess = (schema.get("enum") or schema.get("examples") or [VALUE.get(types if isinstance(types, str) else types[0], "a")])[0]
        value = parameter.get("example", examples[0] if examples else schema.get("example", schema.get("default", guess)))
        return parameter["in"], parameter["name"], value if isinstance(value, str) else compact(value)


def words(document):
    """target -> what the contract calls things."""
    names, choices, operations, parameters = set(), set(), set(), set()

    def visit(node):
        if isinstance(node, list):
            for each in node:
                visit(each)
        elif isinstance(node, dict):
            if isinstance(node.get("properties"), dict):
                names.update(node["properties"])
            choices.update(each for each in node.get("enum", []) if isinstance(each, str))
            for each in node.values():
                visit(each)

    visit(document.doc["components"]["schemas"])
    for path, method, given, operation in document.operations():
        operations.add(operation["operationId"] + "\n")
        parameters.update(f"{document.parameter(each)[1]}=" for each in given)
        parameters.update(step for step in path.split("/") if step and step[0] != "{")
    return {"schema": {f'"{name}":' for name in names} | {f'"{choice}"' for choice in choices} | operations,
            "csv": names | operations, "url": parameters | choices, "header": operations}


def quoted(token):
    """As libFuzzer and AFL++ read it: every byte beside plain ones in hexadecimal."""
    return '"' + "".join(chr(b) if chr(b).isascii() and chr(b).isalnum() else f"\\x{b:02X}" for b in token) + '"'


def write_dictionaries(folder, document):
    found = words(document)
    for target_name, tokens in TOKENS.items():
        # Latin-1 for the tokens above, which mean bytes.
        every = [token.encode("latin-1") for token in tokens] + [word.encode() for word in sorted(found.get(target_name, ()))]
        with open(os.path.join(folder, f"{target_name}.dict"), "w", encoding="ascii") as file:
            file.writelines(f"{quoted(token)}\n" for token in every if len(token) <= 64)


def items_of(value):
    """The items of a batch, each as its operation takes one."""
    if isinstance(value, str):
        return [json.loads(line) for line in value.splitlines() if line.strip()]
    if isinstance(value, dict) and isinstance(value.get("items"), list) and set(value) == {"items"}:
        return value["items"]
    return value if isinstance(value, list) else [value]


def flat(value, way=()):
    """{"items": [{"sku": "a"}]} -> items.0.sku: a"""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if not pairs:
        return {".".join(way): compact(value) if not isinstance(value, str) else value} if value not in (None, {}, []) else {}
    return {name: cell for key, each in pairs for name, cell in flat(each, (*way, str(key))).items()}


def table(item):
    cells = flat(item)
    text = io.StringIO()
    csv.writer(text).writerows([list(cells), list(cells.values()), list(cells.values())])
    return text.getvalue()


def target(document, path, method, parameters):
    query, args = [], {}
    for where, name, value in map(document.parameter, parameters):
        if where == "query":
            query.append(f"{name}={urllib.parse.quote(value)}")
        elif where == "path":
            args["{" + name + "}"] = urllib.parse.quote(value, safe="")
    for name, value in args.items():
        path = path.replace(name, value)
    return f"{method.upper()} {path}" + ("?" + "&".join(query) if query else "") + "\n\"abc\"\n"


def cursors():
    for key in ("2026-01-01T09:00:00.123456Z", "2026-01-01T09:00:00Z", "2026-01-01", "infinity"):
        text = base64.urlsafe_b64encode(f"v1 {key} {ID}".encode()).decode().rstrip("=")
        yield f"{text}\n/v1/orders?limit=1&cursor={text}&test=true"


def made_by_hand():
    yield "header", ("getKpi\nHTTP/1.1\nAccept: text/csv;q=0.5, application/json, */*;q=0.1\nIf-None-Match: \"a\", W/\"b,c\"\n"
                     "Authorization: Bearer ciclo_abcdefghijkl_0123456789012345678901234567890123456789-_Z\n")
    yield "header", "createOrder\nHTTP/1.1\nContent-Type: application/json; charset=utf-8\nContent-Length: 12\nExpect: 100-continue\nHost: a\n"
    yield "header", "batchOrders\nHTTP/1.0\nTransfer-Encoding: chunked\nContent-Encoding: identity\nIdempotency-Key: \"k\"\nX Y: \x01"
    yield "problem", "3 faults were found; see errors.\n/items/0/quantity\tmust be at least 1\n/größe~1a\tis not a known property\ncursor\tè\n"
    yield "problem", "é" * 600 + "\n/" + "ü" * 600 + "\t" + "日本" * 300
    yield "log", "a sentence\n\"quoted\" \\ \x1b[31m\n#\nDETAIL: größe\n"
    yield "value", "0.85\n-1.5e-3\n2895\nGBP JPY\n2026-01-01T09:00:00.123456789+01:00\n2024-02-29\n"
    yield "value", f"12\n123456789012345678\n9007199254740991\nKWD CLF\n{ID}\n9999-12-31\n"
    for text in ("[1,-0,1.5e3,0.1,1e-400,123456789012345678,9223372036854775807,5e-324,1.7976931348623157e308]",
                 '{"a":"\\u00e9\\ud83d\\ude00\\n\\/","b":{"c":[true,false,null]},"":""}', "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"):
        yield "json", text
    for text in cursors():
        yield "cursor", text


def seeds(document):
    yield from made_by_hand()
    for path, method, parameters, operation in document.operations():
        yield "url", target(document, path, method, parameters)
        for value in document.bodies(operation):
            if "batch" not in operation["operationId"]:
                yield "json", compact(value)
            for item in items_of(value):
                yield "schema", f"{operation['operationId']}\n{compact(item)}"
                if "batch" in operation["operationId"]:
                    yield "csv", f"{operation['operationId']}\n{table(item)}"


def main():
    folder, document = sys.argv[1], Document()
    for number, (name, text) in enumerate(seeds(document)):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        with open(os.path.join(folder, name, f"seed-{number:03d}"), "wb") as file:
            file.write(text.encode())
    write_dictionaries(folder, document)


if __name__ == "__main__":
    main()
