#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a running system aware of what `make install` has put below the given prefix. Starts nothing.
set -eu

if ! getent group memoir >/dev/null; then
	systemd-sysusers "$1/lib/sysusers.d/memoir.conf" ||
		echo "the group memoir, which memoird.service needs, is missing: run 'groupadd --system memoir'" >&2
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	echo "start it now and at every boot: systemctl enable --now memoird"
fi
