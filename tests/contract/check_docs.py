"""The tables in the documentation are those of the program.

    check_docs.py [--write] [BINARY]

Each page has marks `<!-- NAME: written by make docs -->` and `<!-- /NAME -->`; what stands between them must be what
`ciclo describe NAME` prints. With --write it is put there.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = {"config": "README.md", "kpis": "src/kpi/README.md"}


def main(arguments):
    write = "--write" in arguments
    rest = [a for a in arguments if a != "--write"]
    binary = rest[0] if rest else os.environ.get("CICLO_BIN", ROOT / "build/release/ciclo")
    faults = 0
    for name, page in PAGES.items():
        table = subprocess.run([binary, "describe", name], check=True, capture_output=True, text=True).stdout
        path = ROOT / page
        marked = re.compile(rf"(<!-- {name}: written by make docs -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = path.read_text()
        wanted, count = marked.subn(lambda m: m[1] + table + m[2], text)
        if count != 1:
            print(f"{page}: no marks for {name}")
            faults += 1
        elif wanted != text and write:
            path.write_text(wanted)
        elif wanted != text:
            print(f"{page}: the table of {name} is not that of the program; run make docs")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
