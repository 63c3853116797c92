# SPDX-License-Identifier: GPL-2.0-or-later
# Who spoils huge pages, from what call, and who pays for it: a load that does just that, beside others that fragment
# without harm, and memoir's verdict. That they do what they are to do is seen by a walk over all pages (survey.c).

load ../../../system/daemon
load ../../../system/expect
load ../../../system/holders
load ../machine

SURVEY=$BUILD/tests/workloads/survey

teardown() {
	daemon_teardown
	rmdir /sys/fs/cgroup/blame-* || true
}

# start NAME LOAD ARGUMENT...: a load under a name and in a cgroup of its own, once it has done its work; its pid is in $started.
start() {
	local name=$1
	shift
	cp "$WORKLOAD" "$dir/$name"
	mkfifo "$dir/$name.out"
	mkdir -p "/sys/fs/cgroup/blame-$name"
	in_cgroup "$name" "$@" <"$dir/alive" >"$dir/$name.out" 3>&- &
	started=$!
	pids+=("$started")
	read -r -t "$silence_s" _ <"$dir/$name.out"
	rm "$dir/$name.out"
}
in_cgroup() {
	echo "$BASHPID" >"/sys/fs/cgroup/blame-$1/cgroup.procs"
	exec "$dir/$1" "${@:2}"
}

available_mib() {
	awk '$1 == "MemAvailable:" { printf "%d", $2 / 1024 }' /proc/meminfo
}

# look: what memoir says now, in $dir/verdict and $dir/answer, and what is true, in $dir/truth.
look() {
	read_holders
	fresh /v1/doctor | jq '.verdicts[] | select(.subject == "huge_pages")' >"$dir/verdict"
	cat "$dir/verdict"
	"$SURVEY" "$hoarder:$(stat --format=%i /sys/fs/cgroup/blame-hoarder)" "$spoiler:$(stat --format=%i /sys/fs/cgroup/blame-spoiler)" |
		jq -c 'select(.pid)' >"$dir/truth"
	cat "$dir/truth"
}

blame_once() {
	local pipes who
	# Where what the run before left is in the way, nobody finds memory in one place.
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/compact_memory
	pipes=$(($(available_mib) * 8 / 10))
	start spoiler spoil "$pipes"
	spoiler=$started
	cp "$WORKLOAD" "$dir/victim"
	"$dir/victim" touch-huge $(($(available_mib) * 256 / 2)) 1 >/dev/null
	look
	# The load has done what it should.
	jq -e --slurp --argjson spoiler "$spoiler" 'max_by(.spoiled).pid == $spoiler and min_by(.spoiled).spoiled < max_by(.spoiled).spoiled / 2' "$dir/truth"
	jq -e '.severity != "note"' "$dir/verdict"
	who=$(jq -r .who "$dir/verdict")
	[[ $who == "spoiler (pid $spoiler"*pipe_write*"cost most to victim"* ]]
	[[ $who != *sieve* && $who != *hoarder* ]]
	# What it asked for beside the pipes, as for the slabs of their inodes, is in no cgroup.
	jq -e --argjson pid "$spoiler" --slurpfile truth "$dir/truth" '($truth[] | select(.pid == $pid).spoiled) as $spoiled |
		.holders.owners[] | select(.pid == $pid and .migratetype == "unmovable") |
		(.spoiled_blocks + 5 * .spoiled_blocks_error >= $spoiled / 2) and (.spoiled_blocks <= 1.5 * $spoiled + 5 * .spoiled_blocks_error)' "$dir/answer"
	kill -KILL "$spoiler"
	wait "$spoiler" || true
	unset 'pids[-1]'
}

@test "who spoils huge pages is named with the call that does it, and who pays; others are not" {
	huge_pages always
	start_daemon
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	# One holds much that cannot be moved, but all in one place; one fragments, but what it leaves can be moved.
	start hoarder pipes 32 256
	hoarder=$started
	start sieve scatter 5000 0
	for ((run = 0; run < ${BLAME_RUNS:-10}; run++)); do
		echo "run $run"
		blame_once
	done
}
