#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures what memoir costs on this machine, in one run, as ratios to what is measured beside it. Prints
# tables; with a JSON_FILE, the same numbers are there. Asserts nothing.
#
#	bench.sh BUILD JSON_FILE PART...
#
# PART is programs, ratios, daemon or leaks; JSON_FILE may be empty.
set -euo pipefail

build=$(realpath "$1")
json=$2
shift 2
here=$(dirname "$(realpath "$0")")
PATH=$PATH:/usr/sbin:/sbin
workload=$build/tests/workloads/workload
empty_programs=$build/tests/bench/empty_programs

if [ "$(id -u)" -ne 0 ]; then
	echo "bench: needs root, to load BPF programs" >&2
	exit 1
fi
for part; do
	case $part in
	programs | ratios | daemon | leaks) ;;
	*)
		echo "bench: BENCH=$part: is not a part; there are programs, ratios, daemon and leaks" >&2
		exit 2
		;;
	esac
done
for tool in bpftool column curl jq; do
	if ! command -v "$tool" >/dev/null; then
		echo "bench: $tool is missing; run 'make deps'" >&2
		exit 1
	fi
done
[ -z "$json" ] || : >"$json"

work=$(mktemp -d)
: >"$work/notes"
# shellcheck source=processes.bash
. "$here/processes.bash"
# shellcheck source=programs.bash
. "$here/programs.bash"
# shellcheck source=ratios.bash
. "$here/ratios.bash"
# shellcheck source=daemon.bash
. "$here/daemon.bash"
# shellcheck source=leaks.bash
. "$here/leaks.bash"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "memoir on Linux $(uname -r), $(nproc) CPUs"
# Others' programs on the same events make everything dearer, with and without memoir.
if pgrep -x memoird >/dev/null; then
	note 'another memoird runs, and a machine without one cannot be measured: end it first'
fi
for part; do
	echo
	"measure_$part"
done
if [ -n "$json" ]; then
	jq -n --arg kernel "$(uname -r)" --argjson cpus "$(nproc)" --slurpfile notes "$work/notes" \
		--slurpfile parts <(cat "$work"/*.part) \
		'{kernel: $kernel, cpus: $cpus} + ($parts | add) + {notes: $notes}' >"$json"
fi
