# SPDX-License-Identifier: GPL-2.0-or-later
# How right estimates are: what processes hold, the pageblocks that they spoil, and what pageblocks hold in all, by the sample
# of live pages, against a walk over all pages (tests/workloads/survey.c). Programs of awk and jq
# are in single quotes.
# shellcheck disable=SC2016

load daemon
load expect
load holders

SURVEY=$BUILD/tests/workloads/survey

# With errors that are stated as half of what they are, one of eight estimates is outside of three errors.
min_estimates=1500

estimates=$BATS_FILE_TMPDIR/estimates

# The estimates are made once, for all tests.
setup_file() {
	setup
	make_cgroups || return 0
	: >"$estimates"
	start_daemon
	local tries
	for ((tries = 0; tries < min_estimates / batch_size; tries++)); do
		estimate_batch
		[ "$(wc -l <"$estimates")" -lt "$min_estimates" ] || break
	done
}

teardown_file() {
	local cgroup
	daemon_teardown
	for cgroup in "${cgroups[@]}"; do
		timeout 60 bash -c 'until rmdir "$1" 2>/dev/null; do :; done' bash "$cgroup"
	done
}

# $cgroups: a memory cgroup for each process, by which the kernel tells whose its unmovable pages are.
make_cgroups() {
	local hierarchy=/sys/fs/cgroup i cgroup
	cgroups=()
	[ ! -e "$hierarchy/memory/cgroup.procs" ] || hierarchy+=/memory
	for ((i = 0; i < batch_size; i++)); do
		cgroup=$hierarchy/memoir-test-$$-$i
		mkdir "$cgroup" || return
		cgroups+=("$cgroup")
	done
	[ -e "$cgroup/memory.stat" ]
}

estimate_batch() {
	local i moved who=()
	moved=$(moved)
	start_batch 1000 6 "${cgroups[@]}"
	for ((i = 0; i < batch_size; i++)); do
		who+=("${batch[i]}:$(stat --format=%i "${cgroups[i]}")")
	done
	"$SURVEY" "${who[@]}" >"$dir/before"
	read_holders
	"$SURVEY" >"$dir/after"
	end_batch
	# A page that was moved meanwhile is not followed any more.
	[ "$(moved)" -ne "$moved" ] || { compare_owners "$dir/before" && compare_blocks; } >>"$estimates"
}

# The processes hold still; pageblocks do not, and what is true of them lies between the walks before and after the reading.
compare_blocks() {
	jq -r --slurpfile before "$dir/before" --slurpfile after "$dir/after" '
		def row($kind; $estimate; $error; $truths): select($error) | "\($kind) \($estimate) \($error) \($truths | min) \($truths | max)";
		(.holders.owners[] | .pid as $pid | select(.migratetype == "unmovable") |
			($before[] | select($pid and .pid == $pid)) as $truth |
			row("spoiled"; .spoiled_blocks; .spoiled_blocks_error; [$truth.spoiled])),
		(.holders.census // [] | .[] | .node as $node |
			[$before, $after | .[] | select(.node == $node)] as $truths |
			("mixed_share mixed", "spoiled_share spoiled", "mean_free_pages free", "mean_movable_pages movable",
				"mean_unmovable_pages unmovable" | split(" ")) as [$share, $member] |
			row($share; .[$share]; .["\($share)_error"]; $truths | map(.[$member] / .blocks)))' "$dir/answer"
}

are_made() {
	[ -e "$estimates" ] || skip "no memory cgroup can be made here"
}
know_blocks() {
	are_made
	grep -q '^spoiled ' "$estimates" || skip "pageblocks are not visible here"
}

@test "what processes hold is estimated with errors that are right" {
	are_made
	errors_are_right movable 0.3 1.5 25
	errors_are_right unmovable 0.3 1.5 25
}

@test "the pageblocks that processes spoil are estimated with errors that are right" {
	know_blocks
	local least=0.3
	# On a small machine the three pages that are added to each error count for most of it.
	[ "$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)" -ge $((4 << 20)) ] || least=0.1
	errors_are_right spoiled $least 1.5 30
}

@test "what pageblocks hold is estimated with errors that are right" {
	local kind
	know_blocks
	# Of each there are only as many as readings.
	for kind in mixed_share spoiled_share mean_free_pages mean_movable_pages; do
		errors_are_right "$kind" 0.2 2.1
	done
	# Most blocks have no unmovable pages at all: the blocks that are added to the error count for most of it.
	errors_are_right mean_unmovable_pages 0.02 2.1
}

@test "of all estimates 99 in 100 lie within three errors of the truth" {
	are_made
	[ "$(wc -l <"$estimates")" -ge "$min_estimates" ]
	within_three_errors
}
