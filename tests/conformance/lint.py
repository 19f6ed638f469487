"""openapi.yaml before Redocly and Spectral with every rule that they have, less what deviations.yaml accepts."""
import json
import os
import re
import shutil
import subprocess

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
# Rules of how HTTP APIs are written, of OWASP's ten, and of what is said well; all of them, as findings of any severity.
SPECTRAL_RULES = "extends:\n  - [spectral:oas, all]\n  - ['{}', all]\n"
SHOWN = 100  # a rule that is broken is often broken everywhere
NODE_WANTED = {"redocly": (20, 19), "spectral": (18, 18)}


def _node():
    """(major, minor), or None where there is no Node.js."""
    if not shutil.which("node"):
        return None
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(map(int, re.match(r"v(\d+)\.(\d+)", said).groups()))


def _missing(tools, tool):
    """Why a tool cannot run here, or None."""
    node, wanted = _node(), NODE_WANTED[tool]
    if node is None or node < wanted:
        return f"needs Node.js {wanted[0]}.{wanted[1]}, here is {'none' if node is None else '.'.join(map(str, node))}"
    return None if os.path.exists(os.path.join(tools, "node_modules", ".bin", tool)) else "is not installed"


def _json_of(tools, tool, *arguments):
    done = subprocess.run([os.path.join(tools, "node_modules", ".bin", tool), "lint", *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"})
    begin = min((at for at in (done.stdout.find("["), done.stdout.find("{")) if at >= 0), default=None)
    assert begin is not None, f"{tool}: {done.stdout}{done.stderr}"
    return json.JSONDecoder().raw_decode(done.stdout[begin:])[0]


def _redocly(tools, document):
    """(rule, place, message) of each finding."""
    found = _json_of(tools, "redocly", "--config", os.path.join(HERE, "redocly.yaml"), "--format", "json", "--max-problems", "100000", document)
    for problem in found["problems"]:
        yield problem["ruleId"], problem["location"][0].get("pointer", "#").replace("~1", "/").replace("~0", "~"), problem["message"]


def _spectral(tools, document):
    rules = os.path.join(tools, "spectral.yaml")
    with open(rules, "w", encoding="utf-8") as file:
        file.write(SPECTRAL_RULES.format(os.path.join(tools, "node_modules", "@stoplight", "spectral-owasp-ruleset", "dist", "ruleset.js")))
    for finding in _json_of(tools, "spectral", "--ruleset", rules, "--fail-severity", "hint", "--format", "json", document):
        yield finding["code"], "#/" + "/".join(map(str, finding["path"])), finding["message"]


TOOLS = {"redocly": _redocly, "spectral": _spectral}


def _faults(tool, findings, accepted):
    """What nobody accepted, and what was accepted but is not found."""
    used = set()
    for rule, place, message in findings:
        matching = [number for number, entry in enumerate(accepted) if re.fullmatch(entry["rule"], rule) and re.search(entry["place"], place)]
        used.update(matching)
        if not matching:
            yield f"{tool}: {rule} at {place}: {message}"
    for number, entry in enumerate(accepted):
        if number not in used:
            yield f"{tool}: nothing is found of the deviation {entry['rule']} at {entry['place']}"


def lint(tools, document):
    """(passed, what was found in one line)"""
    with open(os.path.join(HERE, "deviations.yaml"), encoding="utf-8") as file:
        deviations = yaml.safe_load(file)
    said, passed = [], True
    for tool, find in TOOLS.items():
        why = _missing(tools, tool)
        if why:
            said.append(f"{tool} skipped: it {why}")
            continue
        faults = list(_faults(tool, find(tools, document), deviations[tool]))
        print(*faults[:SHOWN], sep="\n", end="\n" if faults else "")
        passed = passed and not faults
        said.append(f"{tool} {len(faults)} findings")
    return passed, ", ".join(said)
