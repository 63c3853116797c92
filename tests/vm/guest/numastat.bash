# SPDX-License-Identifier: GPL-2.0-or-later
# Page allocations by node, of memoir and of numastat, at two moments: "before" and "after". `load numastat` in a bats file, after
# `load daemon`.
# shellcheck shell=bash disable=SC2154

# copy_numastats NAME
copy_numastats() {
	local node
	for node in /sys/devices/system/node/node*; do
		cp "$node/numastat" "$dir/$1.${node##*/}"
	done
}

# metered before|after: memoir's answers are in $dir/NAME.metrics and .probes, numastat as it was earlier and later than both in
# $dir/NAME.first.nodeN and .last.nodeN: what a test itself allocates meanwhile may be as much as what it is about.
metered() {
	copy_numastats "$1.first"
	fresh /v1/probes >"$dir/$1.probes"
	get /metrics >"$dir/$1.metrics"
	copy_numastats "$1.last"
}

# missed PATTERN: how often the kernel skipped such programs, because a task that was in it on the same CPU had been preempted
missed() {
	jq -n --slurpfile before "$dir/before.probes" --slurpfile after "$dir/after.probes" --arg name "$1" \
		'[$after[0], $before[0]] | map([.probes[] | select(.name | test($name)).recursion_misses] | add) | .[0] - .[1]'
}

# numastat NODE ITEM... FILE: the sum
numastat() {
	awk -v items=" ${*:2:$#-2} " 'index(items, " " $1 " ") { sum += $2 } END { print sum }' "$dir/${*: -1}.node$1"
}

# as_in_numastat NODE ALLOCATIONS ITEM...: whether so many allocations by memoir, from before to after, are as many as the sum of
# these items grew by. Neither counts pages: an allocation of several counts once. But of those in bulk numastat counts each
# page, and kernels 6.1 to 6.18 trace none.
as_in_numastat() {
	local node=$1 memoir=$2 least most missed bulk=0
	shift 2
	missed=$(missed ^page_alloc)
	least=$(($(numastat "$node" "$@" after.first) - $(numastat "$node" "$@" before.last)))
	most=$(($(numastat "$node" "$@" after.last) - $(numastat "$node" "$@" before.first)))
	case $(uname -r) in
	6.[1-9].* | 6.1[0-8].*) bulk=1500 ;;
	esac
	echo "node $node, $*: kernel $least to $most, memoir $memoir, missed $missed"
	[ "$memoir" -le "$most" ] && [ $((memoir + missed + bulk)) -ge "$least" ]
}
