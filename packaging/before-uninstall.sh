#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Refuses while memoird or its probes run: without the program nothing could remove them.
set -eu

if [ -d /run/systemd/system ] && systemctl -q is-active memoird; then
	echo "memoird is running: run 'systemctl disable --now memoird' and 'memoird --uninstall-probes' first" >&2
	exit 1
fi
if [ -d /sys/fs/bpf/memoir ]; then
	echo "probes are still installed under /sys/fs/bpf/memoir: run 'memoird --uninstall-probes' first" >&2
	exit 1
fi
