#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Starts memoird in the foreground for a first look. Nothing of it stays behind when it ends.
set -eu

memoird=$1
shift
if [ "$(id -u)" -ne 0 ]; then
	echo "memoird loads BPF programs: run 'sudo make run'" >&2
	exit 1
fi
echo "metrics:   http://127.0.0.1:9942/metrics"
echo "live view: sudo $(dirname "$memoird")/memoir top"
echo "Ctrl-C ends it."
exec "$memoird" --pin none "$@"
