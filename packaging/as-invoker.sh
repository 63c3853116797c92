#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command as the user who called sudo, so that what is built belongs to them; else as it is.
set -eu

if [ "$(id -u)" -eq 0 ] && [ "${SUDO_UID:-0}" -ne 0 ]; then
	exec setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups "$@"
fi
exec "$@"
