#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A recording and everything that is answered from it: /metrics in both formats, the JSON of every path,
# and memoird --replay. tests/run-tests.sh sets $BUILD.

setup_file()
{
	export RECORDING=$BATS_FILE_TMPDIR/recording
	"$BUILD/asan/tests/replay/make_recording" "$RECORDING"
}

setup()
{
	. "$BATS_TEST_DIRNAME/answers.sh"
}

# The answer is what it was when `make golden` was last run.
check()
{
	answer "$1" "$RECORDING" >"$BATS_TEST_TMPDIR/$1"
	diff -u "$BATS_TEST_DIRNAME/golden/$1" "$BATS_TEST_TMPDIR/$1" >"$BATS_TEST_TMPDIR/difference" || {
		head -n 60 "$BATS_TEST_TMPDIR/difference"
		echo "tests/replay/golden/$1 differs; if the new answer is right, write it with: make golden"
		return 1
	}
}

samples()
{
	"$BUILD/asan/tests/replay/show" "$RECORDING" "$1" | grep -v '^#'
}

@test "the recording is the same each time" {
	"$BUILD/asan/tests/replay/make_recording" "$BATS_TEST_TMPDIR/again"
	cmp "$RECORDING" "$BATS_TEST_TMPDIR/again"
	[ "$(stat -c %s "$RECORDING")" -lt 262144 ]
}

@test "golden /metrics" { check metrics; }
@test "golden headers of OpenMetrics" { check openmetrics-headers; }
@test "golden groups with --max-groups 2" { check few-groups; }
@test "golden /v1/status" { check status; }
@test "golden /v1/probes" { check probes; }
@test "golden /v1/processes" { check processes; }
@test "golden /v1/process" { check process; }
@test "golden /v1/groups" { check groups; }
@test "golden /v1/faults" { check faults; }
@test "golden /v1/stalls" { check stalls; }
@test "golden /v1/numa" { check numa; }
@test "golden /v1/fragmentation" { check fragmentation; }
@test "golden /v1/fragmentation with its history" { check history; }
@test "golden /v1/slab" { check slab; }
@test "golden /v1/events" { check events; }
@test "golden /v1/leaks" { check leaks; }
@test "golden /v1/leaks/stacks" { check leak-stacks; }
@test "golden /v1/doctor" { check doctor; }
@test "golden /v1/events after some" { check late-events; }
@test "golden error: no such process" { check no-process; }
@test "golden error: no such path" { check no-path; }

@test "both formats have the same samples" {
	diff <(samples /metrics) <(samples /openmetrics)
}

@test "the sum over groups is the total, with few series and with many" {
	for groups in 1 2 100; do
		"$BUILD/memoird" --max-groups "$groups" --replay "$RECORDING" | awk '
			/^memoir_(group|retired_groups)_minor_faults/ { sum += $NF }
			/^memoir_page_faults_total{kind="minor"}/ { total = $NF }
			END { exit !(total > 0 && sum == total) }'
	done
}

@test "all replies are JSON" {
	command -v jq >/dev/null || skip "jq is missing"
	for path in status probes processes 'process?pid=200' groups faults stalls events numa fragmentation \
		'fragmentation?history=1' doctor nothing; do
		"$BUILD/asan/tests/replay/show" "$RECORDING" "/v1/$path" | jq -e 'type == "object"' >/dev/null
	done
}

@test "memoird --replay prints /metrics" {
	"$BUILD/memoird" --replay "$RECORDING" >"$BATS_TEST_TMPDIR/metrics"
	diff -u "$BATS_TEST_DIRNAME/golden/metrics" "$BATS_TEST_TMPDIR/metrics"
}

@test "memoird --replay of a cut recording prints what came before, and fails" {
	head -c -100 "$RECORDING" >"$BATS_TEST_TMPDIR/cut"
	run "$BUILD/memoird" --replay "$BATS_TEST_TMPDIR/cut"
	[ "$status" -eq 1 ]
	[[ $output == *"/cut, byte "*": it ends inside a record; what came before is shown"* ]]
	[[ $output == *"memoir_snapshots_total 7"* ]]
}

@test "memoird --replay of a foreign file is one line, and fails" {
	run "$BUILD/memoird" --replay "$BATS_TEST_FILENAME"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"not a memoir record file" ]]
}

@test "memoird --replay to a full disk fails" {
	run sh -c '"$1" --replay "$2" >/dev/full' sh "$BUILD/memoird" "$RECORDING"
	[ "$status" -eq 1 ]
}

@test "promtool finds nothing to object to in /metrics" {
	command -v promtool >/dev/null || skip "promtool is missing"
	"$BUILD/asan/tests/replay/show" "$RECORDING" /metrics | promtool check metrics
}

# promtool's check knows only the older format, so the newer one is read as an import, which wants a time.
@test "promtool reads every series of OpenMetrics once" {
	command -v promtool >/dev/null || skip "promtool is missing"
	"$BUILD/asan/tests/replay/show" "$RECORDING" /openmetrics >"$BATS_TEST_TMPDIR/plain"
	sed 's/^[^#].*/& 1700000000/' "$BATS_TEST_TMPDIR/plain" >"$BATS_TEST_TMPDIR/timed"
	promtool tsdb create-blocks-from openmetrics "$BATS_TEST_TMPDIR/timed" "$BATS_TEST_TMPDIR/tsdb"
	series=$(promtool tsdb list "$BATS_TEST_TMPDIR/tsdb" | awk 'NR == 2 { print $7 }')
	[ "$series" -eq "$(grep -vc '^#' "$BATS_TEST_TMPDIR/plain")" ]
}
