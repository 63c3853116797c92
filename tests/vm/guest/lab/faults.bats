# SPDX-License-Identifier: GPL-2.0-or-later
# Page faults by kind: loads of one kind each, of a known number of faults, against what memoir has of them; and the
# totals against the kernel's own.

load ../../../system/daemon
load ../../../system/expect
load ../machine

FAULT=$BUILD/tests/workloads/fault
cgroup=/sys/fs/cgroup/memoir-faults

# One daemon for all tests, because its start takes as long as most of them. Between the snapshots that they ask for it
# takes none. The list of mappings has the 50 that took longest: loads that take little come first.
setup_file() {
	swapon /dev/vdb
	huge_pages madvise
	mkdir "$cgroup"
	daemon_setup
	start_daemon --interval 600
	export shared_socket=$socket
}

setup() {
	daemon_setup
	socket=$shared_socket
}

teardown_file() {
	daemon_teardown
	swapoff /dev/vdb
	# Whoever was killed may still be on the way out.
	# shellcheck disable=SC2016
	timeout 60 bash -c 'until rmdir "$1"; do :; done' bash "$cgroup" 2>/dev/null
}

teardown() {
	daemon_teardown
	echo 0 >/proc/sys/vm/nr_hugepages
	# So that what a test wrote is not what the next one waits for.
	rm -f "$TMPDIR"/faults.*
	sync
}

# begin_load LOAD ARGUMENT...: it has made ready, in a memory cgroup; its pid is in $faulter.
begin_load() {
	mkfifo "$dir/wanted" "$dir/said"
	exec {wanted}<>"$dir/wanted" {said}<>"$dir/said"
	(echo "$BASHPID" >"$cgroup/cgroup.procs" && exec "$FAULT" "$@") <"$dir/wanted" >"$dir/said" 3>&- &
	pids+=("$!")
	read -r -t "$silence_s" faulter <&"$said"
	fresh "/v1/process?pid=$faulter" >"$dir/before"
	get /v1/faults >"$dir/faults-before"
	stat_before=$(faults_of_stat)
}

# run_load: it faults.
run_load() {
	local line
	echo -n . >&"$wanted"
	read -r -t "$silence_s" line <&"$said"
	[ "$line" = "done" ]
	fresh "/v1/process?pid=$faulter" >"$dir/after"
	get /v1/faults >"$dir/faults"
	stat_after=$(faults_of_stat)
	if [ "$(jq .causes "$dir/faults")" = null ]; then
		jq -r .why_not "$dir/faults"
		return 1
	fi
}

# "MINOR MAJOR" of the load, by the kernel
faults_of_stat() {
	awk '{ print $10, $12 }' "/proc/$faulter/stat"
}

# grew KEY: of the load's process, while it faulted
grew() {
	echo $(($(jq ".process.$1" "$dir/after") - $(jq ".process.$1" "$dir/before")))
}

# observed KIND SEVERITY: faults of the whole machine meanwhile
observed() {
	jq --arg kind "$1" --arg severity "$2" --slurpfile before "$dir/faults-before" '
		def nr(faults): [faults.causes[] | select(.kind == $kind and .severity == $severity).count] | add // 0;
		nr(.) - nr($before[0])' "$dir/faults"
}

# mapping KIND: what is shown of the load's faults of that kind
mapping() {
	jq -c --arg kind "$1" --argjson pid "$faulter" '[.mappings[] | select(.pid == $pid and .kind == $kind)][0]' "$dir/faults"
}

# is_estimate VALUE TRUTH: within five standard errors of one page in 32
is_estimate() {
	echo "estimated $1, really $2"
	[ $((($1 - $2) * ($1 - $2))) -le $((25 * 32 * $2)) ]
}

# Both at the end of the load, because what a shell does meanwhile faults as well.
agrees_with_stat() {
	echo "minor and major by the kernel: $stat_before, then $stat_after"
	[ "$(jq -r '.process | "\(.minor_faults) \(.major_faults)"' "$dir/after")" = "$stat_after" ]
}

@test "huge pages, each of them" {
	begin_load huge 16
	fallbacks=$(vmstat thp_fault_fallback)
	run_load
	agrees_with_stat
	fallbacks=$(($(vmstat thp_fault_fallback) - fallbacks))
	echo "$(grew huge_page_faults) huge pages, $fallbacks fallbacks"
	[ "$(grew huge_page_faults)" -eq $((16 - fallbacks)) ]
	mapping huge_page | jq -e '.area == "anonymous"'
}

@test "pages of the pool of huge pages, each of them" {
	echo 1 >/proc/sys/vm/compact_memory
	echo 8 >/proc/sys/vm/nr_hugepages
	[ "$(</proc/sys/vm/nr_hugepages)" -eq 8 ] || skip "no huge pages are to be had"
	begin_load pool 8
	run_load
	agrees_with_stat
	[ "$(grew huge_page_faults)" -eq 8 ]
	[ "$(grew anonymous_faults)" -lt 500 ]
}

@test "reads of a file that is in memory" {
	begin_load cached "$TMPDIR/faults.cached" 2000
	run_load
	agrees_with_stat
	is_estimate "$(grew file_faults)" 2000
	is_estimate "$(mapping file | jq .count)" 2000
	mapping file | jq -e '.name == "faults.cached" and .major == 0'
	[ "$(grew major_file_faults)" -eq 0 ]
}

@test "fresh anonymous memory" {
	begin_load anonymous 10000
	run_load
	agrees_with_stat
	is_estimate "$(grew anonymous_faults)" 10000
	is_estimate "$(mapping anonymous | jq .count)" 10000
	mapping anonymous | jq -e '.area == "anonymous" and .inode == 0 and .name == "" and .major == 0'
	[ "$(grew fault_time_ns)" -gt 0 ]
	[ "$(grew major_fault_time_ns)" -eq 0 ]
}

@test "copies of memory that was shared" {
	begin_load copy 10000
	run_load
	agrees_with_stat
	is_estimate "$(grew copy_on_write_faults)" 10000
	is_estimate "$(mapping copy_on_write | jq .count)" 10000
	[ "$(grew anonymous_faults)" -lt 500 ]
}

@test "copies of a file" {
	begin_load private "$TMPDIR/faults.private" 10000
	run_load
	agrees_with_stat
	is_estimate "$(grew copy_on_write_faults)" 10000
	mapping copy_on_write | jq -e '.name == "faults.private" and .area == "file" and .inode > 0'
	[ "$(grew file_faults)" -lt 500 ]
}

@test "shared memory" {
	begin_load shared 10000
	run_load
	agrees_with_stat
	is_estimate "$(grew shared_memory_faults)" 10000
	mapping shared_memory | jq -e '.area == "file" and .name == "dev/zero"'
	[ "$(grew anonymous_faults)" -lt 500 ]
}

@test "reads of a file that is not in memory are major, each of them, and as many as the kernel counts" {
	begin_load file "$TMPDIR/faults.cold" 300
	before=$(quiet_status)
	run_load
	after=$(quiet_status)
	agrees_with_stat
	echo "$(mapping file); pgmajfault $(($(kernel "$after" pgmajfault) - $(kernel "$before" pgmajfault))), remainder $(grown pgmajfault)"
	[ "$(grown pgmajfault)" -eq 0 ]
	[ "$(mapping file | jq .major)" -eq 300 ]
	mapping file | jq -e '.name == "faults.cold" and .longest_ns > 0 and .total_ns >= .longest_ns'
	[ "$(observed file major)" -ge 300 ]
	[ "$(grew major_file_faults)" -eq 300 ]
	[ "$(grew major_fault_time_ns)" -gt 0 ]
	[ "$(grew major_faults)" -ge 300 ]
	get /metrics | grep -q '^memoir_page_fault_seconds_count{kind="file",severity="major"} [1-9]'
}

@test "memory that was swapped out, each page of it" {
	# Nothing is read ahead: a read for each page.
	echo 0 >/proc/sys/vm/page-cluster
	begin_load swap 2000
	# What has been written stays in memory until it is wanted for something else.
	push_out "$cgroup" $((2 << 20))
	out=$(awk '$1 == "VmSwap:" { print $2 / 4 }' "/proc/$faulter/status")
	before=$(quiet_status)
	run_load
	after=$(quiet_status)
	echo 3 >/proc/sys/vm/page-cluster
	agrees_with_stat
	echo "$out were out, $(grew swap_faults) came back; $(mapping swap); remainder of pgmajfault $(grown pgmajfault)"
	[ "$out" -ge 1200 ]
	# A page of its stack or its libraries may be out, and not be wanted.
	[ "$(grew swap_faults)" -ge $((out - 50)) ]
	[ "$(grew swap_faults)" -le 2050 ]
	[ "$(mapping swap | jq .major)" -ge $((out - 600)) ]
	[ "$(observed swap major)" -ge "$(mapping swap | jq .major)" ]
	[ "$(grown pgmajfault)" -eq 0 ]
	[ "$(grew major_fault_time_ns)" -gt 0 ]
}

@test "what another process provides with a delay is waited for as long" {
	begin_load user 5 100
	run_load
	agrees_with_stat
	echo "$(grew userfaultfd_faults) waits; $(mapping userfaultfd)"
	[ "$(grew userfaultfd_faults)" -eq 5 ]
	[ "$(observed userfaultfd minor)" -eq 5 ]
	mapping userfaultfd | jq -e '.count == 5 and .total_ns >= 5e8 and .longest_ns >= 1e8'
	# None of them in a bucket that ends before the delay.
	jq -e '.bounds_ns as $bounds | .causes[] | select(.kind == "userfaultfd").buckets | to_entries
		| map(select(.value > 0 and .key < ($bounds | length) and $bounds[.key] < 1e8)) == []' "$dir/faults"
	# What waits is not counted a second time as something else.
	[ "$(grew anonymous_faults)" -lt 100 ]
}

@test "faults that fail" {
	begin_load beyond "$TMPDIR/faults.short" 100
	run_load
	[ "$(grew sigbus_faults)" -eq 100 ]
	jq -e --slurpfile before "$dir/faults-before" '
		def nr(faults): faults.errors[] | select(.error == "sigbus").count;
		nr(.) - nr($before[0]) == 100' "$dir/faults"
	get /metrics | grep -q '^memoir_fault_errors_total{error="sigbus"} [1-9]'
}

# others: how many faults are with those that have no place of their own
others() {
	jq '[.mappings[] | select(.area == "others").count] | add // 0' "$dir/faults"
}

@test "what finds no place in the table by mapping, or loses it, is added up" {
	[ "${TEST_SET:-all}" = all ] || skip "hundreds of processes: only with all tests"
	local before nr
	fresh /v1/faults >"$dir/faults"
	before=$(others)
	for ((nr = 1; nr <= 1500; nr++)); do
		/usr/bin/true
		[ $((nr % 500)) -eq 0 ] || continue
		fresh /v1/faults >"$dir/faults"
		[ "$(others)" -le $((before + 1000)) ] || break
	done
	echo "$before, and $(others) after $nr processes"
	jq -c '[.mappings[] | select(.area == "others") | {kind, count, total_ns}]' "$dir/faults"
	[ "$(others)" -gt $((before + 1000)) ]
	get /v1/status | jq -e '.lost.fault_site == 0'
	# Then there is room again.
	begin_load anonymous 20000
	run_load
	jq -c '[.mappings[] | [.comm, .kind, .total_ns]]' "$dir/faults"
	is_estimate "$(mapping anonymous | jq .count)" 20000
}

@test "all of it agrees with the kernel's totals under a mixed load" {
	before=$(quiet_status)
	nr_majors=$(majors)
	for load in "anonymous 2000" "file $TMPDIR/faults.mixed 100" "swap 300" "shared 500"; do
		# shellcheck disable=SC2086
		echo -n . | "$FAULT" $load >/dev/null
	done
	after=$(quiet_status)
	echo "pgfault $(grown pgfault), retried $(retried "$nr_majors"), pgmajfault $(grown pgmajfault) of $(($(kernel "$after" pgmajfault) - $(kernel "$before" pgmajfault)))"
	[ "$(grown pgmajfault)" -eq 0 ]
	[ "$(grown pgfault)" -ge 0 ]
	soon no_more_than $((20 + $(retried "$nr_majors"))) "$before" "$after"
	"$MEMOIR" --socket "$socket" faults
}
