# SPDX-License-Identifier: GPL-2.0-or-later
# Readings of live pages. `load holders` in a bats file, after `load daemon` and `load expect`.
# shellcheck shell=bash disable=SC2154

# read_holders: the answer to what is held now, in $dir/answer. A reading costs at most a twentieth of a CPU, so it may be
# an earlier one: it is asked for again until it began after this call.
read_holders() {
	local since
	since=$(now)
	soon is_read_since "$since"
}
now() {
	awk '{ printf "%.0f\n", $1 * 1e9 }' /proc/uptime
}
is_read_since() {
	get '/v1/fragmentation?max_age_ms=0' >"$dir/answer"
	jq -e --argjson age "$(($(now) - $1))" '.holders.age_ns <= $age' "$dir/answer" >/dev/null
}

# Of the list of owners this is less than the half for those who spoil most, and than the half for those who hold most.
batch_size=20

# start_batch PAGES PIPES [CGROUP...]: processes that hold scattered pages, the first some PAGES and each a twentieth more than
# the one before, and some PIPES; $batch_size of them, each in its cgroup if there is one. Their pids are in $batch.
start_batch() {
	local i nr_pages=$1 nr_pipes=$2
	local -a cgroups=("${@:3}")
	[ -e "$dir/ready" ] || mkfifo "$dir/alive" "$dir/ready"
	exec {alive}<>"$dir/alive" {ready}<>"$dir/ready"
	batch=()
	for ((i = 0; i < batch_size; i++)); do
		scattered "${cgroups[i]:-}" $((nr_pages + i * nr_pages / 20)) "$nr_pipes" <"$dir/alive" >"$dir/ready" 3>&- {alive}>&- {ready}>&- &
		batch+=("$!")
		pids=("${batch[@]}")
		# One after the other, because each needs much more for a moment than what it keeps.
		read -r -t "$silence_s" <&"$ready" || return
	done
	exec {ready}>&-
}
scattered() {
	[ -z "$1" ] || echo "$BASHPID" >"$1/cgroup.procs"
	exec "$WORKLOAD" scatter "$2" "$3"
}

end_batch() {
	exec {alive}>&-
	wait "${batch[@]}"
	pids=()
}

# So many pages have been moved so far.
moved() {
	awk '$1 == "pgmigrate_success" { print $2 }' /proc/vmstat
}

# Estimates are kept in the file $estimates, a line for each: KIND ESTIMATE ERROR LEAST MOST, the truth being between the last
# two.

# compare_owners TRUTHS: an estimate for each owner in the answer and migratetype of which TRUTHS, JSON of pages by pid and
# migratetype, have the pages.
compare_owners() {
	jq -r --slurpfile truths "$1" '.holders.owners[] | .pid as $pid | .migratetype as $type |
		($truths[] | select($pid and .pid == $pid)[$type] // empty) as $pages |
		"\($type) \(.bytes) \(.bytes_error) \($pages * 4096) \($pages * 4096)"' "$dir/answer"
}

# errors_are_right KIND FROM TO [PERCENT]: the mean square of what estimates are off, in errors, lies between these. It would be
# 1, but for the part of an error that is for those of little. All together are not off by more. (That is much, because those
# who had the same pages one after the other are off in the same direction.)
errors_are_right() {
	awk -v kind="$1" -v from="$2" -v to="$3" -v most="${4:-100}" '
		$1 == kind { nr++; truth = ($4 + $5) / 2; off = ($2 - truth) / $3; squares += off * off; all += $2; truths += truth }
		END { if (!nr)
				exit 1
			percent = (all / truths - 1) * 100
			printf "%s: %d estimates, mean square of errors %.3f, sum %+.1f%%\n", kind, nr, squares / nr, percent
			exit !(squares / nr >= from && squares / nr <= to && percent >= -most && percent <= most) }' "$estimates"
}

# within_three_errors: a hundredth of the estimates may be outside, and what chance adds to that: four standard deviations,
# once in 10,000 runs.
within_three_errors() {
	awk '{ nr[$1]++; outside[$1] += $2 < $4 - 3 * $3 || $2 > $5 + 3 * $3 }
		END { for (kind in nr) {
				printf "%s: %d of %d outside of three errors\n", kind, outside[kind], nr[kind]
				all += nr[kind]
				all_outside += outside[kind] }
			exit !all || all_outside > all / 100 + 4 * sqrt(all / 100) }' "$estimates"
}
