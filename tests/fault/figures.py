#!/usr/bin/env python3
"""The figures of a run of `make fault`: sums up DIRECTORY/fault.jsonl, one line a test, into DIRECTORY/fault.json, and prints them.

    figures.py DIRECTORY            prints
    figures.py DIRECTORY --write    also puts the table into README.md, between its marks

A test adds a line by Stage.record(name=number), and so does `make soak`; rows of the first table sum the lines that have that name.
"""
import json
import os
import sys

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md")
BEGIN, END = "<!-- figures: written by figures.py -->\n", "<!-- end of figures -->\n"
TOTALS = {"faults": ("faults injected", sum), "acknowledged": ("writes acknowledged while they went on", sum), "lost": ("writes lost", sum),
          "duplicates": ("writes that came twice", sum), "unknown": ("writes without a clear answer, each there once after a retry", sum),
          "bad_inputs": ("bad inputs tried", sum), "crashes": ("crashes of the service", sum), "soak_minutes": ("minutes soaked", sum),
          "memory_growth_kib": ("growth of memory in the last soak, KiB", lambda values: list(values)[-1])}
COLUMNS = ("test", "faults", "acknowledged", "unknown", "refused", "lost", "duplicates", "seconds")


def number(value):
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def render(lines, total):
    yield "| what | figure |\n|---|---:|\n"
    for name, (label, _) in TOTALS.items():
        yield f"| {label} | {number(total[name]) if name in total else 'not measured in this run'} |\n"
    yield "\n| " + " | ".join(COLUMNS) + " | besides |\n|" + "---|" + "---:|" * (len(COLUMNS) - 1) + "---|\n"
    for line in lines:
        besides = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in line.items() if name not in COLUMNS and name != "crashes")
        yield "| " + " | ".join(number(line.get(name, "")) for name in COLUMNS) + f" | {besides} |\n"


def main(directory, write):
    with open(os.path.join(directory, "fault.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    total = {name: add(line[name] for line in lines if name in line) for name, (_, add) in TOTALS.items() if any(name in line for line in lines)}
    with open(os.path.join(directory, "fault.json"), "w", encoding="utf-8") as file:
        json.dump({"total": total, "tests": lines}, file, indent=1)
    table = "".join(render(lines, total))
    print(table, end="")
    if write:
        with open(README, encoding="utf-8") as file:
            text = file.read()
        before, rest = text.split(BEGIN)
        with open(README, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + table + END + rest.split(END)[1])


if __name__ == "__main__":
    main(sys.argv[1], "--write" in sys.argv)
