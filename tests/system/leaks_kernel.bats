# SPDX-License-Identifier: GPL-2.0-or-later
# Traces of the kernel's memory: that leaks of known programs are pinned to them and to the function of the kernel, that one
# that gives everything back is not, and that nothing stays behind. What the programs see is in tests/bpf/test_kernel_trace.c.
# shellcheck disable=SC2016,SC2154

load daemon
load expect
LEAKS=$BUILD/tests/workloads/leaks/leaks

trace() {
	get "/v1/leaks/trace$1" >"$dir/trace"
}

has_begun() {
	trace && jq -e .has_begun "$dir/trace" >/dev/null
}

has_ended() {
	trace && jq -e '.is_running | not' "$dir/trace" >/dev/null
}

# No program of a trace is attached to anything, and there is no table of objects.
nothing_is_left() {
	bpftool -j prog list | jq '[.[] | select(.name // "" | startswith("leak_")) | .id]' >"$dir/programs"
	bpftool -j link list | jq -e --slurpfile ids "$dir/programs" 'all(.[]; .prog_id as $id | $ids[0] | index($id) | not)' >/dev/null &&
		bpftool -j map list | jq -e 'all(.[]; .name != "leak_objects")' >/dev/null
}

# leaks PATTERN BYTES: a program that leaks so much an hour by its clock, which is a minute's second; $pids has it last.
leaks() {
	[ -e "$dir/alive" ] || mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	"$LEAKS" "leak-$1" "$1" "$2" 60 <"$dir/alive" >/dev/null 3>&- &
	pids+=("$!")
}

# pinned PID FUNCTION: something is, to that process and that function of the kernel.
pinned() {
	local bytes
	bytes=$(jq --argjson pid "$1" --arg function "$2" '[.trace.stacks[] | select(.pid == $pid
		and any(.kernel_stack.frames[]; startswith($function + "+"))) | .outstanding_bytes] | add // 0' "$dir/trace")
	echo "process $1 at $2: $bytes bytes"
	[ "$bytes" -gt 0 ]
}

@test "kernel memory that is never given back is pinned to its process and the way through the kernel" {
	start_daemon
	trace '?kernel=1&seconds=8'
	soon has_begun
	# So fast that a dozen or more of each are followed even at one object in 64, and so slow that they have not used
	# up their 4096 files when it ends: a process that fails gives everything back.
	leaks pipes 33554432
	local pipes=${pids[-1]}
	leaks sockets 16777216
	local sockets=${pids[-1]}
	leaks inotify 2097152
	local watches=${pids[-1]}
	leaks bpf-maps 33554432
	local maps=${pids[-1]}
	# Opens and closes all the time.
	background bash -c 'while :; do : < <(:); done'
	local innocent=${pids[-1]}
	soon has_ended
	jq -c '.trace | del(.stacks)' "$dir/trace"
	jq -c '.trace.stacks[:12][] | [.pid, .comm, .kind, .cache, .outstanding_bytes, .kernel_stack.callers]' "$dir/trace"
	pinned "$pipes" alloc_pipe_info
	pinned "$sockets" sock_alloc_send_pskb
	pinned "$watches" inotify_new_watch || pinned "$watches" __do_sys_inotify_add_watch ||
		pinned "$watches" __x64_sys_inotify_add_watch
	pinned "$maps" map_create
	jq -e '.trace | .is_kernel and .ended == "ended" and (.every | . == 1 or . == 2 or . == 4 or . == 8 or . == 16 or . == 32 or . == 64)' "$dir/trace"
	# What it holds at any moment is a pipe or two, of which each that is followed stands for 64 at most.
	jq -e --argjson pid "$innocent" '[.trace.stacks[] | select(.pid == $pid
		and any(.kernel_stack.frames[]; startswith("alloc_pipe_info+"))) | .outstanding_bytes] | add // 0 | . < 200000' "$dir/trace"
	soon nothing_is_left
}

# held KIND FUNCTION: what the program is said to hold of this kind by that function, a regular expression: how often, bytes,
# their standard error.
held() {
	jq -r --argjson pid "${pids[0]}" --arg kind "$1" --arg function "^($2)\\+" '[.trace.stacks[]
		| select(.pid == $pid and .kind == $kind and any(.kernel_stack.frames[]; test($function)))]
		| [(map(.outstanding) | add // 0), (map(.outstanding_bytes) | add // 0),
			(map(.outstanding_bytes_error | . * .) | add // 0 | sqrt | ceil)] | @tsv' "$dir/trace"
}

# is_exact KIND FUNCTION NR BYTES: so many of so many bytes each are within five standard errors of what is said, which is of
# allocations of just that size.
is_exact() {
	local nr bytes error
	read -r nr bytes error < <(held "$1" "$2")
	echo "$1: $nr of $3, $bytes bytes +- $error of $(($3 * $4))"
	[ "$nr" -gt 0 ] && [ "$bytes" -eq $((nr * $4)) ] &&
		[ $((bytes + 5 * error)) -ge $(($3 * $4)) ] && [ $((bytes - 5 * error)) -le $(($3 * $4)) ]
}

# Of a per-CPU value of so many bytes: on each possible CPU, and what the kernel keeps beside for its cgroup and its tag, none,
# 8 or 16 bytes for each 4 of it (pcpu_obj_full_size()).
percpu_bytes() {
	local nr bytes nr_cpus
	nr_cpus=$(($(sed 's/.*[-,]//' /sys/devices/system/cpu/possible) + 1))
	read -r nr bytes _ < <(held percpu 'array_map_alloc|bpf_map_alloc_percpu')
	for size in $(($1 * nr_cpus)) $(($1 * (nr_cpus + 2))) $(($1 * (nr_cpus + 4))); do
		[ "$bytes" -ne $((nr * size)) ] || echo "$size"
	done
}

@test "of pages and per-CPU memory that a process holds, a trace of the kernel tells the bytes within its errors" {
	local nr=4096 each
	start_daemon
	lay "$BUILD/tests/workloads/holdings" "$nr"
	trace '?kernel=1&seconds=600'
	soon has_begun
	echo >&"$stay"
	read -r -t "$silence_s" _ <&"$reports"
	trace '?end=1'
	soon has_ended
	jq -c '.trace | del(.stacks)' "$dir/trace"
	is_exact pages '(anon_)?pipe_write' "$nr" 4096
	each=$(percpu_bytes 512)
	is_exact percpu 'array_map_alloc|bpf_map_alloc_percpu' "$nr" "$each"
	# Else the factor by which what is followed stands for others was not looked at.
	jq -e '.trace.every > 1' "$dir/trace" || skip "nothing was left out: too slow here"
}

@test "what kfree_rcu() frees is not taken for a leak" {
	local pid
	start_daemon
	background "$BUILD/tests/workloads/rcufrees"
	pid=${pids[-1]}
	memoir --json leaks --kernel --for 6s >"$dir/trace"
	jq --argjson pid "$pid" '[.trace.stacks[] | select(.pid == $pid and any(.kernel_stack.frames[]; startswith("ip_options_get")))]' "$dir/trace" >"$dir/own"
	jq -c '(.trace | del(.stacks)), input' "$dir/trace" "$dir/own"
	if jq -e .trace.bulk_frees_are_seen "$dir/trace"; then
		# One is in use, and each that is followed stands for 64 at most.
		jq -e 'all(.[]; .frees_are_seen and .outstanding <= 128)' "$dir/own"
	else
		jq -e 'any(.[]; .reused > 0) and all(.[]; .frees_are_seen | not)' "$dir/own"
	fi
}

@test "the pages of slabs are not counted beside the objects in them" {
	start_daemon
	leaks pipes 16777216
	memoir --json leaks --kernel --for 3s >"$dir/trace"
	jq -e '[.trace.stacks[] | select(.kind == "cache" or .kind == "kmalloc")] | length > 0' "$dir/trace"
	jq -e '.trace.stacks | all(.[]; .kind != "pages" or all(.kernel_stack.frames[];
		test("^(allocate_slab|new_slab|___slab_alloc|kmem_cache_alloc)") | not))' "$dir/trace"
}

@test "an interrupt ends a trace of the kernel, and what there is is shown" {
	start_daemon
	leaks pipes 16777216
	"$MEMOIR" --socket "$socket" leaks --kernel --for 60m >"$dir/view" 3>&- &
	command=$!
	pids+=("$command")
	soon has_begun
	trace '?pid=1&seconds=1'
	jq -e '.error | startswith("a trace goes on")' "$dir/trace"
	trace '?kernel=1&seconds=1'
	jq -e '.error | startswith("a trace goes on")' "$dir/trace"
	trace
	jq -e '.is_running and .running_pid == null' "$dir/trace"
	never nothing_is_left
	kill -INT "$command"
	wait "$command"
	cat "$dir/view"
	grep -q '^The kernel, for .*, until it was interrupted\.$' "$dir/view"
	grep -q "NOT FREED" "$dir/view"
	soon has_ended
	soon nothing_is_left
}

@test "a trace of the kernel that is ended before it follows anything does not say that nothing was allocated" {
	start_daemon
	trace '?kernel=1&seconds=60'
	trace '?end=1'
	soon has_ended
	jq -c '.trace | del(.stacks)' "$dir/trace"
	# On a machine that is slow it may have begun.
	jq -e '.trace | if .ended == "not_begun" then .reason == "it was ended before anything was followed"
		else .ended == "stopped" and .every >= 1 end' "$dir/trace"
	soon nothing_is_left
}

@test "a trace of the kernel goes with the daemon" {
	start_daemon
	trace '?kernel=1&seconds=60'
	soon has_begun
	end_daemon KILL || true
	soon nothing_is_left
}

@test "what cannot be asked of a trace of the kernel is said in a sentence" {
	start_daemon
	trace '?kernel=1&pid=1&seconds=1'
	jq -e '.error == "kernel: does not go with pid"' "$dir/trace"
	refused 2 "memoir: --for 0: must be a time from 1s to 60m" "$MEMOIR" leaks --kernel --for 0
	refused 2 "memoir: --for 61m: must be a time from 1s to 60m" "$MEMOIR" leaks --kernel --for 61m
	refused 2 "memoir: --pid, --kernel: only one of them" "$MEMOIR" leaks --kernel --pid 1
	refused 2 "memoir: --every-bytes: goes with --pid*" "$MEMOIR" leaks --kernel --every-bytes 5
	refused 2 "memoir: --kernel: not an option of top*" "$MEMOIR" top --kernel
}
