# SPDX-License-Identifier: GPL-2.0-or-later
# What fragments memory and whom it costs, on a machine that is short of it: fallback allocations against the kernel's own trace,
# moved pages and huge pages against /proc/vmstat, and waits against the histogram of all stalls.

load ../../../system/daemon
load ../../../system/trace
load ../machine

setup_file() {
	swapon /dev/vdb
}

teardown_file() {
	swapoff /dev/vdb
	huge_pages madvise
}

teardown() {
	end_trace
	daemon_teardown
}

# fallbacks: as they were counted, and those whose event came while its program was running on that CPU
fallbacks() {
	local counted
	counted=$(fresh /v1/fragmentation | jq '[.fallbacks[].count] | add // 0')
	echo $((counted + $(get /v1/probes | jq '.probes[] | select(.name == "fallback_allocation").recursion_misses')))
}

# Pages that cannot be moved and pages that can, in turn, until nothing is left: whatever is free is of the wrong kind.
fragment() {
	mkfifo "$dir/alive" "$dir/filled"
	exec {alive}<>"$dir/alive"
	"$WORKLOAD" pipes 96 256 <"$dir/alive" >"$dir/filled" 3>&- &
	pids+=("$!")
	read -r <"$dir/filled"
	touch_more_than_there_is touch
}

@test "every fallback allocation is counted, by what was wanted and what was taken" {
	huge_pages never
	start_daemon --interval 600
	begin_trace kmem/mm_page_alloc_extfrag
	at_rest fallbacks
	before=$(<"$dir/at_rest") traced_before=$nr_at_rest
	fragment
	at_rest fallbacks
	memoir=$(($(<"$dir/at_rest") - before)) traced=$((nr_at_rest - traced_before))
	echo "memoir $memoir, trace $traced"
	[ "$traced" -gt 0 ]
	[ "$memoir" -eq "$traced" ]
	# Every one is somebody's: the sum over processes and what belongs to none is the machine's.
	fresh /v1/fragmentation >"$dir/fragmentation"
	jq -e '[.fallback_stacks[].count] | add > 0' "$dir/fragmentation"
	jq -e '[.fallback_stacks[] | select((.frames | length) == 0)] == []' "$dir/fragmentation"
}

@test "what is said of stolen pageblocks is true of each event" {
	huge_pages never
	start_daemon
	begin_trace kmem/mm_page_alloc_extfrag
	fragment
	traced >"$dir/traced"
	[ -s "$dir/traced" ]
	# The trace tells whether the block has the wanted type afterwards, which one may have had before.
	awk '{ for (i = 1; i <= NF; i++) { split($i, pair, "="); of[pair[1]] = pair[2] }
		whole = of["fallback_order"] >= of["pageblock_order"] && of["alloc_order"] != of["fallback_order"]
		whole_wrong += whole && of["change_ownership"] == 0
		nr_whole += whole }
		END { printf "%d took a whole pageblock, %d of them without its type\n", nr_whole, whole_wrong; exit whole_wrong > 0 }' \
		"$dir/traced"
	fresh /v1/fragmentation | jq -e '[.fallbacks[].stolen] | unique - ["yes", "no", "unknown"] == []'
}

@test "moved pages and huge pages under pressure are as many as /proc/vmstat says" {
	huge_pages always
	start_daemon
	before=$(quiet_status) skipped=$(skipped ^pages_migrated) allocations_skipped=$(skipped ^page_alloc)
	failed=$(vmstat thp_fault_fallback)
	touch_more_than_there_is touch-huge
	echo 1 >/proc/sys/vm/compact_memory
	after=$(quiet_status)
	moved=$(($(kernel "$after" pgmigrate_success) - $(kernel "$before" pgmigrate_success)))
	echo "$moved pages moved, remainders $(grown pgmigrate_success) $(grown pgmigrate_fail)"
	[ "$moved" -gt 0 ]
	# A run is of a batch.
	skipped=$(($(skipped ^pages_migrated) - skipped))
	[ "$(grown pgmigrate_success)" -ge 0 ]
	[ "$(grown pgmigrate_success)" -le $((512 * skipped)) ]
	[ "$(grown pgmigrate_fail)" -ge 0 ]
	[ "$(grown pgmigrate_fail)" -le $((512 * skipped)) ]

	# The kernel counts huge pages by faults; a fault may be several allocations, and reading ahead is some, too.
	failed=$(($(vmstat thp_fault_fallback) - failed))
	fresh /v1/groups >"$dir/groups"
	counted=$(jq '[(.groups[] | select(.exported)), .retired | .huge_page_fallbacks] | add' "$dir/groups")
	allocations_skipped=$(($(skipped ^page_alloc) - allocations_skipped))
	echo "$failed faults fell back, $counted allocations of the size failed, $allocations_skipped of whatever size were skipped"
	jq -e '[.groups[] | select(.comm == "workload").huge_page_fallbacks] | add > 0' "$dir/groups"
	[ $((counted + allocations_skipped)) -ge "$failed" ]
}

@test "waits by length are in the ledgers as they are in the histogram" {
	huge_pages never
	start_daemon
	touch_more_than_there_is touch
	quiet_status >"$dir/status"
	fresh /v1/stalls >"$dir/stalls"
	get /v1/groups >"$dir/groups"
	# 1 ms and 1 s lie in buckets that end at 1.05 ms and 1.07 s, and stalls inside others are waits once.
	over=$(jq '.bounds_ns as $bounds | [.stalls[].buckets | to_entries[] | select(.key > 0 and $bounds[.key - 1] >= 1000000).value] | add' "$dir/stalls")
	waits=$(jq '[.groups[] | select(.exported).stalls_over_1ms] | add' "$dir/groups")
	longest=$(jq '[.groups[] | select(.exported).stalls_over_1s] | add' "$dir/groups")
	echo "$over stalls in buckets above 1 ms, $waits waits, $longest above 1 s"
	[ "$waits" -gt 0 ]
	[ "$longest" -le "$waits" ]
	[ $((waits - over)) -le $((waits / 10 + 10)) ]
	# A task whose end is missed leaves its waits in the histogram alone.
	[ $((over - waits)) -le $((over / 10 + 10)) ] || [ "$(jq .lost.end_missed "$dir/status")" -gt 0 ]
	jq -e '([.by_order[].count] | add) == ([.stalls[].count] | add)' "$dir/stalls"
	jq -e '([.by_order[].total_ns] | add) == ([.stalls[].total_ns] | add)' "$dir/stalls"
}
