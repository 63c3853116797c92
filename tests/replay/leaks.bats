#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Verdicts on two days of the leak corpus (tests/workloads/leaks), replayed from leaks.series.xz, which
# `make leak-recording` makes again. `make leak-verdicts` shows them. tests/run-tests.sh sets $BUILD.

setup_file()
{
	command -v jq >/dev/null || skip "jq is missing"
	command -v xz >/dev/null || skip "xz is missing"
	. "$BATS_TEST_DIRNAME/leaks.bash"
	judge "$BATS_FILE_TMPDIR" >"$BATS_FILE_TMPDIR/verdicts"
}

# none FILTER: no row is so; those that are, are shown.
none()
{
	jq --compact-output "select($1)" "$BATS_FILE_TMPDIR/verdicts" >"$BATS_TEST_TMPDIR/found"
	cat "$BATS_TEST_TMPDIR/found"
	[ ! -s "$BATS_TEST_TMPDIR/found" ]
}

@test "every row of the table is judged" {
	. "$BATS_TEST_DIRNAME/leaks.bash"
	[ "$(wc -l <"$BATS_FILE_TMPDIR/verdicts")" -eq "$(grep -vc '^#' "$CORPUS")" ]
}

@test "every leak above its detection limit is found" {
	none '.truth == "leak" and .verdict != "leak" and .rate > .limit'
}

@test "detection limits are low enough for most leaks of the table" {
	[ "$(jq 'select(.truth == "leak" and .verdict == "leak").name' "$BATS_FILE_TMPDIR/verdicts" | wc -l)" -ge 29 ]
}

@test "nothing innocent is called a leak" {
	none '.truth == "innocent" and .alarms != []'
}

@test "what leaks in the kernel is not called a leak of the process's own memory" {
	none '.truth == "kernel" and .alarms != [] and .name != "threads"'
}

@test "each program is called what the table says" {
	none '.verdict != .expected'
}

# Whoever grows steadily for some hours looks like a leak until that ends, and is never said to be one for sure: name, first and
# last hour of the recording in which it is called a leak, and the greatest confidence.
mistaken()
{
	cat <<-'EOF'
	batch 2 2 0.65
	doubling 4 14 0.8
	rare-collection 4 6 0.8
	restarts 10 42 0.61
	saturating 2 2 0.55
	slow-cache 4 16 0.8
	thread-pool 18 18 0.8
	EOF
}

@test "in the course of the recording few that are innocent are called a leak, and with little confidence" {
	. "$BATS_TEST_DIRNAME/leaks.bash"
	mistaken >"$BATS_TEST_TMPDIR/mistaken"
	grep -v '^#' "$CORPUS" >"$BATS_TEST_TMPDIR/rows"
	for hour in $(seq 2 2 48); do
		judge_at "$BATS_TEST_TMPDIR/rows" "$hour"
	done >"$BATS_TEST_TMPDIR/course"
	jq --raw-output 'select(.truth != "leak" and .name != "threads" and .alarms != []) |
		"\(.name) \(.hour) \(.alarm_confidence)"' "$BATS_TEST_TMPDIR/course" >"$BATS_TEST_TMPDIR/alarms"
	cat "$BATS_TEST_TMPDIR/alarms"
	awk 'NR == FNR { first[$1] = $2; last[$1] = $3; most[$1] = $4; next }
		{ seen[$1] }
		!($1 in first) || $2 < first[$1] || $2 > last[$1] || $3 > most[$1] { print "not expected:", $0; bad = 1 }
		END { for (name in first) if (!(name in seen)) { print "not seen:", name; bad = 1 } exit bad }' \
		"$BATS_TEST_TMPDIR/mistaken" "$BATS_TEST_TMPDIR/alarms"
}

# Blocks, and what an allocator needs for each of them, are more than what the program asks for.
@test "the rate of a leak is what leaks, within its interval" {
	none '.truth == "leak" and .verdict == "leak" and (.low > 1.25 * .rate or .high < .rate)'
}

@test "what leaks is a series of /metrics with its rate, and nothing else is" {
	. "$BATS_TEST_DIRNAME/leaks.bash"
	cd "$BATS_TEST_TMPDIR"
	grep -E "^(slow|realloc|constant|periodic)	" "$CORPUS" >rows
	judge_at rows >verdicts
	jq --raw-output '.groups[] | select(.verdict == "leak") |
		"{comm=\"\(.comm)\",unit=\"\",kind=\"\(.kind)\"} \(.bytes_per_hour / 3600 | round)"' rows.answer | sort >expected
	"$BUILD/asan/tests/replay/show" rows.recording /metrics | sed -n 's/^memoir_group_leak_bytes_per_second//p' |
		awk '{ printf "%s %.0f\n", $1, $2 }' | sort >series
	cat series
	[ "$(wc -l <series)" -eq 2 ]
	diff expected series
}
