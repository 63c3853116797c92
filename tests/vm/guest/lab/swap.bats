# SPDX-License-Identifier: GPL-2.0-or-later
# Swap: how much of a process goes out, and who reads what back. What memoir counts is held against /proc/vmstat and the
# kernel's own size of what is swapped out.

load ../../../system/daemon
load ../machine

cgroup=/sys/fs/cgroup/memoir-swap
zswap=/sys/module/zswap/parameters/enabled
# Before 6.12 there are none.
pieces=/sys/kernel/mm/transparent_hugepage/hugepages-64kB

setup_file() {
	swapon /dev/vdb
	huge_pages never
}

teardown_file() {
	echo N >"$zswap"
	swapoff /dev/vdb
	huge_pages madvise
}

teardown() {
	daemon_teardown
	echo 3 >/proc/sys/vm/page-cluster
	[ ! -e $pieces ] || echo never >$pieces/enabled
	[ ! -b /dev/zram0 ] || swapoff /dev/zram0 2>/dev/null || true
	# Whoever was killed may still be on the way out.
	# shellcheck disable=SC2016
	[ ! -d "$cgroup" ] || timeout 60 bash -c 'until rmdir "$1"; do :; done' bash "$cgroup" 2>/dev/null
}

# start_recall recall|recall-huge PAGES: such a load in a memory cgroup of its own; its pid is in $recaller.
start_recall() {
	mkdir "$cgroup"
	mkfifo "$dir/wanted" "$dir/said"
	exec {wanted}<>"$dir/wanted" {said}<>"$dir/said"
	(echo "$BASHPID" >"$cgroup/cgroup.procs" && exec "$WORKLOAD" "$@") <"$dir/wanted" >"$dir/said" 3>&- &
	pids+=("$!")
	read -r -t "$silence_s" recaller <&"$said"
}

# recall: it reads all of its pages.
recall() {
	local line
	echo -n . >&"$wanted"
	read -r -t "$silence_s" line <&"$said"
	[ "$line" = read ]
}

swapped_out() {
	awk '$1 == "VmSwap:" { print $2 / 4 }' "/proc/$recaller/status"
}

# shown KEY: of that process
shown() {
	fresh "/v1/process?pid=$recaller" | jq ".process$1"
}

@test "who reads memory back from swap is named, with as many pages as the kernel counts" {
	# Only snapshots that are asked for, so that what goes out does so between two of them.
	start_daemon --interval 600
	get /v1/probes | jq -e '[.probes[] | select(.name | startswith("swap_read")) | .state == "attached"] | any'
	start_recall recall 20000
	[ "$(shown .swapped_in_bytes)" -eq 0 ]
	[ "$(shown .swap_bytes)" -eq 0 ]

	push_out "$cgroup" $((4 << 20))
	shown '' >"$dir/out"
	out=$(swapped_out)
	echo "$out pages are out, memoir says $(jq -c '[.swap_bytes, .rate.swap_bytes]' "$dir/out")"
	[ "$out" -ge 15000 ]
	# Per CPU the kernel's own figure may be some pages behind.
	jq -e --argjson out "$out" '(.swap_bytes / 4096 - $out | fabs) <= 256 and .rate.swap_bytes > 0' "$dir/out"

	before=$(quiet_status) skipped=$(skipped ^swap_read) read_before=$(vmstat pswpin)
	recall
	swap_agrees "$skipped"
	in=$(($(shown .swapped_in_bytes) / 4096)) kernel=$(($(vmstat pswpin) - read_before))
	echo "the kernel read $kernel pages, memoir saw $in read by the process"
	[ "$in" -ge 10000 ]
	[ "$in" -le "$kernel" ]
	# A program of somebody else may have been out as well.
	[ $((kernel - in)) -le 200 ]
	get /metrics | grep -q '^memoir_group_swapped_in_bytes_total{comm="workload",'
	"$MEMOIR" --socket "$socket" process "$recaller" | grep -Eq '^Swapped in  [0-9.]+MiB so far, '
}

@test "what goes out and comes back again and again is counted, and the doctor says for whom" {
	# Nothing is read ahead: a fault for each page.
	echo 0 >/proc/sys/vm/page-cluster
	start_daemon
	from=$SECONDS
	start_recall recall 12000
	before=$(quiet_status) skipped=$(skipped ^swap_read)
	push_out "$cgroup" $((24 << 20))
	echo 24M >"$cgroup/memory.max"
	recall
	recall
	swap_agrees "$skipped"
	in=$(($(shown .swapped_in_bytes) / 4096))
	echo "memoir saw $in pages read by the process"
	[ "$in" -ge 10000 ]
	# On a slow machine it is not worth a word.
	[ $((in / (SECONDS - from + 1))) -lt 200 ] ||
		get /v1/doctor | jq -e '.verdicts[] | select(.subject == "swap_in").who | startswith("So far most was read by workload in /memoir-swap")'
}

@test "reads from a device in memory are counted, of larger pieces all pages" {
	modprobe zram
	echo 300M >/sys/block/zram0/disksize
	mkswap /dev/zram0
	swapon --priority 10 /dev/zram0
	[ ! -e $pieces ] || echo always >$pieces/enabled
	start_daemon
	start_recall recall-huge 20000
	push_out "$cgroup" $((4 << 20))
	before=$(quiet_status) skipped=$(skipped ^swap_read)
	recall
	swap_agrees "$skipped"
	in=$(($(shown .swapped_in_bytes) / 4096))
	echo "memoir saw $in pages read by the process"
	[ "$in" -ge 15000 ]
	# Since 6.13 the kernel tells how many pieces those were.
	[ ! -e $pieces/stats/swpin ] || [ "$(<$pieces/stats/swpin)" -ge 500 ]
}

# The last test: from now on the kernel reads no larger pieces, also when zswap is off again.
@test "what zswap has in memory is not read from swap" {
	echo Y >"$zswap"
	start_daemon
	start_recall recall 20000
	push_out "$cgroup" $((4 << 20))
	before=$(quiet_status) skipped=$(skipped ^swap_read) loaded=$(vmstat zswpin)
	recall
	swap_agrees "$skipped"
	loaded=$(($(vmstat zswpin) - loaded)) in=$(($(shown .swapped_in_bytes) / 4096))
	echo "$loaded pages from zswap, $in from the device"
	[ "$loaded" -ge 5000 ]
	[ "$in" -lt "$loaded" ]
	echo N >"$zswap"
}
