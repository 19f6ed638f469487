#!/usr/bin/env bash
# No variable that lives as long as the process: nothing in .data, .bss or thread-local storage.
#   globals.sh [DIRECTORY OF OBJECTS]
# Constant tables are in .rodata or .data.rel.ro. The list holds what may stay, with its reason.
set -euo pipefail
cd "$(dirname "$0")/../.."
objects=${1:-build/release/src}
ALLOWED=(
	src/base/log.o:threshold # the process has one standard error stream and one threshold for it
	src/base/memory.o:failures # a count for each thread: the allocator of a library gets no context
)
bad=0
while read -r object; do
	# objdump -t: 16 digits, a space, 7 flags ("d" is a section itself), a space, section, size, name
	while read -r name; do
		place=${object#"${objects%src}"}:${name%.*}
		if [[ " ${ALLOWED[*]} " != *" $place "* ]]; then
			echo "$place: a variable of the whole process"
			bad=1
		fi
	done < <(objdump -t "$object" | awk 'substr($0, 23, 1) != "d" && substr($0, 26) ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ \
		&& substr($0, 26) !~ /^\.data\.rel\.ro| DW\.ref\./ { print $NF }')
done < <(find "$objects" -name '*.o' | sort)
exit "$bad"
