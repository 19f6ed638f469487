"""openapi.yaml passes Redocly's strictest rules. Redocly comes from the npm registry, so this is skipped where there is
no npx or no registry; check_openapi.py, which needs neither, runs everywhere."""
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLI = "@redocly/cli@2.77.0"


def test_redocly_finds_nothing():
    if not shutil.which("npx"):
        pytest.skip("npx is not installed")
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}
    try:
        version = subprocess.run(["npx", "--yes", CLI, "--version"], env=environment, capture_output=True, text=True, timeout=240)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if version.returncode:
        pytest.skip(f"{CLI} cannot be had here: {version.stderr[-300:]}")
    lint = subprocess.run(["npx", "--yes", CLI, "lint", "--config", os.path.join(ROOT, "tests/contract/redocly.yaml"),
                           os.path.join(ROOT, "openapi.yaml")], env=environment, capture_output=True, text=True, timeout=240)
    said = lint.stdout + lint.stderr
    assert lint.returncode == 0 and "is valid" in said and "You have" not in said, said[-3000:]
