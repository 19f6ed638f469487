#!/usr/bin/env bash
# Which room may include what: base <- contract, db, kpi <- http <- api <- worker <- main, and one room a library.
# import stands beside that pile: an HTTP client, on base and contract alone, below main.
# A room includes its own headers and those of rooms of a lower rank; private headers stay in their folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

find src include -name '*.[ch]' | sort | xargs awk '
BEGIN {
	rank["base"] = 0; rank["contract"] = rank["db"] = rank["kpi"] = 1
	rank["http"] = 2; rank["api"] = 3; rank["worker"] = 4; rank["main"] = 5
	rank["import"] = 4; only["import"] = "base contract"
	library["microhttpd.h"] = "http"
	library["libpq-fe.h"] = "db"
	library["jansson.h"] = "contract http api import main"
	library["yaml.h"] = "contract"
	library["pcre2.h"] = "contract"
	library["sodium.h"] = "http db api import main"
	library["curl/curl.h"] = "import"
	# What is generated, and whose it is.
	library["queries.h"] = "db"
	library["migrations.h"] = "db"
	# KPIs are arithmetic: no I/O, no clock.
	split("fcntl.h pthread.h signal.h time.h unistd.h", impure, " ")
	for (i in impure) forbidden["kpi", impure[i]] = 1
}
function complain(why) {
	printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
	bad = 1
}
function room_of(file,   part, n) {
	n = split(file, part, "/")
	if (part[1] == "src") return n == 2 ? "main" : part[2]
	return part[3]
}
FNR == 1 {
	room = room_of(FILENAME)
	folder = FILENAME
	sub(/[^\/]*$/, "", folder)
	if (!(room in rank)) complain("no such room")
}
/^[ \t]*#[ \t]*include/ {
	name = $0
	sub(/^[^<"]*[<"]/, "", name)
	sub(/[>"].*/, "", name)
	if (name in library) {
		if (index(" " library[name] " ", " " room " ") == 0) complain(room " may not use this library")
	} else if (name ~ /^ciclo\//) {
		split(name, part, "/")
		if (!(part[2] in rank)) complain("no such room")
		else if (part[2] != room && rank[part[2]] >= rank[room]) complain(room " is not above " part[2])
		else if (part[2] != room && room in only && index(" " only[room] " ", " " part[2] " ") == 0) complain(room " may include " only[room] " alone")
	} else if (name ~ /\.\.|\//  && $0 ~ /"/) {
		complain("private header of another room")
	}
	if ((room, name) in forbidden || (room == "kpi" && name ~ /^sys\//)) complain(room " does no I/O and has no clock")
}
END { exit bad }'
