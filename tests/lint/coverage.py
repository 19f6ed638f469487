#!/usr/bin/env python3
"""The tables of tests/README.md are complete: coverage.py

Between "## What is proved where" and the next section of the same level stand tables of three columns: what, where it is
served, and what proves it. Every KPI of the catalogue, every operation of openapi.yaml and every built-in lifecycle model
must have its row; every row must name a test that is there. A KPI's row must name an example worked by hand, and
the golden files must have two of each KPI at least.
"""
import glob
import json
import os
import re
import sys

import yaml

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EXAMPLES = 2  # worked by hand, for each KPI
bad = []


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def complain(text):
    bad.append(text)


def rows():
    """[(section, what, where, proof)] with their back quotes."""
    text = read("tests", "README.md")
    part = text.split("\n## What is proved where\n")[-1].split("\n## ")[0]
    section, found = "", []
    for line in part.split("\n"):
        if line.startswith("### "):
            section = line[4:]
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and not set(line) <= set("|- "):
            found.append((section, *cells))
    return [row for row in found if row[3] != "proof"]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def check_proof(what, proof):
    """`file` or `file::test` below tests/; a test by the beginning of its name."""
    if not quoted(proof):
        complain(f"{what}: no test")
    for name in quoted(proof):
        path, _, test = name.partition("::")
        if not os.path.exists(os.path.join(ROOT, "tests", path)):
            complain(f"{what}: there is no tests/{path}")
        elif test and f"def {test}" not in read("tests", path):
            complain(f"{what}: tests/{path} has no {test}")


def same(kind, there, listed):
    for name in sorted(set(there) - set(listed)):
        complain(f"{kind} {name} has no row")
    for name in sorted(set(listed) - set(there)):
        complain(f"there is no {kind} {name}")


def golden():
    """{kpi: examples}"""
    count = {}
    for path in glob.glob(os.path.join(ROOT, "tests", "golden", "*.json")):
        for case in json.loads(read(path))["expect"]:
            name = case.get("kpi") or case.get("covers")
            if name:
                count[name] = count.get(name, 0) + 1
    return count


def main():
    table = rows()
    spec = yaml.safe_load(read("openapi.yaml"))
    operations = [op["operationId"] for path in spec["paths"].values() for op in path.values() if isinstance(op, dict) and "operationId" in op]
    kpis = [name for path in glob.glob(os.path.join(ROOT, "src", "kpi", "catalogue_*.c")) for name in re.findall(r'\.name = "(\w+)"', read(path))]
    models = re.findall(r"^    \('(\w+)', '[^']*', true,", read("sql", "migrations", "0009_derive.sql"), re.M)

    for section, what, _, proof in table:
        check_proof(f"{section}: {what}", proof)
    same("operation", operations, [name for _, _, where, _ in table for name in quoted(where) if re.fullmatch(r"[a-z]+[A-Z]\w+", name)])
    same("kpi", kpis, [name for section, what, _, _ in table if section == "KPIs" for name in quoted(what)])
    same("model", models, [name for section, what, _, _ in table if section == "Lifecycle models" for name in quoted(what)])
    examples = golden()
    for name in kpis:
        if examples.get(name, 0) < EXAMPLES:
            complain(f"kpi {name} has {examples.get(name, 0)} examples worked by hand in tests/golden, not {EXAMPLES}")
    print("\n".join(bad) if bad else f"{len(table)} rows, {len(operations)} operations, {len(kpis)} KPIs, {len(models)} models")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
