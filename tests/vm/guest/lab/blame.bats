# SPDX-License-Identifier: GPL-2.0-or-later
# Who spoils huge pages, from what call, and who pays for it: a load that does just that, beside others that fragment
# without harm, and memoir's verdict.

load ../../../system/daemon
load ../machine

# start NAME LOAD ARGUMENT...: a load under a name of its own, once it has done its work; its pid is in $started.
start() {
	local name=$1
	shift
	cp "$WORKLOAD" "$dir/$name"
	mkfifo "$dir/$name.out"
	"$dir/$name" "$@" <"$dir/alive" >"$dir/$name.out" 3>&- &
	started=$!
	pids+=("$started")
	read -r _ <"$dir/$name.out"
}

available_mib() {
	awk '$1 == "MemAvailable:" { printf "%d", $2 / 1024 }' /proc/meminfo
}

blame_once() {
	local pipes
	# Where what the run before left is in the way, no load finds memory in one place.
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/compact_memory
	start_daemon
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	# One holds much that cannot be moved, but all in one place; one fragments, but what it leaves can be moved.
	start hoarder pipes 32 256
	start sieve scatter 5000 0
	pipes=$(($(available_mib) * 8 / 10))
	start spoiler spoil "$pipes"
	spoiler=$started
	cp "$WORKLOAD" "$dir/victim"
	"$dir/victim" touch-huge $(($(available_mib) * 256 / 2)) 1 >/dev/null
	fresh '/v1/doctor?max_age_ms=0' | jq '.verdicts[] | select(.subject == "huge_pages")' >"$dir/verdict"
	cat "$dir/verdict"
	get /v1/fragmentation | jq --argjson pid "$spoiler" '.holders.owners[] | select(.pid == $pid and .migratetype == "unmovable")' >"$dir/owner"
	jq -c '{spoiled_blocks, spoiled_blocks_error, frames: .stacks[0].frames}' "$dir/owner"
	jq -e '.severity != "note"' "$dir/verdict"
	who=$(jq -r .who "$dir/verdict")
	[[ $who == "spoiler (pid $spoiler"*pipe_write*"cost most to victim"* ]]
	[[ $who != *sieve* && $who != *hoarder* ]]
	# Each pipe has left something in half a huge page.
	jq -e --argjson pipes "$pipes" '.spoiled_blocks > $pipes / 8 and .spoiled_blocks - 3 * .spoiled_blocks_error < $pipes' "$dir/owner"
	for pid in "${pids[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	pids=()
	exec {alive}<&-
	end_daemon
}

@test "who spoils huge pages is named with the call that does it, and who pays; others are not" {
	huge_pages always
	for ((run = 0; run < ${BLAME_RUNS:-10}; run++)); do
		echo "run $run"
		blame_once
		rm -f "$dir"/*.out "$dir/alive"
	done
}
