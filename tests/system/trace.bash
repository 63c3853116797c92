# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own trace of one event, in an instance of the test's own, so that nobody else's trace is disturbed.
# `load trace` in a bats file, after `load daemon`.
# shellcheck shell=bash

# begin_trace SYSTEM/EVENT...
begin_trace() {
	local event
	mkdir "$dir/tracefs"
	mount -t tracefs tracefs "$dir/tracefs" 2>/dev/null || skip "tracefs cannot be mounted here"
	for event in "$@"; do
		[ -e "$dir/tracefs/events/$event/enable" ] || skip "this kernel has no trace of $event"
	done
	trace=$dir/tracefs/instances/memoir-test-$$-$BATS_TEST_NUMBER
	mkdir "$trace" 2>/dev/null || skip "no trace of the test's own can be made here"
	echo 8192 >"$trace/buffer_size_kb"
	for event in "$@"; do
		echo 1 >"$trace/events/$event/enable"
	done
}

# The events so far, one a line.
traced() {
	grep -v '^#' "$trace/trace" || true
}

# How many they are, with those that found no room.
nr_traced() {
	awk -F ': ' '/^(entries|overrun|dropped events): / { nr += $2 } END { print nr + 0 }' "$trace"/per_cpu/cpu*/stats
}

# at_rest COMMAND...: its output at a moment when no event came meanwhile; $nr_at_rest is how many there were then.
at_rest() {
	local tries
	for ((tries = 0; tries < 50; tries++)); do
		nr_at_rest=$(nr_traced)
		"$@" >"$dir/at_rest"
		[ "$(nr_traced)" -ne "$nr_at_rest" ] || break
	done
	[ "$(nr_traced)" -eq "$nr_at_rest" ]
}

# traced_with TEXT: events that have it.
traced_with() {
	traced | grep -c "$1" || true
}

end_trace() {
	if [ -n "${trace:-}" ] && [ -d "$trace" ]; then
		rmdir "$trace"
	fi
	if mountpoint -q "$dir/tracefs"; then
		umount "$dir/tracefs"
	fi
}
