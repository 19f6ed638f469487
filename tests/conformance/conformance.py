"""make conformance: the contract before its linters, and the service before schemathesis. Prints what is not accepted; 1 when there is any.

    conformance.py [GROUP...]     lint, a tag of openapi.yaml, or journeys (sequences over all tags); without: all

EXAMPLES is how many requests schemathesis makes up for each operation, SEED repeats a run. The tools are in TOOLS (build/conformance);
one that is not there is skipped, with the reason.
"""
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import lint  # noqa: E402
from service import Services  # noqa: E402
from support.contract import Contract  # noqa: E402
from support.server import REPOSITORY  # noqa: E402

TOOLS = os.path.abspath(os.environ.get("TOOLS", os.path.join(REPOSITORY, "build", "conformance")))
SCHEMATHESIS = os.path.join(TOOLS, "venv", "bin", "schemathesis")
DOCUMENT = os.path.join(REPOSITORY, "openapi.yaml")


def groups():
    return ["lint", *(tag["name"] for tag in Contract().document["tags"]), "journeys"]


def select(group):
    return ["--phases", "stateful"] if group == "journeys" else ["--include-tag", group]


def schemathesis(services, group):
    """(passed, what it says in one line)"""
    path, started = os.path.join(TOOLS, f"{group}.log"), time.monotonic()
    seed = ["--seed", os.environ["SEED"]] if os.environ.get("SEED") else []
    with services.open() as server, open(path, "w", encoding="utf-8") as log:
        done = subprocess.run(
            [SCHEMATHESIS, "--config-file", os.path.join(HERE, "schemathesis.toml"), "run", DOCUMENT, "--url", f"http://127.0.0.1:{server.port}",
             "--no-color", "--continue-on-failure", "-n", os.environ.get("EXAMPLES", "500"), *select(group), *seed],
            cwd=TOOLS, stdout=log, stderr=subprocess.STDOUT, check=False,
            env={**os.environ, "CONFORMANCE_KEY": services.key, "SCHEMATHESIS_HOOKS": os.path.join(HERE, "hooks.py")})
    with open(path, encoding="utf-8") as log:
        text = log.read()
    if done.returncode:
        print(text)
    cases = re.search(r"(\d+) generated", text)
    return done.returncode == 0, f"{cases[1] if cases else 'no'} requests in {time.monotonic() - started:.0f} s"


def run(group, what, *arguments):
    try:
        passed, said = what(*arguments)
    except (AssertionError, RuntimeError) as fault:  # the service did not end well, or check found something
        passed, said = False, str(fault)
    print(f"{'ok     ' if passed else 'FAILED '} {group}: {said}", flush=True)
    return passed


def meet(wanted):
    """The service before schemathesis, group by group. False: something was found."""
    with Services() as services:
        if services.refused:
            print(f"FAILED  examples of the contract that the service refuses: {services.refused}")
        results = [run(group, schemathesis, services, group) for group in wanted]
        return all(results) and not services.refused


def main(wanted):
    every = groups()
    wanted = wanted or every
    unknown = set(wanted) - set(every)
    if unknown:
        sys.exit(f"no such group: {' '.join(sorted(unknown))}; there are {' '.join(every)}")
    met = [group for group in wanted if group != "lint"]
    results = [run("lint", lint.lint, TOOLS, DOCUMENT)] if "lint" in wanted else []
    results += [meet(met)] if met else []
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
