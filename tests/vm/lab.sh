#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel lab: boots every kernel on every topology, and has the tests run there.
#
#	lab.sh BUILD CACHE KERNELS NODES
#
# KERNELS are series as kernel.sh knows them, 5.10 among them for one that is below the floor and "debug" for the lab's own,
# and NODES topologies as guest.sh knows them, or "service" for the guest of service.sh. On two nodes all tests run, elsewhere
# those that topology or kernel make a difference to. Of two nodes the facts are held against those in the tree, and left in
# BUILD/vm/facts. What fails leaves BUILD/vm/SERIES-NODES with the console log and the command that repeats it; the rest is
# removed.
set -eu -o pipefail

build=$1
cache=$2
read -ra kernels <<<"$3"
read -ra topologies <<<"$4"
here=$(dirname "$0")
lab=$build/vm
failed=()
failed_tests=''
trap 'exit 130' INT TERM

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

# Where the kernel changes its own code, an int3 is there for a moment, and QEMU 7.2 with several threads may keep its
# translation: on 7.3, where tracepoints come and go, every few runs died of an int3 that memory had no more.
thread_for()
{
	case $1 in
	7*) echo single ;;
	*) echo multi ;;
	esac
}

# guest SERIES NODES
guest()
{
	local series=$1 nodes=$2 folder out=$lab/$1-$2 status=0
	folder=$("$here/kernel.sh" "$cache" "$series") || return
	mkdir -p "$out"
	echo "== Linux $(<"$folder/release"), $(machine "$nodes")"
	echo "tests/vm/guest/job.sh $(set_of "$series" "$nodes")" >"$out/job"
	VM_THREAD=$(thread_for "$series") run_guest "$folder" "$nodes" "$out" || status=$?
	if [ "$status" -eq 0 ] && [ "$nodes" = 2 ] && [[ $series != 5.* ]]; then
		check_facts "$series" "$out" || status=$?
	fi
	if [ "$status" -ne 0 ]; then
		echo "== failed; the console is in $out/console.log, what repeats it by hand in $out/command"
		failed_tests+=$(sed -n "s/^FAIL  /$series, $(machine "$nodes"): /p" "$out/results" 2>/dev/null)$'\n'
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

rm -rf "$lab/facts"
for series in "${kernels[@]}"; do
	for nodes in $(topologies_of "$series"); do
		guest "$series" "$nodes" || failed+=("$series, $(machine "$nodes")")
	done
done
if [ ${#failed[@]} -gt 0 ]; then
	printf -v list '%s, ' "${failed[@]}"
	sed '/^$/d' <<<"$failed_tests"
	echo "kernel lab: FAILED: ${list%, }"
	exit 1
fi
echo "kernel lab: all passed"
