# SPDX-License-Identifier: GPL-2.0-or-later
# memoir process PID --contiguity against what the kernel itself counts (smaps_rollup), against memory that was laid out on
# purpose, and against another count of the same pagemap (tests/workloads/recount).

load daemon
load expect

RECOUNT=$BUILD/tests/workloads/recount

# A process of the workload that waits; its pid is in $laid.
lay_workload() {
	lay "$WORKLOAD" "$@"
	read -r laid <&"$reports"
	fresh /v1/status >/dev/null
}

# The bytes that smaps_rollup of PID has under KEY.
smaps() {
	awk -v key="$2:" '$1 == key { print $2 * 1024 }' "/proc/$1/smaps_rollup"
}

is_same_as_recount() {
	"$RECOUNT" "$laid" >"$dir/recount"
	cat "$dir/recount"
	[ "$(jq .pages "$dir/recount")" -gt 1000 ]
	jq -c '.kinds[-1].lengths' "$dir/member" >"$dir/lengths"
	[ "$(jq -c .lengths "$dir/recount")" = "$(cat "$dir/lengths")" ]
	[ "$(jq .in_blocks "$dir/recount")" -eq "$(jq '.hugeable_bytes / 4096' "$dir/member")" ]
	[ "$(jq .zeroes "$dir/recount")" -eq "$(jq '.zero_bytes / 4096' "$dir/member")" ]
	[ "$(jq .pages "$dir/recount")" -eq "$(jq '.kinds[-1].resident_bytes / 4096' "$dir/member")" ]
}

has_huge_pages() {
	grep -Eq '\[(always|madvise)\]' /sys/kernel/mm/transparent_hugepage/enabled
}

@test "memory in huge pages is in runs of their size, as much as the kernel says" {
	has_huge_pages || skip "there are no transparent huge pages"
	start_daemon
	lay_workload lay 8192 1024 100
	member contiguity process "$laid" --contiguity
	huge=$(smaps "$laid" AnonHugePages)
	[ "$huge" -gt 0 ] || skip "the kernel found no memory for huge pages"
	holds '.end == "complete" and .mappings_changed == false'
	holds ".smaps_anon_huge_bytes == $huge and .hugeable_bytes == $huge"
	holds "(.kinds[] | select(.kind == \"anonymous\").in_huge_runs_bytes) >= $huge"
	is_same_as_recount
}

@test "memory that was written in no order is in short runs" {
	start_daemon
	lay_workload lay 0 8192 0
	member contiguity process "$laid" --contiguity
	holds '.hugeable_bytes == 0 and .smaps_anon_huge_bytes == 0'
	holds '.kinds[] | select(.kind == "anonymous") | .resident_bytes >= 8192 * 4096 and .mean_run_pages < 3 and
		.weighted_mean_run_pages < 16 and .in_huge_runs_bytes == 0'
	is_same_as_recount
}

@test "what is resident is what smaps_rollup counts, and zeroes are not" {
	start_daemon
	lay_workload lay 1024 2048 500
	member contiguity process "$laid" --contiguity
	rss=$(smaps "$laid" Rss)
	holds ".smaps_rss_bytes == $rss"
	holds '.kinds[-1].resident_bytes == .smaps_rss_bytes + .smaps_hugetlb_bytes'
	holds '.anonymous_bytes + .file_bytes == .kinds[-1].resident_bytes'
	holds ".anonymous_bytes == $(smaps "$laid" Anonymous)"
	holds '.zero_bytes == 500 * 4096'
	holds '([.kinds[:-1][].resident_bytes] | add) == .kinds[-1].resident_bytes'
	holds '([.kinds[:-1][].runs] | add) == .kinds[-1].runs'
	holds '.kinds | all(([.lengths[].runs] | add) == .runs and ([.lengths[].pages] | add) * 4096 == .resident_bytes)'
	is_same_as_recount
}

@test "a process that is stopped is no different" {
	start_daemon
	lay_workload lay 0 2048 0
	kill -STOP "$laid"
	member contiguity process "$laid" --contiguity
	is_same_as_recount
	kill -CONT "$laid"
}

@test "the view fits 80 columns, and without the option there is none of it" {
	start_daemon
	lay_workload lay 1024 1024 10
	LC_ALL=C memoir process "$laid" --contiguity >"$dir/output" 2>"$dir/complaint"
	[ ! -s "$dir/complaint" ]
	awk 'length > 80 { print; wide = 1 } END { exit wide }' "$dir/output"
	grep -q '^FAULTS ' "$dir/output"
	grep -Eq "^MAPPINGS +RESIDENT +RUNS +MEAN RUN +PAGE'S RUN +IN HUGE RUNS$" "$dir/output"
	grep -Eq '^all +[0-9.]+MiB ' "$dir/output"
	grep -Eq '^ +1 +[0-9]+ +[0-9.]+[KM]iB  #+$' "$dir/output"
	grep -Eq '^Huge pages  map .* of .* anonymous; .* lies as they need$' "$dir/output"
	grep -Eq '^Read        all .* of addresses in .* of CPU$' "$dir/output"
	memoir process "$laid" >"$dir/plain"
	never grep -q 'MAPPINGS\|Huge pages' "$dir/plain"
	memoir --json process "$laid" | jq -e 'has("contiguity") | not' >/dev/null
}

@test "without CAP_SYS_ADMIN the rest is shown, with one line and status 1" {
	start_daemon
	lay_workload lay 0 1024 0
	less=(setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$MEMOIR" --socket "$socket")
	refused 1 'memoir: physical contiguity: *CAP_SYS_ADMIN is missing; run as root' "${less[@]}" process "$laid" --contiguity
	grep -q "^Process     $laid workload$" "$dir/output"
	never grep -q MAPPINGS "$dir/output"
	refused 1 'memoir: physical contiguity: *CAP_SYS_ADMIN*' "${less[@]}" --json process "$laid" --contiguity
	jq -e ".process.pid == $laid and has(\"contiguity\") and .contiguity == null" "$dir/output"
}

@test "a kernel thread has no memory of its own" {
	start_daemon
	fresh /v1/status >/dev/null
	thread=$(get /v1/processes | jq '[.processes[] | select(.kernel_thread).pid][0] // empty')
	[ -n "$thread" ] || skip "no kernel thread is visible"
	refused 1 "memoir: physical contiguity: $thread is a kernel thread, *" "$MEMOIR" --socket "$socket" process "$thread" --contiguity
	grep -q '^Process .*(kernel thread)$' "$dir/output"
}

@test "pids and options that are none are one line" {
	start_daemon
	for pid in 0 -1 x 1.5 4294967297 99999999999999999999; do
		# What begins with a dash is taken for an option.
		refused 2 'memoir: *' "$MEMOIR" --socket "$socket" process --contiguity -- "$pid"
	done
	refused 1 'memoir: no such process*' "$MEMOIR" --socket "$socket" process 2147483647 --contiguity
	refused 2 'memoir: --contiguity: not an option of status*' "$MEMOIR" --socket "$socket" status --contiguity
	refused 2 'memoir: --seconds: goes with --contiguity*' "$MEMOIR" --socket "$socket" process 1 --seconds 1
	refused 2 'memoir: --seconds 0: must be *' "$MEMOIR" --socket "$socket" process 1 --contiguity --seconds 0
	refused 2 'memoir: --contiguity: cannot be answered from a record file' "$MEMOIR" replay "$dir/none" process 1 --contiguity
}

@test "a process that ended after the last snapshot is one line, and the rest is shown" {
	# No snapshot but those that are asked for; the command asks for one that is at most a second old.
	start_daemon --interval 3600
	lay_workload lay 0 1024 0
	ends_before_it_is_looked_at() {
		fresh /v1/status >/dev/null
		kill -KILL "$laid"
		wait "$laid" || true
		memoir --json process "$laid" --contiguity >"$dir/answer" 2>"$dir/complaint"
	}
	never ends_before_it_is_looked_at
	cat "$dir/complaint"
	[ "$(wc -l <"$dir/complaint")" -eq 1 ]
	grep -q "process $laid has ended\|no such process" "$dir/complaint"
}

# walks ARGUMENT...: memoir --json process reads the pagemap of 64 TiB of nothing, in the background; its pid is in $walker.
walks() {
	"$MEMOIR" --socket "$socket" --json process "$laid" --contiguity "$@" >"$dir/answer" 2>"$dir/complaint" 3>&- &
	walker=$!
	pids+=("$walker")
	reads_pagemap() {
		readlink "/proc/$walker/fd/"* 2>/dev/null | grep -q pagemap
	}
	soon reads_pagemap
}

@test "it ends at its limit of time, and small mappings come first" {
	start_daemon
	lay_workload reserve 64
	memoir --json process "$laid" --contiguity --seconds 1 >"$dir/answer"
	jq .contiguity "$dir/answer" >"$dir/member"
	holds '.end == "limit" and .seen_bytes < .mapped_bytes and .mapped_bytes > 64 * pow(2; 40)'
	holds ".kinds[-1].resident_bytes == $(smaps "$laid" Rss)"
	holds '.smaps_rss_bytes == null and .cpu_ns >= 1e9'
	memoir process "$laid" --contiguity --seconds 1 | grep -q '^Read .* small mappings first: limit$'
}

@test "it ends when it is interrupted, and shows what it knows" {
	start_daemon
	lay_workload reserve 64
	walks --seconds 1000
	kill -INT "$walker"
	wait "$walker"
	[ ! -s "$dir/complaint" ]
	jq -e '.contiguity.end == "interrupted"' "$dir/answer" >/dev/null
}

@test "a process that ends while it is looked at is one line, and what was seen is shown" {
	start_daemon
	lay_workload reserve 64
	walks --seconds 1000
	kill -KILL "$laid"
	never wait "$walker"
	grep -q "^memoir: physical contiguity: process $laid ended, or executed another program" "$dir/complaint"
	[ "$(wc -l <"$dir/complaint")" -eq 1 ]
	jq -e '.contiguity.end == "gone" and .process.pid > 0' "$dir/answer" >/dev/null
}

@test "a process that maps memory meanwhile is told to have done so" {
	start_daemon
	lay_workload reserve 1
	# Again, in case that one is looked at before the process has its turn.
	has_changed() {
		walks --seconds 1000
		echo >&"$stay"
		wait "$walker"
		jq -e '.contiguity | .end == "complete" and .mappings_changed' "$dir/answer" >/dev/null
	}
	soon has_changed
}

@test "progress is shown on a terminal, and cleared" {
	command -v script >/dev/null || skip "script is missing"
	start_daemon
	lay_workload reserve 64
	TERM=xterm script --quiet --flush --command "'$MEMOIR' --socket '$socket' --json process $laid --contiguity --seconds 1 >'$dir/answer'" \
		"$dir/screen" >/dev/null </dev/null
	grep -aqE $'\rReading page tables: [0-9.]+[KMGT]iB of 64.0TiB, [0-9.<]+%\e\\[K' "$dir/screen"
	grep -aqE $'\r\e\\[K' "$dir/screen"
	jq -e '.contiguity.end == "limit"' "$dir/answer" >/dev/null
}
