# SPDX-License-Identifier: GPL-2.0-or-later
# A heap that is traced on request: against what the program itself counts, and that no probe stays behind, however the trace
# or its process ends. What the probes see at all is in tests/bpf/test_heap.c.
# shellcheck disable=SC2016,SC2154

load daemon
load expect
ALLOCATE=$BUILD/tests/workloads/allocate

trace() {
	get "/v1/leaks/trace$1" >"$dir/trace"
}

# launch COMMAND...: becomes it, a program that waits for commands, beside a daemon; sets $program.
launch() {
	start_daemon
	lay "$@"
	program=${pids[0]}
	read -r counts <&"$reports"
}

# follow SECONDS [QUERY]: begins a trace of the program.
follow() {
	trace "?pid=$program&seconds=$1${2-}"
	soon has_begun
}

begin() {
	launch "$ALLOCATE"
	follow "$@"
}

end_trace() {
	trace '?end=1'
	soon has_ended
}

has_begun() {
	trace && jq -e .has_begun "$dir/trace" >/dev/null
}

has_ended() {
	trace && jq -e '.is_running | not' "$dir/trace" >/dev/null
}

# tell COMMAND: sets $counts to what the program counted.
tell() {
	echo "$1" >&"$stay"
	read -r counts <&"$reports"
}

# shows FILTER: it is true of the trace; $counts is what the program counted.
shows() {
	jq -e --argjson counts "$counts" ".trace | $1" "$dir/trace" >/dev/null || {
		echo "does not hold: $1; counted: $counts"
		jq -c '.trace | del(.stacks), (.stacks[] | {outstanding, found_by: .user_stack.found_by, frames: [.user_stack.frames[].name]})' \
			"$dir/trace"
		return 1
	}
}

agrees() {
	shows '.outstanding_bytes == $counts.live_bytes and .outstanding == $counts.live'
	shows '.allocated_bytes == $counts.bytes and .allocations == $counts.nr'
	shows '.frees == $counts.frees and .frees_of_older == $counts.before and .failed == $counts.failed'
	shows '.lost + .reused + .missed + .without_stack == 0 and .allocated_bytes_error == 0'
	shows '([.stacks[].outstanding_bytes] | add // 0) == .outstanding_bytes'
}

# No program of a trace is attached to anything.
no_probes() {
	bpftool -j prog list | jq -e 'all(.[]; .name // "" | startswith("heap_") | not)' >/dev/null
}

@test "a traced heap is what the program counts, byte for byte, and its functions are named" {
	begin 60
	never no_probes
	tell "run 5000"
	tell fail
	tell "leak 300"
	end_trace
	agrees
	shows '.ended == "stopped" and .allocators == "allocate, libc.so.6"'
	shows '.stacks | all(.user_stack.found_by == "unwind_tables")'
	shows '[.stacks[] | select(.user_stack.frames[1].name // "" | startswith("leak_large+"))]
		| length == 1 and .[0].outstanding_bytes == 300000 and .[0].outstanding == 300'
	soon no_probes
}

@test "places are told apart, at whatever depth of the stack they are called" {
	begin 60
	tell deep
	end_trace
	agrees
	for colour in red:192000 blue:256000; do
		shows "[.stacks[] | select(.user_stack.frames[0].name | startswith(\"leak_deep_${colour%:*}+\"))]
			| length == 1 and .[0].outstanding_bytes == ${colour#*:} and .[0].outstanding == 64"
	done
}

@test "callers of one function at one depth of the stack are told apart, once it is known how they call it" {
	begin 60
	tell "callers 6000"
	end_trace
	agrees
	for caller in ann bob cid; do
		shows "[.stacks[] | select(.user_stack.frames[1].name | startswith(\"leak_by_$caller+\"))]
			| length == 1 and .[0].outstanding > 1000"
	done
}

@test "a handler of signals that allocates on a stack above leaves the call that it interrupts as it is" {
	printf '%s\n' 6.13 "$(uname -r)" | sort --check=silent --version-sort ||
		skip "the kernel gives up the call's return, and with it the program"
	begin 60
	tell signal
	end_trace
	shows '.outstanding == 1 and .outstanding_bytes == 80 and .interrupted == 0'
	tell "run 100"
	soon no_probes
}

@test "while one trace goes on there is no other" {
	begin 60
	trace "?pid=$$&seconds=1"
	jq -e '.error | startswith("a trace goes on")' "$dir/trace"
	trace
	jq -e --argjson pid "$program" '.is_running and .running_pid == $pid' "$dir/trace"
}

@test "a trace ends with its process, and shows what was there" {
	begin 60
	tell "run 1000"
	kill -KILL "$program"
	soon has_ended
	agrees
	shows '.ended == "process_ended"'
	soon no_probes
}

@test "a trace ends when the process executes another program" {
	begin 60
	tell "run 1000"
	echo exec >&"$stay"
	soon has_ended
	agrees
	shows '.ended == "process_executed_another_program"'
	soon no_probes
}

@test "probes go with the daemon, also where it is killed" {
	begin 60
	end_daemon KILL || true
	soon no_probes
	tell "run 1000"
}

@test "what cannot be traced is said in a sentence" {
	start_daemon
	refused 1 "memoir: cannot trace: there is no process 4194304" "$MEMOIR" --socket "$socket" leaks --pid 4194304
	refused 1 "memoir: cannot trace: there is no such process, or it has no memory of its own: a kernel thread, or its main thread has ended" \
		"$MEMOIR" --socket "$socket" leaks --pid 2
	background busybox sleep 1000
	refused 1 "memoir: cannot trace: no allocator was found*" "$MEMOIR" --socket "$socket" leaks --pid "${pids[0]}"
	refused 2 "memoir: --for 0: must be a time from 1s to 60m" "$MEMOIR" leaks --pid 1 --for 0
	refused 2 "memoir: --for 61m: must be a time from 1s to 60m" "$MEMOIR" leaks --pid 1 --for 61m
	refused 2 "memoir: --for: goes with --pid or --kernel*" "$MEMOIR" leaks --for 3s
	soon no_probes
}

@test "a tracer that dies before a trace begins is said to have died" {
	start_daemon
	lay "$ALLOCATE"
	read -r counts <&"$reports"
	local tracer
	tracer=$(pgrep --parent "$daemon")
	kill -STOP "$tracer"
	trace "?pid=${pids[0]}&seconds=60"
	jq -e '.is_running and (.has_begun | not)' "$dir/trace"
	kill -KILL "$tracer"
	soon has_ended
	jq -e '.trace.ended == "not_begun" and .trace.reason == "the tracer has died; restart memoird"' "$dir/trace"
}

@test "a process that is stopped is traced and allocates nothing" {
	start_daemon
	lay "$ALLOCATE"
	read -r counts <&"$reports"
	kill -STOP "${pids[0]}"
	memoir --json leaks --pid "${pids[0]}" --for 1s >"$dir/trace"
	agrees
	kill -CONT "${pids[0]}"
	tell "run 100"
}

@test "an interrupt ends the trace, and what there is is shown" {
	start_daemon
	lay "$ALLOCATE"
	read -r counts <&"$reports"
	"$MEMOIR" --socket "$socket" leaks --pid "${pids[0]}" --for 60m >"$dir/view" 3>&- &
	command=$!
	pids+=("$command")
	soon has_begun
	tell "leak 100"
	kill -INT "$command"
	wait "$command"
	cat "$dir/view"
	grep -q 'for .*, until it was interrupted' "$dir/view"
	grep -q 'wrapped < leak_large < main$' "$dir/view"
	grep -Eq '^  #1 leak_large\+0x[0-9a-f]+ at .*allocate\.c:[0-9]+$' "$dir/view"
	grep -q '^Not freed is not yet leaked: .*/h\.$' "$dir/view"
	soon has_ended
	agrees
}

@test "samples stand for all within their errors" {
	begin 60 "&every_bytes=4096"
	tell "run 20000"
	end_trace
	shows '.every_bytes == 4096 and .frees_of_older == null and .allocated_bytes_error > 0'
	shows '(.allocated_bytes - $counts.bytes | fabs) < 5 * .allocated_bytes_error'
	shows '(.outstanding_bytes - $counts.live_bytes | fabs) < 5 * .outstanding_bytes_error'
}

@test "a program that offers probes of its own is traced by them" {
	[ "$(uname -m)" = x86_64 ] || skip "its probes are described for x86-64"
	launch "$BUILD/tests/workloads/offer"
	follow 60
	tell "run 1000"
	end_trace
	agrees
	shows '.probes == "offered" and .allocators == "offer" and .allocations == 1000'
	shows '[.stacks[] | select(.user_stack.frames[0].name // "" | startswith("tell_alloc"))] | length >= 2'
	follow 60
	tell "sample 1000 8"
	end_trace
	shows '.probes == "offered_samples" and .every_bytes == 0 and .frees_of_older == null and .allocations == 8000'
	shows '.outstanding_bytes_error > 0'
	soon no_probes
}

@test "a program that offers probes where none can be is traced by its functions, and that is said" {
	[ "$(uname -m)" = x86_64 ] || skip "its probes are described for x86-64"
	local reason="the probes that it offers cannot be placed: no instruction begins there that can be probed"
	launch "$BUILD/tests/workloads/offer-astray"
	follow 60
	tell "run 1000"
	end_trace
	shows ".probes == \"functions\" and .allocators == \"libc.so.6\" and .allocations >= 1000 and .reason == \"$reason\""
	memoir leaks --pid "$program" --for 1s >"$dir/view"
	cat "$dir/view"
	tr '\n' ' ' <"$dir/view" | grep -q "The functions of its allocator are probed: $reason"
	soon no_probes
}

@test "where the daemon cannot tell processes by their numbers, no heap is traced, and that is said" {
	cat >"$dir/inside" <<'END'
"$1" --listen none --pin none --socket "$3/socket" 2>"$3/log" 3>&- &
until "$2" --socket "$3/socket" status >/dev/null 2>&1; do kill -0 $!; done
"$2" --socket "$3/socket" leaks --pid $$ --for 1s
END
	refused 1 '*cannot trace: memoird runs in a PID namespace: run it on the host' \
		unshare --pid --fork --kill-child --mount-proc bash -e "$dir/inside" "$BUILD/memoird" "$MEMOIR" "$dir"
}

# throws COMMAND...: what becomes it throws exceptions out of its allocator while it is traced, and catches them.
throws() {
	launch "$@"
	follow 60
	tell ""
	tell ""
	end_trace
	[ "$counts" = '{"caught": 2}' ]
	soon no_probes
}

@test "an exception of C++ passes the probes of a library's allocator" {
	throws env LD_PRELOAD="$(library libjemalloc.so.2)" "$BUILD/tests/workloads/throws"
	# Where single calls cannot be left alone, none is followed.
	if shows '.reason == ""'; then
		shows '.spared >= 2 and .frees_of_older == 0 and ([.stacks[] | select(.outstanding_bytes == 2000)] | length == 1)'
	else
		shows '.spared == 0 and (.reason | startswith("C++ new is seen only where it calls malloc()"))'
	fi
}

@test "an exception of C++ passes the probes of an allocator that is linked in" {
	throws "$BUILD/tests/workloads/throws-static"
	shows '.frees_of_older == 0 and ([.stacks[] | select(.outstanding_bytes == 2000)] | length == 1)'
}

library() {
	ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }'
}

# So many allocations a second are all looked at, see daemon/trace/heaprate.h.
MAX_RATE=75000

# Allocates for some seconds, as fast as it goes; then the trace ends.
hurry() {
	local end=$((SECONDS + 3))
	while [ "$SECONDS" -lt "$end" ]; do
		tell "run 20000"
	done
	end_trace
}

@test "where there are too many allocations, they are sampled from then on" {
	begin 60
	hurry
	# A slow machine has no program that is too fast.
	shows "if .exact_ns == null then .every_bytes == 0 and .allocations * 1e9 / .duration_ns < $MAX_RATE else
		.exact_ns < .duration_ns and .every_bytes > 1 and .frees_of_older == null and .allocated_bytes_error > 0 end"
	shows '(.allocated_bytes - $counts.bytes | fabs) <= 5 * .allocated_bytes_error'
	shows '(.outstanding_bytes - $counts.live_bytes | fabs) <= 5 * .outstanding_bytes_error'
}

@test "every allocation is looked at where every byte is asked for, however many there are" {
	begin 60 "&every_bytes=1"
	hurry
	agrees
	shows '.every_bytes == 0 and .exact_ns == null'
}
