#!/usr/bin/env bash
# Installs the Debian packages of docker/packages.txt that are missing.
#   docker/install.sh KIND...      KIND: see there
# As root, or with sudo that asks no password; else it says which packages are missing and fails.
set -euo pipefail
list="$(dirname "$0")/packages.txt"
wanted=$(IFS='|' && echo "$*")
missing=()
while read -r package kinds _; do
	[[ -z $package || $package == \#* || ! ,$kinds, =~ ,($wanted), ]] && continue
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done < "$list"
((${#missing[@]} == 0)) && exit 0

run=()
if ((EUID != 0)); then
	if ! sudo -n true 2>/dev/null; then
		echo "missing packages; as root: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	run=(sudo)
fi
echo "installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
# PostgreSQL must not start a cluster of its own: Ciclo runs its own, private one.
"${run[@]}" mkdir -p /etc/postgresql-common
[[ -e /etc/postgresql-common/createcluster.conf ]] ||
	echo 'create_main_cluster = false' | "${run[@]}" tee /etc/postgresql-common/createcluster.conf > /dev/null
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
