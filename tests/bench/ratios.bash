# SPDX-License-Identifier: GPL-2.0-or-later
# How much longer the same work takes with the daemon than without. The run without and the run with it follow
# one another, so that what else goes on in the machine weighs on both; the median of the ratios of such
# pairs, and the middle half of them, say more than any time. Between the two, the same with empty programs on
# the same events: what the kernel takes for running any program there, whatever it does.
# shellcheck shell=bash

RATIO_RUNS=20

# run_load NAME: its time, in the unit of load_units.
run_load()
{
	case $1 in
	faults) "$workload" touch 16384 12 ;;
	forks) "$workload" forks 3000 ;;
	messages) hackbench --groups 2 --loops 300 | awk '/^Time: / { print $2 * 1000 }' ;;
	esac
}

load_units='{"faults": "ns a page", "forks": "ns a process", "messages": "ms of hackbench"}'

# run_loads BESIDE LOAD...: BESIDE is what runs beside them.
run_loads()
{
	local load time beside=$1
	shift
	for load; do
		time=$(run_load "$load")
		jq -n --arg load "$load" --arg beside "$beside" --argjson time "$time" \
			'{load: $load, beside: $beside, time: $time}' >>"$work/times"
	done
}

# run_triple LOAD...
run_triple()
{
	run_loads nothing "$@"
	hold "$empty_programs" "${own_events[@]}"
	run_loads empty "$@"
	release
	start_daemon --listen none
	run_loads daemon "$@"
	end "$daemon"
}

measure_ratios()
{
	local i loads=(faults forks)
	echo "The same work beside memoir, and beside empty programs on its events, over the time without"
	: >"$work/times"
	if have hackbench; then
		loads+=(messages)
	else
		note 'messages: hackbench is not installed (package rt-tests)'
	fi
	start_daemon --listen none
	read_own_events
	end "$daemon"
	for ((i = 0; i < RATIO_RUNS; i++)); do
		run_triple "${loads[@]}"
	done
	jq -L "$here" --slurp --argjson units "$load_units" 'include "statistics";
		def times(what): map(select(.beside == what) | .time);
		def ratios(what): [times(what), times("nothing")] | transpose | map(.[0] / .[1])
			| {median: median, quartile_1: quantile(0.25), quartile_3: quantile(0.75)};
		{ratios: [group_by(.load)[] | {load: .[0].load, unit: $units[.[0].load],
			runs: (times("daemon") | length), without: (times("nothing") | median),
			empty_ratio: ratios("empty"), ratio: ratios("daemon")}]}' \
		"$work/times" >"$work/ratios.part"
	jq -L "$here" -r 'include "statistics";
		def middle: "\(.quartile_1 | fixed(3)) to \(.quartile_3 | fixed(3))";
		["load", "without", "runs", "memoir", "middle half", "empty", "middle half"],
		(.ratios[] | [.load, "\(.without | fixed(0)) \(.unit)", .runs, (.ratio.median | fixed(3)),
			(.ratio | middle), (.empty_ratio.median | fixed(3)), (.empty_ratio | middle)])
		| @tsv' "$work/ratios.part" | table 7
}
