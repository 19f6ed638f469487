#!/usr/bin/env bash
# Runs fuzz targets, as many at once as there are processors, and says what they did (make fuzz).
#   run.sh ENGINE FOLDER TIME [TARGET...]      ENGINE: fuzz (libFuzzer) or afl; FOLDER: of what was built; TIME: s for each
# What was worth keeping stays in FOLDER/corpus for the next run; what was found is in FOLDER/found, and fails the run.
set -euo pipefail
cd "$(dirname "$0")/../.."
export engine=$1 folder=$2 time=$3
shift 3
targets=("$@")
# A process that waits for its turn on a busy machine is not a slow input.
export SLOW_S=120 MEMORY_MB=2048
export ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1

run_fuzz() {
	local target=$1 known=()
	[[ ! -d tests/fuzz/regressions/$target ]] || known=("tests/fuzz/regressions/$target")
	"$folder/fuzz_$target" -max_total_time="$time" -timeout="$SLOW_S" -rss_limit_mb="$MEMORY_MB" -print_final_stats=1 \
		-dict="$folder/seeds/$target.dict" -artifact_prefix="$folder/found/$target-" \
		"$folder/corpus/$target" "${known[@]}" "$folder/seeds/$target" > "$folder/$target.log" 2>&1
}

run_afl() {
	local target=$1 out=$folder/corpus/$1
	AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_AUTORESUME=1 \
		ASAN_OPTIONS=$ASAN_OPTIONS:symbolize=0:detect_leaks=0 UBSAN_OPTIONS=$UBSAN_OPTIONS:symbolize=0 \
		afl-fuzz -V "$time" -t "${SLOW_S}000" -m none -x "$folder/seeds/$target.dict" -i "$folder/seeds/$target" -o "$out" \
		-- "$folder/fuzz_$target" > "$folder/$target.log" 2>&1
	find "$out" -path '*/crashes/id*' -exec bash -c 'cp "$1" "$folder/found/$2-$(basename "$1" | cut -c 1-9)"' - {} "$target" \;
}

run() {
	mkdir -p "$folder/corpus/$1"
	"run_$engine" "$1" || true
}

# executions, edges, of a log
counts_fuzz() {
	echo "$(grep -aoP 'number_of_executed_units: \K\d+' "$1" || echo -)" "$(grep -aoP ' cov: \K\d+' "$1" | tail -n 1)"
}
counts_afl() {
	local stats
	stats=$folder/corpus/$(basename "$1" .log)/default/fuzzer_stats
	awk '$1 == "execs_done" { n = $3 } $1 == "edges_found" { e = $3 } END { print n, e }' "$stats"
}
export -f run run_fuzz run_afl

rm -rf "$folder/found" "$folder/seeds"
mkdir -p "$folder/found"
${PYTHON:-/usr/bin/python3} tests/fuzz/seeds.py "$folder/seeds"
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run {}'

bad=0
printf '%-10s %12s %8s %6s\n' target executions edges found
for target in "${targets[@]}"; do
	read -r executions edges <<< "$("counts_$engine" "$folder/$target.log" || echo - -)"
	found=$(find "$folder/found" -name "$target-*" ! -name '*-slow-unit-*' | wc -l)
	printf '%-10s %12s %8s %6s\n' "$target" "$executions" "$edges" "$found"
	# A fuzzer that did not run at all found nothing either.
	if [[ $found != 0 || ! $executions =~ ^[1-9] ]]; then
		tail -n 40 "$folder/$target.log"
		bad=1
	fi
done
((bad == 0)) || echo "see $folder/found; what is mended goes into tests/fuzz/regressions/TARGET"
exit "$bad"
