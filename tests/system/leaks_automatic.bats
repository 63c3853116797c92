# SPDX-License-Identifier: GPL-2.0-or-later
# What would use up all memory within the hour, a process or the kernel, is traced without having been asked for, after the
# three minutes in which growth is told; somebody who asks for a trace has precedence, and what was found stands beside the
# verdict.
# shellcheck disable=SC2154

load daemon
load expect
ALLOCATE=$BUILD/tests/workloads/allocate

has_begun() {
	get /v1/leaks/trace >"$dir/trace"
	jq -e .has_begun "$dir/trace" >/dev/null
}

kernel_was_traced() {
	get /v1/leaks/trace >"$dir/trace"
	jq -e '(.is_running | not) and (.trace | .is_kernel and .ended == "ended" and (.is_automatic | not))' "$dir/trace"
}

# What is left for whoever grows, in KiB
left_kib() {
	awk '/^(MemAvailable|SwapFree):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# begin_to_leak PROGRAM...: so fast that what is left now would last for 40 minutes.
begin_to_leak() {
	lay "$@"
	background cat "$dir/laid" >/dev/null
	background bash -c "while echo 'leak $(($(left_kib) / 40 / 60 / 2))'; do sleep 0.5; done" >"$dir/stay"
}

rss_kib() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

# has_grown PID KIB
has_grown() {
	[ "$(rss_kib "$1")" -ge "$2" ]
}

@test "a suspect is traced by itself, until somebody asks for a trace, and the stack is told" {
	start_daemon --trace-suspects 3600
	begin_to_leak "$ALLOCATE"
	program=${pids[0]}
	wait_for_message "*the memory of process * grows like a leak: its heap is traced*" >"$dir/messages"
	cat "$dir/messages"
	grep -q "process $program grows" "$dir/messages" || skip "another process grows faster here"
	soon has_begun
	jq -e --argjson pid "$program" '.running_pid == $pid' "$dir/trace"
	soon has_grown "$program" $(($(rss_kib "$program") + 32768))
	get "/v1/leaks/trace?kernel=1&seconds=1" >"$dir/asked"
	jq -e '.is_running and .running_pid == null' "$dir/asked"
	get "/v1/leaks/trace?pid=$$&seconds=1" >"$dir/asked"
	jq -e '.error | startswith("a trace goes on")' "$dir/asked"
	soon kernel_was_traced
	memoir --json leaks --pid "$$" --for 1s >"$dir/asked"
	jq -e --argjson pid "$$" '.trace | .pid == $pid and .ended == "ended" and (.is_automatic | not)' "$dir/asked"
	get /v1/leaks >"$dir/leaks"
	jq -e --argjson pid "$program" '.processes[] | select(.pid == $pid and .kind == "anonymous")
		| (.traced | .is_automatic and .every_bytes == 524288 and .duration_ns < 3600e9)
		and (.stack | startswith("0x"))
		and any(.traced.user_stack.frames[]; .name // "" | startswith("leak_large+"))
		and any(.evidence[]; contains("which memoird began by itself") and contains("leak_large"))' "$dir/leaks"
}

# The stack that holds most of slabs stands beside the verdict on them.
kernel_is_explained() {
	get /v1/leaks >"$dir/leaks"
	jq -e '.kernel[] | select(.subsystem == "slab") | any(.evidence[];
		startswith("A trace of the kernel, which memoird began by itself, for ") and contains("load_msg"))' "$dir/leaks"
}

@test "the kernel is traced by itself where its slabs would use up all memory, and the stack is told" {
	start_daemon --trace-suspects 5
	lay "$BUILD/tests/workloads/messages" $(($(left_kib) / 40 / 600))
	wait_for_message "*grows like a leak: *" >"$dir/messages"
	cat "$dir/messages"
	grep -q "the kernel's own memory grows like a leak" "$dir/messages" || skip "a process grows faster here"
	soon kernel_is_explained
}
