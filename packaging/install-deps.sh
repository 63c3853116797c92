#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs those of the named Debian packages that are missing, and says which.
set -eu

missing=
for package in "$@"; do
	if ! dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed; then
		missing="$missing $package"
	fi
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "missing Debian packages:$missing; run 'sudo make deps', or install them yourself" >&2
	exit 1
fi
echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# The names are a list on purpose.
# shellcheck disable=SC2086
apt-get -qq install -y --no-install-recommends $missing >/dev/null
