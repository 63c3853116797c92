# SPDX-License-Identifier: GPL-2.0-or-later
# What a traced malloc() and its free() cost the process, beside the same traced as memleak does. Rounds follow one another, and
# the median of each is shown, and whether it is within what is wanted. Sourced by bench.sh.
# shellcheck shell=bash

PAIR_ROUNDS=7
PAIRS_UNTRACED=200000
PAIRS_TRACED=10000
# The most of memleak's time that memoir is to take.
PAIR_BOUNDS='{"exact": 0.5, "sampled": 0.05}'

# take_pairs NR HOW: the time of a pair, into $work/pair_times.
take_pairs()
{
	local ns i
	for ((i = 0; i < PAIR_ROUNDS; i++)); do
		echo "$1" >&"$pairs_input"
		read -r ns <&"$pairs_output"
		jq -n --arg how "$2" --argjson ns "$ns" '{how: $how, ns: $ns}' >>"$work/pair_times"
	done
}

# A process that waits for how many pairs it is to make. Sets $pairs.
start_pairs()
{
	mkfifo "$work/pairs_in" "$work/pairs_out"
	"$build/tests/bench/pairs" <"$work/pairs_in" >"$work/pairs_out" &
	pairs=$!
	pids+=("$pairs")
	exec {pairs_input}>"$work/pairs_in" {pairs_output}<"$work/pairs_out"
	read -r _ <&"$pairs_output"
}

# take_memleak: as memleak does it, by bpftrace.
take_memleak()
{
	local libc
	if ! have bpftrace; then
		note 'memleak: bpftrace is not installed'
		return
	fi
	libc=$(awk '$6 ~ /libc\.so/ { print $6; exit }' "/proc/$pairs/maps")
	sed "s,libc:,$libc:," "$here/memleak.bt" >"$work/memleak.bt"
	bpftrace -p "$pairs" "$work/memleak.bt" >"$work/memleak" 2>&1 &
	tracer=$!
	pids+=("$tracer")
	if await_line "$work/memleak" "$tracer" '^ready$'; then
		take_pairs "$PAIRS_TRACED" memleak
	else
		note "memleak: $(head -n 1 "$work/memleak")"
	fi
	kill -INT "$tracer" 2>/dev/null || true
	gone "$tracer"
}

# take_trace EVERY_BYTES HOW: traced by memoir.
take_trace()
{
	ask "/v1/leaks/trace?pid=$pairs&seconds=600&every_bytes=$1" >"$work/trace"
	until jq -e .has_begun "$work/trace" >/dev/null; do
		jq -e .is_running "$work/trace" >/dev/null || return 1
		ask /v1/leaks/trace >"$work/trace"
	done
	take_pairs "$PAIRS_TRACED" "$2"
	ask '/v1/leaks/trace?end=1' >"$work/trace"
	while jq -e .is_running "$work/trace" >/dev/null; do
		ask /v1/leaks/trace >"$work/trace"
	done
}

measure_leaks()
{
	echo "A malloc() of 100 bytes and its free(), untraced and traced"
	: >"$work/pair_times"
	start_pairs
	take_pairs "$PAIRS_UNTRACED" untraced
	take_memleak
	start_daemon --listen none
	take_trace 1 exact
	take_trace 524288 'sampled, one byte in 512 KiB'
	end "$daemon"
	exec {pairs_input}>&- {pairs_output}<&-
	gone "$pairs"
	jq -L "$here" --slurp --argjson bounds "$PAIR_BOUNDS" 'include "statistics";
		(map(select(.how == "memleak") | .ns) | if length > 0 then median else null end) as $memleak
		| {leaks: [group_by(.how)[] | {how: .[0].how, ns: (map(.ns) | median)}
			| .of_memleak = (if $memleak then .ns / $memleak else null end)
			| .bound = $bounds[.how | sub(",.*"; "")] | .bound as $bound
			| .result = (.of_memleak | against($bound))]}' \
		"$work/pair_times" >"$work/leaks.part"
	jq -L "$here" -r 'include "statistics";
		["", "ns a pair", "of memleak", "at most", ""],
		(.leaks | sort_by(.ns)[] | [.how, (.ns | fixed(0)), (if .of_memleak then .of_memleak | fixed(3) else "" end),
			(if .bound then .bound | fixed(3) else "" end), .result])
		| @tsv' "$work/leaks.part" | table 5
}
