# SPDX-License-Identifier: GPL-2.0-or-later
# On the debug kernel, which sees what other kernels do not: who owns each page, and whether anything that ran, here or in the
# tests before, upset lockdep, kmemleak or the memory debugging. What was compared goes to $TMPDIR/truth for the facts.

load ../../system/daemon
load ../../system/shortage
load machine

# pages PID KEY...: as memoir saw it, the first less the others
pages() {
	local pid=$1
	shift
	fresh "/v1/process?pid=$pid" | jq '[.process[$ARGS.positional[]] / 4096] | .[0] - (.[1:] | add // 0)' --args "$@"
}

# owned_pages PID: those that are allocated now, by the process that asked for them. What came by the list gets no event.
owned_pages() {
	page_owner | awk -v pid="pid $1," '/^Page allocated via order/ { mine = index($0, pid) ? 2 ^ (substr($5, 1, length($5) - 1)) : 0; pages += mine }
		/alloc_pages_bulk/ { pages -= mine; mine = 0 } END { print pages + 0 }'
}

hold() {
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	"$WORKLOAD" hold "$1" <"$dir/alive" >"$dir/holding" 3>&- &
	holder=$!
	pids+=("$holder")
	until [ -s "$dir/holding" ]; do :; done
}

@test "a process owns the pages that page_owner says it owns" {
	start_daemon
	hold 20000
	allocated=$(pages "$holder" allocated_bytes)
	memoir=$(pages "$holder" allocated_bytes freed_bytes)
	kernel=$(owned_pages "$holder")
	compared "page_owner: pages that hold 20000 has and has not freed" "$kernel" "$memoir"
	echo "allocated $allocated"
	# It has freed some that its parent allocated, before exec; and what it owns it has allocated.
	[ "$memoir" -ge 20000 ]
	[ "$memoir" -le "$kernel" ]
	[ "$kernel" -le "$allocated" ]
	[ $((allocated - memoir)) -le 400 ]
}

@test "allocation profiling counts the pages that faults took" {
	start_daemon
	cp /proc/allocinfo "$dir/before"
	hold 20000
	cp /proc/allocinfo "$dir/after"
	memoir=$(pages "$holder" allocated_bytes freed_bytes)
	# The call site of most of them: anonymous memory.
	kernel=$(awk 'NR == FNR { calls[$3 $4] = $2; next } $2 - calls[$3 $4] > most { most = $2 - calls[$3 $4] } END { print most }' \
		"$dir/before" "$dir/after")
	compared "allocinfo: pages of the busiest call site during hold 20000" "$kernel" "$memoir"
	[ "$kernel" -ge 20000 ]
	# Of the same site are some pages of other processes, of the same process those of its page tables, stack and files.
	apart=$((kernel - memoir))
	[ "${apart#-}" -le 200 ]
}

@test "a heavy load of every kind, while all probes are there" {
	start_daemon
	swapon /dev/vdb
	"$WORKLOAD" forks 300 >/dev/null
	"$WORKLOAD" crowd 100 >/dev/null
	"$WORKLOAD" bad-faults 1000 >/dev/null
	background stress-ng --quiet --mmap 1 --mmap-bytes 64M --mmap-ops 20 --fork 1 --fork-ops 300 --timeout 120
	huge_pages always
	touch_more_than_there_is touch
	touch_more_than_there_is touch-huge
	echo 1 >/proc/sys/vm/compact_memory
	make_cgroup
	touch_too_much
	swapoff /dev/vdb
	get '/v1/stalls' | jq -e '[.stalls[] | select(.kind == "direct_reclaim").count] | add > 0'
	end_daemon
}

@test "lockdep and the memory debugging have nothing to say" {
	dmesg >"$dir/messages"
	# From the first line on: nothing was dropped.
	grep -q 'Linux version' "$dir/messages"
	grep -v 'ommand line:' "$dir/messages" | grep -E 'BUG|WARNING|INFO:|ODEBUG|[Pp]oison|Redzone|corruption|suspicious|sleeping function|blocked for more' && return 1
	awk '$1 == "debug_locks:" { on = $2 } END { exit !on }' /proc/lockdep_stats
}

@test "kmemleak finds nothing that is ours" {
	# It reports what is older than 5 s and was not reached in two scans.
	for ((scan = 0; scan < 3; scan++)); do
		echo scan >/sys/kernel/debug/kmemleak
	done
	cat /sys/kernel/debug/kmemleak
	[ "$(grep -c -E 'bpf|memoir' /sys/kernel/debug/kmemleak)" -eq 0 ]
}
