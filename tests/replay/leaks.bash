# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What memoir says of the leak corpus (tests/workloads/leaks) at the end of leaks.series.xz. Sourced by leaks.bats, which
# checks it, and by leak-verdicts.sh, which shows it. $BUILD is the build folder.

REPLAY=${BASH_SOURCE[0]%/*}
CORPUS=$REPLAY/../workloads/leaks/corpus.tsv

# only NAMES: of the series on standard input, the processes with these names, one in each line of the file.
only() {
	awk 'FILENAME != "-" { wanted[$1]; next }
		$1 == "t" || $1 == "rows" { print; next }
		$1 == "p" && $4 in wanted { number[$2] = nr++; $2 = number[$2]; print; next }
		$1 == "x" && $2 in number { print "x", number[$2]; next }
		$1 in number { $1 = number[$1]; print }' "$1" -
}

# until_hour HOUR: of the series on standard input, what is before that hour of the recording; times are in milliseconds.
until_hour() {
	awk -v end="$1" '$1 == "t" && (time += $2) > end * 3600000 { over = 1 } !over'
}

# judge_at ROWS [HOUR]: a line of JSON for each row of the table that is in the file: what is said of it in one answer for
# them all, at the end of the recording or at that hour of it. The answer is left in ROWS.answer.
judge_at() {
	local recording=$1.recording
	rm -f "$recording"
	xz -dc "$REPLAY/leaks.series.xz" | only "$1" | until_hour "${2:-48}" |
		"$BUILD/asan/tests/replay/from_series" "$recording"
	"$BUILD/asan/tests/replay/show" "$recording" /v1/leaks >"$1.answer"
	jq --raw-input --compact-output --slurpfile answer "$1.answer" --argjson hour "${2:-48}" '
		$answer[0] as $all | split("\t") as $row |
		{ name: $row[0], rate: ($row[4] | tonumber), truth: $row[6], kind: $row[7], expected: $row[8] } | . as $is |
		[$all.processes[], $all.groups[] | select(.comm == $is.name)] as $said |
		# What is said of the kind of memory that the table names; nothing is said of what did not grow.
		([$said[] | select(.kind == $is.kind)] | sort_by(.verdict != "leak", -.confidence)[0]) as $first |
		. + { hour: $hour, verdict: ($first.verdict // "none"), confidence: $first.confidence,
			alarms: [$said[] | select(.verdict == "leak").kind] | unique,
			alarm_confidence: [$said[] | select(.verdict == "leak").confidence] | max,
			bytes_per_hour: $first.bytes_per_hour, low: $first.low_bytes_per_hour, high: $first.high_bytes_per_hour,
			limit: ($first.detection_limit_bytes_per_hour // $all.detection_limit_bytes_per_hour),
			stated_limit: $all.detection_limit_bytes_per_hour }' "$1"
}

# judge FOLDER: the same for all rows, at the end; in a folder that is there.
judge() {
	grep -v '^#' "$CORPUS" >"$1/rows"
	judge_at "$1/rows"
}
