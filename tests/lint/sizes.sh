#!/usr/bin/env bash
# No function over 60 lines between its braces, no file over 400 lines. Relies on the formatting
# (a function's braces stand alone in column 0). --all also prints how long functions are.
set -euo pipefail
cd "$(dirname "$0")/../.."
FUNCTION_MAX=60
FILE_MAX=400

measure() {
	find src include -name '*.[ch]' | sort | xargs awk '
		FNR == 1 && NR > 1 { print "file", lines, file }
		{ file = FILENAME; lines = FNR }
		/^[a-zA-Z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
		/^{$/ { start = FNR }
		/^}/ && start { print "function", FNR - start - 1, FILENAME ":" start ": " name; start = 0 }
		END { if (NR) print "file", lines, file }'
}

if [[ ${1:-} == --all ]]; then
	measure | awk '$1 == "function" { print $2 }' | sort -n | awk '
		{ n[NR] = $1 }
		END { if (NR) printf "%d functions: median %d lines, 95th percentile %d, longest %d\n",
			NR, n[int((NR + 1) / 2)], n[int(NR * 0.95 + 0.5)], n[NR] }'
fi
measure | awk -v function_max=$FUNCTION_MAX -v file_max=$FILE_MAX '
	$1 == "function" && $2 > function_max { print $3, $4 ": " $2 " lines, more than " function_max; bad = 1 }
	$1 == "file" && $2 > file_max { print $3 ": " $2 " lines, more than " file_max; bad = 1 }
	END { exit bad }'
