#!/usr/bin/env bash
# Rules of sql/: one statement a file, each with a comment that says what it is for; a statement that writes
# starts with its rank ("-- write N") and takes one parameter, $1, the JSON array of its rows, or ("-- write N columns")
# an array for each column, "unnest($N::type[]) AS name", at most COLUMNS_MAX of them. So does a read with "-- merge columns".
set -euo pipefail
cd "$(dirname "$0")/../.."

find sql/queries -name '*.sql' | sort | xargs -r awk '
function complain(why) { print file ": " why; bad = 1 }
# Comments and literals say nothing about what a statement does.
function finish() {
	if (file == "") return
	code = text
	gsub(/--[^\n]*/, "", code)
	gsub(/\047[^\047]*\047/, "\047\047", code)
	head = text
	sub(/^-- write [0-9]+( columns)?\n/, "", head)
	writes = code ~ /(^|[^A-Za-z_])(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)[^A-Za-z_]/ && code !~ /FOR (NO KEY )?UPDATE/
	ranked = text ~ /^-- write [0-9]+( columns)?\n/
	columns = text ~ /^-- (write [0-9]+|merge) columns\n/
	if (head !~ /^--/) complain("no comment head")
	if (ranked && !writes && code !~ /must\(|pg_advisory|update_persons\(/) complain("has a write rank and writes nothing")
	if (columns) {
		split("", named)
		for (rest = code; match(rest, /\$[0-9]+::[a-z]+\[\]\)*(::[a-z]+)? AS [a-z_]+/); rest = substr(rest, RSTART + RLENGTH))
			named[substr(rest, RSTART + 1, RLENGTH) + 0] = 1
		for (count = 0; (count + 1) in named; count++);
		if (count == 0 || count > 32 || length(named) != count || code ~ "\\$" (count + 1) "[^0-9]") complain("its parameters are not its columns")
	}
	if (ranked && !columns && (code !~ /\$1/ || code ~ /\$[2-9]/)) complain("a write takes $1 and nothing else")
	# Keys are made by the command line, one statement alone, outside the lanes.
	if (writes && !ranked && file !~ /\/api_key_/) complain("writes without a rank")
	trimmed = code
	gsub(/[ \t\n]+$/, "", trimmed)
	sub(/;$/, "", trimmed)
	if (trimmed ~ /;/) complain("more than one statement")
	if (code ~ /DO UPDATE SET[^;]*now\(\)/) complain("now() in ON CONFLICT ... SET")
}
FNR == 1 { finish(); file = FILENAME; text = "" }
{ text = text $0 "\n" }
END { finish(); exit bad }'

# Migrations are numbered without gaps, so that two branches cannot both add one unseen.
n=0
bad=0
for file in sql/migrations/*.sql; do
	n=$((n + 1))
	name=$(basename "$file")
	[[ $name == $(printf %04d "$n")_*.sql ]] || { echo "$file: expected number $(printf %04d "$n")"; bad=1; }
	head -n 1 "$file" | grep -q '^-- ' || { echo "$file: no comment head"; bad=1; }
done
exit "$bad"
