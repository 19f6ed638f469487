#!/usr/bin/env bash
# Runs everything that must pass and sums it up; the last line is "N passed, N failed".
#   tests/run.sh [DIRECTORY OF WHAT WAS BUILT]      T=name: only tests whose name has it (see make test)
# On throw-away clusters and free ports: safe beside a running service, and beside itself.
set -uo pipefail
cd "$(dirname "$0")/.."
OUT=$(realpath -m "${1:-build/release}")
T=${T:-}
export CICLO_BIN=${CICLO_BIN:-$OUT/ciclo}
export CK_VERBOSITY=normal
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
PYTHON=${PYTHON:-/usr/bin/python3}

passed=0
failed=0
skipped=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ciclo-run-XXXXXX")
clean_up() {
	docker/cluster.sh drop "$scratch/cluster"
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# check NAME COMMAND...: one check, passed or failed; prints what it says only when it failed.
check() {
	local name=$1
	shift
	[[ -z $T || $name == *"$T"* ]] || return 0
	if "$@" > "$scratch/log" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $name"
	else
		failed=$((failed + 1))
		cat "$scratch/log"
		echo "FAILED  $name"
	fi
}

# Check prints "NN%: Checks: 12, Failures: 0, Errors: 0"; a program that ends without it counts as one failure.
count_check() {
	local line checks bad
	line=$(grep -aE '[0-9]+%: Checks: ' "$scratch/log" | tail -n 1)
	if [[ ! $line =~ Checks:\ ([0-9]+),\ Failures:\ ([0-9]+),\ Errors:\ ([0-9]+) ]]; then
		failed=$((failed + 1))
		return
	fi
	checks=${BASH_REMATCH[1]}
	bad=$((BASH_REMATCH[2] + BASH_REMATCH[3]))
	# All checks passed and yet the program failed: a sanitizer spoke at its end.
	((bad > 0 || $1 == 0)) || bad=1
	passed=$((passed + checks - bad))
	failed=$((failed + bad))
}

# One Check program per room. T is the name of a room, of a suite or of a case.
unit_tests() {
	local program room rc
	for program in "$OUT"/test_*; do
		[[ -x $program && $program != *.* ]] || continue
		room=${program##*/test_}
		local -a select=("")
		[[ -z $T || $room == "$T" ]] || select=("CK_RUN_SUITE=$T" "CK_RUN_CASE=$T")
		for chosen in "${select[@]}"; do
			rc=0
			env ${chosen:+"$chosen"} "$program" > "$scratch/log" 2>&1 || rc=$?
			grep -qaE '[0-9]+%: Checks: 0, Failures: 0, Errors: 0' "$scratch/log" && continue
			sed "s/^/unit\/$room: /" "$scratch/log"
			count_check "$rc"
			break
		done
	done
}

python_tests() {
	local -a select=()
	[[ -z $T ]] || select=(-k "$T")
	"$PYTHON" -m pytest -q --junitxml="$scratch/pytest.xml" "${select[@]}" tests
	local rc=$?
	((rc == 5)) && return # nothing has that name
	local counts
	counts=$("$PYTHON" - "$scratch/pytest.xml" <<- 'EOT'
		import sys, xml.etree.ElementTree as xml
		suites = list(xml.parse(sys.argv[1]).getroot().iter("testsuite"))
		total, bad, skipped = (sum(int(s.get(n, 0)) for s in suites for n in names)
		                       for names in (["tests"], ["failures", "errors"], ["skipped"]))
		print(total - bad - skipped, bad, skipped)
	EOT
	) || counts="0 1 0"
	local good bad skip
	read -r good bad skip <<< "$counts"
	((rc == 0 || bad > 0)) || bad=1
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
}

# The schema as the binary migrates it; later the unit tests of src/db use the same cluster.
if ! docker/cluster.sh start "$scratch/cluster"; then
	echo "0 passed, 1 failed"
	exit 1
fi
CICLO_TEST_DATABASE_URL=$(docker/cluster.sh url-admin "$scratch/cluster")
export CICLO_TEST_DATABASE_URL
migrated_schema() {
	local url
	url=$(docker/cluster.sh url-owner "$scratch/cluster")
	CICLO_DATABASE_URL=$url "$CICLO_BIN" migrate && tests/lint/schema.sh "$url"
}

for script in layers sizes names sql; do
	check "lint/$script" "tests/lint/$script.sh"
done
for script in tests/contract/check_*.py; do
	[[ -e $script ]] && check "contract/$(basename "$script" .py)" "$PYTHON" "$script"
done
check lint/coverage "$PYTHON" tests/lint/coverage.py
check lint/schema migrated_schema
unit_tests
python_tests

((passed + failed + skipped > 0)) || { echo "no test is called $T"; failed=1; }
summary="$passed passed, $failed failed"
((skipped == 0)) || summary+=", $skipped skipped"
echo "$summary" | tee "$OUT/tests.summary"
((failed == 0))
