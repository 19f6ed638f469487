#!/usr/bin/env bash
# Serves Ciclo with a private PostgreSQL cluster of its own, in the foreground (make run, make demo).
#   DATA=.ciclo LISTEN=127.0.0.1:8080 docker/run.sh [COMMAND ARGUMENT...]
# COMMAND is run once the service is ready, with its base URL as last argument (make demo fills the shop so).
# SIGINT, SIGTERM or SIGHUP: the service drains, then the cluster stops; exit 0.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=${CICLO_BIN:-$HERE/../build/release/ciclo}
DATA=${DATA:-.ciclo}
LISTEN=${LISTEN:-127.0.0.1:8080}
READY_SECONDS=60 # a cluster that recovers from kill -9 is ready before that

say() {
	echo "ciclo: $*" >&2
}

[[ -x $BIN ]] || { say "$BIN is not built; see make"; exit 1; }
mkdir -p "$DATA"

# The lock is the kernel's and ends with its holders, however they end: no stale pid file. The service holds it
# too, so nobody takes over the data directory while it drains. The number in it is for people.
exec 8>> "$DATA/run.lock"
if ! flock -n 8; then
	say "another Ciclo is running on $DATA (process $(cat "$DATA/run.lock")); stop it, or choose another DATA="
	exit 1
fi
echo $$ > "$DATA/run.lock"

pid=
stopping=
# Once: a second SIGTERM would end the service before it has drained.
stop_service() {
	[[ -n $stopping ]] && return
	stopping=1
	[[ -z $pid ]] || kill -TERM "$pid" 2>/dev/null || true
}
trap stop_service INT TERM HUP
trap 'setsid -w "$HERE/cluster.sh" stop "$DATA"' EXIT

# The requests of a COMMAND that fills a shop would bury what it prints.
(($# == 0)) || export CICLO_LOG_LEVEL="${CICLO_LOG_LEVEL:-warn}"

# setsid: Ctrl-C reaches the terminal's whole process group; the steps below must not be cut in half by it,
# and the service is stopped by us alone, once.
setsid -w "$HERE/cluster.sh" start "$DATA"
[[ -z $stopping ]] || exit 0
CICLO_DATABASE_URL=$("$HERE/cluster.sh" url-owner "$DATA") setsid -w "$BIN" migrate
[[ -z $stopping ]] || exit 0
# pdeathsig: when this script is killed with SIGKILL the service drains and ends as well.
CICLO_DATABASE_URL=$("$HERE/cluster.sh" url "$DATA") CICLO_LISTEN=$LISTEN \
	setpriv --pdeathsig TERM setsid "$BIN" serve &
pid=$!
[[ -z $stopping ]] || kill -TERM "$pid"

# `wait` returns early when a signal comes, with a status of its own; asked again, it tells that of the service.
await_service() {
	local rc=0
	while kill -0 "$pid" 2>/dev/null; do
		wait "$pid" || true
	done
	wait "$pid" || rc=$?
	pid=
	return "$rc"
}

ready() {
	curl -fsS -o /dev/null --max-time 2 "http://$LISTEN/readyz" 2>/dev/null
}

if (($# > 0)); then
	deadline=$((SECONDS + READY_SECONDS))
	until ready || [[ -n $stopping ]] || ! kill -0 "$pid" 2>/dev/null || ((SECONDS > deadline)); do
		sleep 0.1
	done
	if [[ -z $stopping ]] && ! { ready && "$@" "http://$LISTEN" 8>&-; } && [[ -z $stopping ]]; then
		say "$1 failed"
		stop_service
		await_service || true
		exit 1
	fi
fi

rc=0
await_service || rc=$?
((rc == 0)) || say "the service ended with status $rc"
exit "$rc"
