#!/usr/bin/env bash
# Every header under include/ compiles alone, also without banned.h, which the build puts before everything.
#   headers.sh [DIRECTORY OF GENERATED HEADERS]
set -euo pipefail
cd "$(dirname "$0")/../.."
gen=${1:-build/gen}
bad=0
while read -r header; do
	${CC:-gcc} -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Iinclude "-I$gen" -x c "$header" || bad=1
done < <(find include -name '*.h' | sort)
exit "$bad"
