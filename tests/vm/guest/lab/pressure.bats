# SPDX-License-Identifier: GPL-2.0-or-later
# A whole machine that is short of memory, which only a guest may be: direct reclaim, swap, compaction for large pages. What
# memoir counts is held against /proc/vmstat and the kernel's own trace.

load ../../../system/daemon
load ../../../system/trace
load ../../../system/expect
load ../machine

setup_file() {
	swapon /dev/vdb
}

teardown_file() {
	swapoff /dev/vdb
	echo 0 >/proc/sys/vm/zone_reclaim_mode
	huge_pages madvise
}

teardown() {
	end_trace
	daemon_teardown
}

@test "direct reclaim with swap: every stall is counted, for the process that waited" {
	huge_pages never
	start_daemon
	before=$(quiet_status) majors=$(majors) skipped=$(skipped ^swap_read) reclaims_skipped=$(skipped ^direct_reclaim_)
	swapped=$(vmstat pswpout)
	touch_more_than_there_is touch
	after=$(quiet_status)
	[ $(($(vmstat pswpout) - swapped)) -gt 0 ]
	kernel=$(($(kernel "$after" allocstall) - $(kernel "$before" allocstall)))
	echo "allocstall $kernel, remainder $(grown allocstall)"
	[ "$kernel" -gt 0 ]
	# Since 6.12 the kernel counts a second pass of one direct reclaim, too.
	[ "$(grown allocstall)" -ge 0 ]
	[ "$(grown allocstall)" -le $((kernel / 2 + $(skipped ^direct_reclaim_) - reclaims_skipped)) ]
	[ "$(grown pgfault)" -ge 0 ]
	soon no_more_than $((20 + kernel + $(retried "$majors"))) "$before" "$after" \
		$(($(kernel "$after" pgfault) - $(kernel "$before" pgfault)))
	# All that was read back from swap, whoever did; the debug kernel lets none be seen.
	[ -z "$(kernel "$after" pswpin)" ] || swap_agrees "$skipped"
	get '/v1/stalls' | jq -e '[.stalls[] | select(.kind == "direct_reclaim").count] | add > 0'
	get '/v1/groups' | jq -e '[.groups[] | select(.comm == "workload").direct_reclaims] | add > 0'
}

# Of the direct reclaims that were long enough to be told one by one.
reclaim_orders() {
	fresh /v1/events | jq '[.events[] | select(.event == "stall" and .kind == "direct_reclaim").order] | unique[]' | sort
}

@test "the order of a reclaim is what the kernel's own trace says" {
	huge_pages always
	begin_trace vmscan/mm_vmscan_direct_reclaim_begin
	start_daemon
	# Only stalls of 10 ms and more have an event.
	for ((tries = 0; tries < 5; tries++)); do
		touch_more_than_there_is touch-huge
		reclaim_orders >"$dir/orders"
		[ ! -s "$dir/orders" ] || break
	done
	traced | sed -nE 's/.* order=([0-9]+) .*/\1/p' | sort -u >"$dir/traced"
	echo "memoir $(xargs <"$dir/orders"), trace $(xargs <"$dir/traced")"
	[ -s "$dir/orders" ]
	[ -z "$(comm -23 "$dir/orders" "$dir/traced")" ]
}

@test "compaction for huge pages: compact_stall is counted exactly, where results are seen" {
	start_daemon
	# Functions may be traced on all kernels of the lab.
	get /v1/probes | jq -e '.probes[] | select(.name == "compaction_result").state == "attached"'
	huge_pages always
	before=$(quiet_status) skipped=$(skipped ^compaction_result)
	touch_more_than_there_is touch-huge
	after=$(quiet_status)
	kernel=$(($(kernel "$after" compact_stall) - $(kernel "$before" compact_stall)))
	echo "compact_stall $kernel, remainder $(grown compact_stall)"
	[ "$(grown compact_stall)" -ge 0 ]
	[ "$(grown compact_stall)" -le $(($(skipped ^compaction_result) - skipped)) ]
	get '/v1/stalls' | jq -e '[.direct_compactions[] | select(.order == "9").count] | add > 0'
}

@test "a node that reclaims for itself, before another is asked: every reclaim is counted" {
	[ -e /sys/devices/system/node/node1 ] || skip "one node"
	huge_pages never
	begin_trace vmscan/mm_vmscan_node_reclaim_end
	start_daemon
	echo 1 >/proc/sys/vm/zone_reclaim_mode
	# Pages of a file, which it gives up, on the node that is then to have more than it has.
	truncate -s 400M "$dir/file"
	for ((tries = 0; tries < 5 && $(nr_traced) == 0; tries++)); do
		taskset --cpu-list 0 cat "$dir/file" >/dev/null
		taskset --cpu-list 0 "$WORKLOAD" touch 80000 1 >/dev/null
	done
	echo 0 >/proc/sys/vm/zone_reclaim_mode
	memoir=$(fresh /v1/stalls | jq '[.stalls[] | select(.kind == "node_reclaim").count] | add // 0')
	kernel=$(nr_traced) skipped=$(skipped ^node_reclaim_)
	echo "kernel $kernel, memoir $memoir, skipped $skipped"
	[ "$kernel" -gt 0 ]
	[ "$memoir" -le "$kernel" ] && [ $((memoir + skipped)) -ge "$kernel" ]
}

@test "with huge pages a process faults once for 512 pages" {
	huge_pages never
	start_daemon
	# The end of a process may be missed, and memory be in pieces.
	for ((tries = 0; tries < 5; tries++)); do
		small=$(faults_of_touching 51200)
		[ "$small" -lt 51200 ] || break
	done
	huge_pages always
	for ((tries = 0; tries < 5; tries++)); do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		echo 1 >/proc/sys/vm/compact_memory
		fallbacks=$(vmstat thp_fault_fallback)
		huge=$(faults_of_touching 51200)
		fallbacks=$(($(vmstat thp_fault_fallback) - fallbacks))
		[ "$huge" -eq 0 ] || [ "$fallbacks" -ge 50 ] || break
	done
	echo "$small faults with small pages, $huge with huge ones, of which $fallbacks were not to be had"
	[ "$small" -ge 51200 ]
	[ "$fallbacks" -lt 50 ]
	[ "$huge" -gt 0 ]
	[ "$huge" -le $((small / 4 + 512 * fallbacks)) ]
}

# faults_of_touching PAGES: in huge ones, if the system lets it
faults_of_touching() {
	local before
	before=$(faults)
	"$WORKLOAD" touch-huge "$1" 1 >/dev/null
	echo $(($(faults) - before))
}

faults() {
	quiet_status >/dev/null
	get /v1/groups | jq '[.groups[] | select(.comm == "workload").minor_faults] | add // 0'
}

@test "a heap that is swapped out is not brought back to be looked at" {
	huge_pages never
	start_daemon
	lay "$BUILD/tests/workloads/heap" swapped 50000 200
	read -r -t "$silence_s" line <&"$reports"
	laid=$(jq .pid <<<"$line")
	# swapped_out: of its heap, in bytes
	swapped_out() {
		awk '$1 ~ /-/ { here = $NF == "[heap]" } here && $1 == "Swap:" { print $2 * 1024 }' "/proc/$laid/smaps"
	}
	before=$(swapped_out)
	[ "$before" -gt 0 ]
	fresh /v1/status >/dev/null
	# shellcheck disable=SC2153
	"$MEMOIR" --socket "$socket" --json process "$laid" --heap >"$dir/answer"
	jq -e ".heap | .all.swapped_bytes == $before and .all.unknown_bytes > $before and .arenas[0].end == \"absent\"" "$dir/answer"
	[ "$(swapped_out)" -eq "$before" ]
}
