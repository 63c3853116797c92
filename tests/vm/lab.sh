#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel lab: boots every kernel on every topology, and has the tests run there.
#
#	lab.sh BUILD CACHE KERNELS NODES JOBS
#
# KERNELS are series as kernel.sh knows them, 5.10 among them for one that is below the floor and "debug" for the lab's own,
# and NODES topologies as guest.sh knows them, or "service" for the guest of service.sh. JOBS guests run at a time, and if that
# is more than one, each line says whose it is. On two nodes all tests run, elsewhere those that topology or kernel make a
# difference to. Of two nodes the facts are held against those in the tree, and left in BUILD/vm/facts. What fails leaves
# BUILD/vm/SERIES-NODES with the console log and the command that repeats it; the rest is removed.
set -eu -o pipefail

build=$1
cache=$2
read -ra kernels <<<"$3"
read -ra topologies <<<"$4"
jobs=$5
here=$(dirname "$0")
lab=$build/vm
# A file for each guest that has not passed: its name in words, and what failed in it.
unpassed=$lab/unpassed
[[ $jobs =~ ^[1-9][0-9]*$ ]] || { echo "VM_JOBS=$jobs: guests at a time are a number from 1" >&2 && exit 2; }
trap end_guests EXIT
trap 'exit 130' INT TERM HUP QUIT

# set_of SERIES NODES
set_of()
{
	case $1-$2 in
	5.*) echo floor ;;
	debug-*) echo debug ;;
	*-2) echo "${VM_TESTS:-all}" ;;
	*) echo short ;;
	esac
}

# machine NODES: in words
machine()
{
	case $1 in
	service) echo "with systemd and Prometheus" ;;
	*) echo "$1 node(s)" ;;
	esac
}

# check_facts SERIES OUT
check_facts()
{
	mkdir -p "$lab/facts"
	cp "$2/facts.json" "$lab/facts/$1.json" || return
	[ ! -e "$here/facts/$1.json" ] || "$here/compare.sh" "$here/facts/$1.json" "$2/facts.json"
}

# run_guest KERNEL NODES OUT
run_guest()
{
	if [ "$2" = service ]; then
		"$here/service.sh" "$build" "$cache" "$1" "$3"
	else
		"$here/guest.sh" "$build" "$1" "$2" "$3" "$3/job"
	fi
}

# guest SERIES NODES
guest()
{
	local series=$1 nodes=$2 folder out=$lab/$1-$2 status=0
	folder=$("$here/kernel.sh" "$cache" "$series") || return
	mkdir -p "$out"
	echo "== Linux $(<"$folder/release"), $(machine "$nodes")"
	echo "tests/vm/guest/job.sh $(set_of "$series" "$nodes")" >"$out/job"
	run_guest "$folder" "$nodes" "$out" || status=$?
	if [ "$status" -eq 0 ] && [ "$nodes" = 2 ] && [[ $series != 5.* ]]; then
		check_facts "$series" "$out" || status=$?
	fi
	if [ "$status" -ne 0 ]; then
		echo "== failed; the console is in $out/console.log, what repeats it by hand in $out/command"
		{
			awk -f "$here/../failures.awk" "$out/results" | sed "s/^failed: /$series, $(machine "$nodes"): /"
			grep -q '^@end ' "$out/results" || tail -n 30 "$out/console.log"
		} >>"$unpassed/$series-$nodes" 2>/dev/null || true
		return "$status"
	fi
	rm -r "$out"
}

# topologies_of SERIES: two nodes are enough for a refusal, and for the debug kernel.
topologies_of()
{
	case $1 in
	5.* | debug) echo 2 ;;
	*) echo "${topologies[@]}" ;;
	esac
}

# attend SERIES NODES: a guest, from its kernel to its verdict
attend()
{
	local of=''
	[ "$jobs" -eq 1 ] || of="$1-$2  "
	{ guest "$1" "$2" 2>&1 && rm "$unpassed/$1-$2"; } | sed -u "s/^/$of/"
}

# Every job is a process group; what is in it cleans up before it is gone.
end_guests()
{
	local job tries
	for job in $(jobs -p); do
		kill -TERM -- "-$job" 2>/dev/null || continue
		wait "$job" || true
		for ((tries = 0; tries < 50; tries++)); do
			kill -0 -- "-$job" 2>/dev/null || break
			sleep 0.2
		done
	done
}

rm -rf "$lab/facts" "$unpassed"
mkdir "$unpassed"
set -m
for series in "${kernels[@]}"; do
	for nodes in $(topologies_of "$series"); do
		while [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; do
			wait -n || true
		done
		echo "$series, $(machine "$nodes")" >"$unpassed/$series-$nodes"
		attend "$series" "$nodes" </dev/null &
	done
done
wait
if [ -n "$(ls "$unpassed")" ]; then
	tail -qn +2 "$unpassed"/*
	echo "kernel lab: FAILED: $(head -qn 1 "$unpassed"/* | paste -sd ';' | sed 's/;/; /g')"
	exit 1
fi
echo "kernel lab: all passed"
