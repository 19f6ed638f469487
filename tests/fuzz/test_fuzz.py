"""The fuzz targets: what was found once stays mended, and half a minute of each finds nothing new (make fuzz: ten minutes)."""
import glob
import os
import shutil
import subprocess

import pytest

from support.server import BINARY, REPOSITORY

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = sorted(os.path.basename(path)[:-2] for path in glob.glob(f"{HERE}/*.c") if os.path.basename(path) not in ("replay.c", "support.c"))
# Built by `make test` with the address sanitizer, whatever the service was built with; gcc is enough.
PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(BINARY)), "asan")
SECONDS = 30
LONGEST = 3600  # building them and all targets in turns, on a machine that does something else


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    subprocess.run(["/usr/bin/python3", f"{HERE}/seeds.py", folder], check=True)
    return folder


@pytest.mark.parametrize("target", TARGETS)
def test_known_inputs_do_no_harm(target, seeds):
    program = f"{PROGRAMS}/fuzz_{target}"
    if not os.path.exists(program):
        pytest.skip(f"{program} is not there: make MODE=asan fuzz-targets")
    found = [folder for folder in (f"{HERE}/regressions/{target}", f"{seeds}/{target}") if os.path.isdir(folder)]
    done = subprocess.run([program, *found], capture_output=True, text=True, errors="replace", timeout=LONGEST)
    count = sum(len(os.listdir(folder)) for folder in found)
    assert done.returncode == 0 and done.stdout == f"{count} inputs\n", done.stderr[-4000:]
    assert count > 0


def has_fuzzer(tmp_path):
    """clang-14 and its libFuzzer are there."""
    source = tmp_path / "nothing.c"
    source.write_text("int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n > 9; }")
    return shutil.which("clang-14") and subprocess.run(["clang-14", "-fsanitize=fuzzer,address,undefined", source, "-o", tmp_path / "nothing"],
                                                       capture_output=True).returncode == 0


def test_half_a_minute_finds_nothing(tmp_path):
    if not has_fuzzer(tmp_path):
        pytest.skip("clang-14 with libFuzzer is not here: make deps-fuzz")
    done = subprocess.run(["make", "--no-print-directory", "fuzz", f"SECONDS={SECONDS}"], cwd=REPOSITORY, capture_output=True, text=True,
                          errors="replace", timeout=LONGEST)
    print(done.stdout)
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
