# SPDX-License-Identifier: GPL-2.0-or-later
# Nanoseconds for each run of a BPF program, less those of an empty program on the same event at the same
# time: memoir's own, a bpftrace script's that counts by process, and those of libbpf-tools that watch the
# same events. From the kernel's run statistics, whose own cost is in both numbers and so in no difference.
#
# Run statistics see only the program. What a tracepoint of perf does before it, which bpftrace and
# libbpf-tools pay for and raw tracepoints do not, is not in any number here.
# shellcheck shell=bash

PROGRAM_ROUNDS=5
PROGRAM_MIN_RUNS=1000 # below that, a round says nothing

# The ids of the BPF programs that a process holds, as a JSON array.
programs_of()
{
	sed -n 's/^prog_id:[[:space:]]*//p' "/proc/$1"/fdinfo/* 2>/dev/null | sort -un | jq -cs .
}

# Returns when a process holds that many programs and each has run.
await_programs()
{
	local _ running
	for _ in $(seq 100); do
		running=$(cat "/proc/$1"/fdinfo/* 2>/dev/null |
			awk '/^run_cnt:/ && $2 > 0 { n++ } END { print n + 0 }')
		[ "$running" -lt "$2" ] || return 0
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# Faults: each page is zeroed just before the program runs, and what zeroing leaves undone is done in its time.
load_of_faults()
{
	"$workload" touch 16384 12 >/dev/null
	"$workload" forks 1500 >/dev/null
}

# Pages of pipes, which are not zeroed.
load_of_pipes()
{
	local times
	for ((times = 0; times < 6; times++)); do
		"$workload" pipes 128 256 </dev/null >/dev/null
	done
}

# run_rounds LOAD: with a look at the run statistics before, between and after the rounds.
run_rounds()
{
	local round
	load=$1
	bpftool -j prog show >"$work/runs"
	for ((round = 0; round < PROGRAM_ROUNDS; round++)); do
		"load_of_$load"
		bpftool -j prog show >>"$work/runs"
	done
}

# costs TOOL PROGRAM_IDS TARGETS: rows for these programs from the last run_rounds. TARGETS is an object of
# events by program name; a program that is not in it has the name of its event.
costs()
{
	jq -L "$here" --slurp --arg tool "$1" --arg load "$load" --argjson ids "$2" --argjson targets "$3" \
		--argjson min_runs "$PROGRAM_MIN_RUNS" --rawfile held "$work/held" '
		include "statistics";
		def runs_of(id): [.[] | map(select(.id == id))[0] | [.run_cnt // 0, .run_time_ns // 0]]
			| [.[1:], .[:-1]] | transpose
			| map({runs: (.[0][0] - .[1][0]), ns: (.[0][1] - .[1][1])});
		[$held | split("\n")[] | select(contains(" ")) | split(" ")
			| {key: .[0] | sub(".*/"; ""), value: .[1] | tonumber}] as $empties
		| . as $looks
		| .[-1][] | select(.id as $id | $ids | index($id))
		| . as $program
		| (($targets[.name] // .name) | sub(".*/"; "")) as $event
		| $empties[] | select(.key == $event) | .value as $empty
		| [$looks | [runs_of($program.id), runs_of($empty)] | transpose[]
			| select(.[0].runs >= $min_runs and .[1].runs >= $min_runs)
			| map(.ns / .runs)]
		| select(length > 0)
		| {tool: $tool, load: $load, program: $program.name, event: $event,
		   runs: ($looks | runs_of($program.id) | map(.runs) | add),
		   ns: (map(.[0]) | median), empty_ns: (map(.[1]) | median),
		   net_ns: (map(.[0] - .[1]) | median)}
	' "$work/runs" >>"$work/costs"
}

measure_own_programs()
{
	start_daemon --listen none
	read_own_events
	hold "$empty_programs" --statistics "${own_events[@]}"
	for load in faults pipes; do
		run_rounds "$load"
		costs memoird "$(programs_of "$daemon")" \
			"$(jq -c 'map({key: .name, value: .target}) | from_entries' "$work/attached")"
	done
	release
	end "$daemon"
}

# The programs that run on request, while somebody looks at one slab allocation in so many.
measure_slab_programs()
{
	start_daemon --listen none
	hold "$empty_programs" --statistics raw_tp/kmalloc raw_tp/kmem_cache_alloc
	ask "/v1/slab?look_ms=60000&every=$1" >/dev/null
	run_rounds faults
	costs "memoird, one in $1," "$(programs_of "$daemon")" \
		'{"slab_kmalloc": "kmalloc", "slab_cache_alloc": "kmem_cache_alloc"}'
	release
	end "$daemon"
}

# Likewise, while the kernel is traced, of which what goes on before the load decides how many objects are followed.
measure_leak_programs()
{
	local every programs
	start_daemon --listen none
	hold "$empty_programs" --statistics raw_tp/kmalloc raw_tp/kfree raw_tp/kmem_cache_alloc raw_tp/kmem_cache_free \
		raw_tp/mm_page_alloc raw_tp/mm_page_free
	ask "/v1/leaks/trace?kernel=1&seconds=3600" >/dev/null
	until ask /v1/leaks/trace | jq -e .has_begun >/dev/null; do
		sleep 0.1
	done
	run_rounds faults
	# They go with the trace.
	programs=$(bpftool -j prog show | jq -c 'map(select(.name // "" | startswith("leak_")) | .id)')
	every=$(ask '/v1/leaks/trace?end=1' | jq .trace.every)
	costs "memoird, one in $every," "$programs" \
		'{"leak_kmalloc": "kmalloc", "leak_kfree": "kfree", "leak_cache_alloc": "kmem_cache_alloc",
		  "leak_cache_free": "kmem_cache_free", "leak_page_alloc": "mm_page_alloc", "leak_page_free": "mm_page_free"}'
	release
	end "$daemon"
}

# measure_tool NAME NR_PROGRAMS EVENTS COMMAND...: of a program that watches these events (CATEGORY/NAME ...).
measure_tool()
{
	local tool=$1 nr_programs=$2 events=$3 pid before
	shift 3
	if ! have "$1"; then
		note "$tool: $1 is not installed"
		return
	fi
	# The events are a list on purpose.
	# shellcheck disable=SC2086
	if ! hold "$empty_programs" --statistics $events; then
		note "$tool: an event is missing"
		return
	fi
	"$@" >/dev/null 2>"$work/errors" &
	pid=$!
	pids+=("$pid")
	before=$(wc -l <"$work/costs")
	if await_programs "$pid" "$nr_programs"; then
		for load in faults pipes; do
			run_rounds "$load"
			costs "$tool" "$(programs_of "$pid")" '{}'
		done
	fi
	end "$pid"
	release
	if [ "$(wc -l <"$work/costs")" -eq "$before" ]; then
		note "$tool: $(grep -vi memlock "$work/errors" | tail -n 1 | grep . ||
			echo 'its programs did not run')"
	fi
}

measure_programs()
{
	echo "BPF programs: nanoseconds for each run, beside an empty program on the same event"
	: >"$work/costs"
	measure_own_programs
	measure_slab_programs 16
	measure_slab_programs 1
	measure_leak_programs
	measure_tool bpftrace 3 'tp/kmem/mm_page_alloc tp/kmem/mm_page_free tp/exceptions/page_fault_user' \
		bpftrace "$here/count_by_pid.bt"
	measure_tool exitsnoop 1 'tp/sched/sched_process_exit' exitsnoop
	measure_tool funclatency 1 'tp/exceptions/page_fault_user' funclatency handle_mm_fault
	if ! have memleak; then
		note 'libbpf-tools: no tool here counts page allocations or frees (memleak is not installed)'
	fi
	jq --slurp '{programs: .}' "$work/costs" >"$work/programs.part"
	jq -L "$here" -r 'include "statistics";
		(.programs | map(select(.tool == "memoird") | {key: "\(.load) \(.event)", value: .net_ns})
			| from_entries) as $own
		| ["program", "load", "event", "runs", "ns", "empty", "net", "times memoir"],
		  (.programs[] | ["\(.tool) \(.program)", .load, .event, .runs, (.ns, .empty_ns, .net_ns | fixed(1)),
			if .tool == "memoird" or ($own["\(.load) \(.event)"] // 0) <= 0 then ""
			else .net_ns / $own["\(.load) \(.event)"] | fixed(1) end])
		| @tsv' "$work/programs.part" | table 8
}
