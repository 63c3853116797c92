# SPDX-License-Identifier: GPL-2.0-or-later
# What a test may do to a whole machine that is its own. `load machine` in a bats file, after `load daemon`.
# shellcheck shell=bash disable=SC2154

# vmstat ITEM
vmstat() {
	awk -v item="$1" '$1 == item { print $2 }' /proc/vmstat
}

# huge_pages always|madvise|never
huge_pages() {
	echo "$1" >/sys/kernel/mm/transparent_hugepage/enabled
	echo always >/sys/kernel/mm/transparent_hugepage/defrag
}

# touch_more_than_there_is touch|touch-huge: all that is available and a quarter of what swap takes, twice. Where the disk is slow
# the kernel may kill it on the way; then memory was short as well.
touch_more_than_there_is() {
	local status=0
	"$WORKLOAD" "$1" "$(awk '$1 == "MemAvailable:" { kib += $2 } $1 == "SwapFree:" { kib += $2 / 4 }
		END { printf "%d", kib / 4 }' /proc/meminfo)" 2 >/dev/null || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 137 ]
}

# push_out CGROUP BYTES: what processes in it have goes out until it has no more than that; then it may have all again. Asked at
# once for so little, while what was written is not yet freed, the kernel kills.
push_out() {
	local tries
	for ((tries = 0; tries < 600 && $(<"$1/memory.current") > $2; tries++)); do
		# Refused while all of it is being written.
		echo "$(($(<"$1/memory.current") - $2))" >"$1/memory.reclaim" 2>/dev/null || sleep 0.1
	done
	echo "$(<"$1/memory.current") bytes are left of what is to go out"
	echo "$2" >"$1/memory.max"
	echo max >"$1/memory.max"
}

# swap_agrees SKIPPED: whether as much was read from swap since $before, and that many skipped runs, as /proc/vmstat says, once the
# last read has ended. A skipped run was of up to 16 pages, or on 6.1 of one that was in zswap. Leaves the status in $after.
swap_agrees() {
	local nr_skipped tries
	for ((tries = 0; tries < 5; tries++)); do
		after=$(quiet_status)
		[ -n "$(kernel "$after" pswpin)" ] || return
		echo "pswpin $(($(kernel "$after" pswpin) - $(kernel "$before" pswpin))), remainder $(grown pswpin)"
		nr_skipped=$(($(skipped ^swap_read) - $1))
		[ "$(grown pswpin)" -lt $((-nr_skipped)) ] || [ "$(grown pswpin)" -gt $((16 * nr_skipped)) ] || return 0
	done
	return 1
}

# page_owner: its record of every page that is not free. It refuses a read that a record does not fit in.
page_owner() {
	dd if=/sys/kernel/debug/page_owner bs=64K status=none
}

# compared ITEM KERNEL MEMOIR: in pages, for the facts
compared() {
	echo "$1: kernel $2, memoir $3"
	jq --compact-output --null-input --arg item "$1" --argjson kernel "$2" --argjson memoir "$3" '$ARGS.named' >>"$TMPDIR/truth"
}
