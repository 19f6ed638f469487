#!/usr/bin/env bash
# What does not belong into the repository: paths of one machine, names of notes that are not part of it,
# secrets, trailing space, files without a head. Checks what git would commit.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0

files() {
	git ls-files -z --cached --others --exclude-standard -- "$@" | while IFS= read -r -d '' f; do
		[[ ! -f $f ]] || printf '%s\0' "$f"
	done
}
if ! git rev-parse --git-dir > /dev/null 2>&1; then
	echo "not a git clone: nothing to check"
	exit 0
fi

# Each pattern has a bracket so that it does not find itself.
PATTERNS=(
	'/[w]ork/' '/[r]oot/' '/[h]ome/' '[s]hared/' '\b[f]arm\b'     # paths and names of a workplace
	'\b[m]ission\.md' '\b[d]esign\.md' '\b[r]esearch/'            # notes that are not here
	'[c]iclo_[A-Za-z0-9_-]{12}_[A-Za-z0-9_-]{43}' 'BEGIN [A-Z ]*PRIVATE [K]EY' # keys
	'[ 	]+$'                                                     # trailing space
	'<<<<<<[<]' '>>>>>>[>]'                                        # merge leftovers
)
EXAMPLE=ciclo_abcdefghijkl_0123456789 # a key that no one has
for pattern in "${PATTERNS[@]}"; do
	if files . | xargs -0 grep -InHE -- "$pattern" | grep -v "$EXAMPLE"; then
		echo "  ^ matches $pattern"
		bad=1
	fi
done

# A file says first what it is for. A .c file may leave that to the header of its name.
while IFS= read -r -d '' f; do
	head -n 1 "$f" | grep -q '^/\*' && continue
	name=$(basename "$f" .c)
	[[ $f == *.c && -n $(find include src -name "$name.h") ]] || { echo "$f: no comment head"; bad=1; }
done < <(files 'include/*.def' 'include/*.h' 'src/*.[ch]')

# Binary files and large ones are data that nobody reviews.
while IFS= read -r -d '' f; do
	size=$(stat -c %s "$f")
	((size <= 1024 * 1024)) || { echo "$f: $size bytes, more than 1 MiB"; bad=1; }
done < <(files .)
exit "$bad"
