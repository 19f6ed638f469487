#!/usr/bin/env bash
# A private PostgreSQL 15 cluster in a directory.
#   docker/cluster.sh start DIR      creates it when it is not there, starts it when it is not running
#   docker/cluster.sh stop DIR       stops it; the data stays
#   docker/cluster.sh drop DIR       stops it at once and removes its data (throw-away clusters)
#   docker/cluster.sh url DIR        connection URI of the application role (rows, no DDL)
#   docker/cluster.sh url-report DIR connection URI of the role that only reads
#   docker/cluster.sh url-owner DIR  connection URI of the role that owns the schema (migrations)
#   docker/cluster.sh url-admin DIR  connection URI of the superuser (tests, benchmarks)
#
# PostgreSQL never runs as root: root hands over to the system user postgres.
# Nothing listens on TCP. Who may connect is decided by the file system: the socket stands in a
# directory of mode 0700 that belongs to the user who runs the server, so only that user (and root) gets
# as far as the authentication, which then is `trust`. `peer` would refuse root, whose name is not
# that of a role, and would not keep anybody out whom the directory lets in.
set -euo pipefail
umask 022

BIN=/usr/lib/postgresql/15/bin
SOCKET_PATH_MAX=107 # sun_path of Linux is 108 bytes with its NUL
SOCKET_NAME=/.s.PGSQL.5432
HERE=$(cd "$(dirname "$0")" && pwd)

die() {
	echo "cluster: $*" >&2
	exit 1
}

(($# == 2)) || die "usage: $0 start|stop|drop|url|url-report|url-owner|url-admin DIR"
action=$1
dir=$(realpath -m -- "$2")
short=ciclo-$(printf %s "$dir" | sha256sum | cut -c 1-16)
user=$(id -un)
((EUID == 0)) && user=postgres
cd / # the server's user need not be able to enter the caller's directory

# Runs a program as the user of the server. Descriptor 9 is our lock, 8 that of run.sh: a server must not keep them.
as() {
	if ((EUID == 0)); then
		runuser -u "$user" -- "$@" 8>&- 9>&-
	else
		"$@" 8>&- 9>&-
	fi
}

# Where the socket is: in DIR, or in a short directory when the path is too long, or would need quoting.
socket_dir() {
	local here=$dir/socket there=${XDG_RUNTIME_DIR:-/tmp}
	if [[ $here =~ ^[A-Za-z0-9/._-]+$ ]] && ((${#here} + ${#SOCKET_NAME} <= SOCKET_PATH_MAX)) && [[ ! -L $dir/pg ]]; then
		echo "$here"
	elif ((EUID == 0)); then # the run-time directory of root is closed to the server's user
		echo "/tmp/$short"
	else
		echo "$there/$short"
	fi
}

# A directory of the server's user that nobody else may enter. One that somebody else put there is refused.
private_dir() {
	[[ -d $1 ]] || as mkdir -m 0700 -- "$1" 2>/dev/null || install -d -m 0700 -o "$user" -- "$1"
	[[ ! -L $1 && $(stat -c %U -- "$1") == "$user" ]] || die "$1 does not belong to $user"
	as chmod 0700 -- "$1"
}

# DIR/pg is the data directory. When root calls and the server's user cannot get to DIR (a clone below /root),
# DIR/pg is a link to a place where it can.
prepare() {
	mkdir -p -- "$dir"
	if ((EUID == 0)) && ! as test -x "$dir" && [[ $(stat -c %u -- "$dir") == 0 ]]; then
		chgrp "$user" -- "$dir"
		chmod g+x -- "$dir"
	fi
	as test -x "$dir" && return
	((EUID == 0)) || die "cannot enter $dir"
	install -d -m 0755 /var/lib/ciclo
	private_dir "/var/lib/ciclo/$short"
	[[ -d $dir/pg ]] || ln -sfn "/var/lib/ciclo/$short/pg" "$dir/pg"
}

data_dir() {
	if [[ -L $dir/pg ]]; then readlink -- "$dir/pg"; else echo "$dir/pg"; fi
}

# initdb in a directory of another name, so that one that was interrupted is never taken for a cluster.
create() {
	local new=$1.new
	rm -rf -- "$new"
	private_dir "$new"
	as "$BIN/initdb" -D "$new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --data-checksums --no-instructions > /dev/null
	as tee -a "$new/postgresql.conf" > /dev/null <<- EOT

		# Ciclo: see docker/cluster.sh
		listen_addresses = ''
		unix_socket_permissions = 0700
		max_connections = 200
		shared_buffers = 256MB
		max_wal_size = 4GB
		jit = off
		random_page_cost = 1.1 # no disk turns: an index beats a scan of the whole table
		timezone = 'UTC'
		log_timezone = 'UTC'
		log_error_verbosity = terse # DETAIL quotes rows and keys, which are e-mail addresses
		include 'socket.conf'
	EOT
	as touch "$new/socket.conf"
	mv -T -- "$new" "$1"
}

# Is the process of postmaster.pid this cluster's? A server's working directory is its data directory.
# A number that now belongs to another process (kill -9, then a reboot) would keep PostgreSQL from starting.
running() {
	local pid
	pid=$(as head -n 1 "$1/postmaster.pid" 2>/dev/null) || return 1
	[[ -e /proc/$pid ]] || return 1
	[[ $(as readlink "/proc/$pid/cwd" 2>/dev/null) -ef $1 ]] && return 0
	as rm -f -- "$1/postmaster.pid"
	return 1
}

uri() {
	[[ -e $dir/pg || -L $dir/pg ]] || die "there is no cluster in $dir"
	printf 'postgresql:///%s?host=%s&user=%s\n' "$2" "$(socket_dir)" "$1"
}

start() {
	local data socket
	[[ -x $BIN/postgres ]] || die "PostgreSQL 15 is not installed (package postgresql-15)"
	((EUID != 0)) || id "$user" > /dev/null 2>&1 || die "root needs the system user $user (package postgresql-15)"
	prepare
	exec 9> "$dir/cluster.lock"
	flock 9
	data=$(data_dir)
	[[ -e $data/PG_VERSION ]] || as test -e "$data/PG_VERSION" || create "$data"
	[[ $(stat -c %U -- "$data") == "$user" ]] || die "$data belongs to $(stat -c %U -- "$data"), not to $user"
	socket=$(socket_dir)
	private_dir "$socket"
	if ! running "$data"; then
		echo "unix_socket_directories = '$socket'" | as tee "$data/socket.conf" > /dev/null
		# The processes of a server that was killed need a moment to notice: hence more than one attempt.
		for attempt in 1 2 3; do
			as "$BIN/pg_ctl" -D "$data" -l "$data/server.log" -w -t 300 start > /dev/null 2>&1 && break
			((attempt < 3)) || die "PostgreSQL does not start: $(as tail -n 5 "$data/server.log" 2>&1)"
			sleep 1
		done
	fi
	as "$BIN/psql" -XqAt -v ON_ERROR_STOP=1 "$(uri postgres postgres)" < "$HERE/roles.sql" > /dev/null
}

stop() {
	local data
	data=$(data_dir)
	running "$data" || return 0
	as "$BIN/pg_ctl" -D "$data" -m "$1" -w -t 300 stop > /dev/null
}

drop() {
	stop immediate
	rm -rf -- "$(socket_dir)"
	[[ ! -L $dir/pg ]] || rm -rf -- "$(dirname "$(readlink -- "$dir/pg")")"
	rm -rf -- "$dir/pg" "$dir/pg.new" "$dir/cluster.lock"
}

case $action in
start) start ;;
stop) stop fast ;;
drop) drop ;;
url) uri ciclo_app ciclo ;;
url-report) uri ciclo_report ciclo ;;
url-owner) uri ciclo_owner ciclo ;;
url-admin) uri postgres ciclo ;;
*) die "unknown action $action" ;;
esac
