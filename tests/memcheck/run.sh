#!/usr/bin/env bash
# Unit programs and a short session of the service under valgrind's memcheck (make test-valgrind).
#   run.sh FOLDER OF WHAT WAS BUILT
# Programs in FOLDER/memcheck run those of FOLDER under memcheck, so that the tests run as they are. What is read or written where
# nothing is, or is definitely lost, ends a program with 99, a failure for whoever looks: Check, and support/server.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath "$1")
rm -rf "$out/memcheck"
mkdir "$out/memcheck"
for program in "$out"/ciclo "$out"/test_*; do
	[[ -x $program && $program != *.* ]] || continue
	# jemalloc has malloc() and free(); memcheck has to take their place there as it does in libc.
	cat > "$out/memcheck/${program##*/}" <<- EOT
		#!/bin/sh
		exec valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite \\
			--soname-synonyms=somalloc='*jemalloc*' --suppressions='$PWD/tests/memcheck/suppressions' -- '$program' "\$@"
	EOT
	chmod +x "$out/memcheck/${program##*/}"
done
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ciclo-memcheck-XXXXXX")
clean_up() {
	docker/cluster.sh drop "$scratch"
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
docker/cluster.sh start "$scratch"
CICLO_DATABASE_URL=$(docker/cluster.sh url-owner "$scratch") "$out/ciclo" migrate > /dev/null
CICLO_TEST_DATABASE_URL=$(docker/cluster.sh url-admin "$scratch")
export CICLO_TEST_DATABASE_URL CK_VERBOSITY=normal # which names what failed
# Some fifty times as slow: what takes a second may take a minute.
export CK_TIMEOUT_MULTIPLIER=100

bad=0
for program in "$out"/memcheck/test_*; do
	echo "${program##*/}"
	"$program" || bad=1
done
CICLO_BIN=$out/memcheck/ciclo "${PYTHON:-/usr/bin/python3}" -m pytest -q tests/memcheck || bad=1
exit "$bad"
