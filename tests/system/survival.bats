# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of the counts when the daemon dies, and of processes that are too short to be seen alive.

load daemon
load expect

@test "kill -9 in the middle of a load loses no count" {
	start_daemon --pin "$pins"
	before=$(quiet_status)
	# The ring has room for the ends of so many processes until the next daemon reads it, however late that is.
	background stress-ng --vm 1 --vm-bytes 128M --fork 1 --fork-ops 600 --mmap 1 --temp-path "$dir" --timeout 12 --quiet
	load=$!
	"$WORKLOAD" touch 20000 5
	background stress-ng --fork 1 --fork-ops 600 --timeout 12 --quiet
	forks=$!
	end_daemon KILL || true
	"$WORKLOAD" touch 20000 5
	"$WORKLOAD" forks 300
	start_daemon --pin "$pins"
	"$WORKLOAD" touch 20000 5
	wait "$load"
	wait "$forks"
	after=$(quiet_status)
	for item in allocstall compact_stall oom_kill; do
		[ "$(remainder "$after" $item)" -eq "$(remainder "$before" $item)" ]
	done
	[ $(($(kernel "$after" pgfault) - $(kernel "$before" pgfault))) -ge 300000 ]
	# Stressors provoke failing faults on purpose; those are few.
	grown=$(($(remainder "$after" pgfault) - $(remainder "$before" pgfault)))
	echo "pgfault remainder grew by $grown"
	[ "$grown" -ge 0 ]
	[ "$grown" -le $((300 + 1000 * $(lost "$after" end_missed))) ]
	[ "$(jq .restarts_survived <<<"$after")" -eq 1 ]
	no_losses "$after"
	end_daemon
}

@test "what is counted while no daemon runs is there when the next one starts" {
	start_daemon --pin "$pins"
	before=$(quiet_status)
	end_daemon
	"$WORKLOAD" touch 20000 5
	"$WORKLOAD" forks 300
	start_daemon --pin "$pins"
	after=$(quiet_status)
	[ $(($(kernel "$after" pgfault) - $(kernel "$before" pgfault))) -ge 100000 ]
	faults_agree "$before" "$after"
	end_daemon
	"$MEMOIRD" --pin "$pins" --uninstall-probes
	[ ! -e "$pins" ]
}

@test "counters of a group never step back over a restart" {
	counts() {
		get /metrics | grep '^memoir_group_.*_total{' | sed 's/ / /' | sort
	}
	start_daemon --pin "$pins"
	"$WORKLOAD" touch 20000 5
	"$WORKLOAD" forks 200
	fresh /v1/status >/dev/null
	counts >"$dir/before"
	end_daemon KILL || true
	start_daemon --pin "$pins"
	counts >"$dir/after"
	# Keyed by the series; label values of this load hold no blanks.
	awk 'NR == FNR { before[$1] = $2; next } { after[$1] = $2 }
		END { for (series in before) if (after[series] + 0 < before[series]) { print series, before[series], after[series]; bad = 1 } exit bad }' \
		"$dir/before" "$dir/after"
	[ -s "$dir/before" ]
}

# Faults of a process as memoir shows them, and as fields 10 and 12 of its /proc/PID/stat; its name has no blanks.
faults_are_the_kernels() {
	local shown stat own
	shown=$(fresh "/v1/process?pid=$1" | jq -r '.process | "\(.minor_faults) \(.major_faults)"')
	read -r -a stat <"/proc/$1/stat"
	read -r -a own <"/proc/$1/task/$1/stat"
	echo "shown $shown, the kernel has ${stat[9]} ${stat[11]}, its only thread ${own[9]} ${own[11]}"
	[ "$((stat[9] - own[9]))" -ge "$2" ] || return
	# Where the file is in memory, no fault waits for it.
	[ "$(stat --file-system --format=%T "$dir")" = tmpfs ] || [ "$((stat[11] - own[11]))" -ge "$2" ] || return
	[ "$shown" = "${stat[9]} ${stat[11]}" ]
}

# Of 200 threads each time.
end_threads() {
	echo >&"$stay"
	read -r -t "$silence_s" <&"$reports"
}

@test "a process has the faults of all threads that ended, before memoird began and before it was restarted" {
	lay "$BUILD/tests/workloads/fault" threads "$dir/cold" 200
	read -r pid <&"$reports"
	end_threads
	start_daemon --pin "$pins"
	soon faults_are_the_kernels "$pid" 200
	end_threads
	soon faults_are_the_kernels "$pid" 400
	end_daemon KILL || true
	start_daemon --pin "$pins"
	soon faults_are_the_kernels "$pid" 400
	end_threads
	soon faults_are_the_kernels "$pid" 600
	end_daemon
}

# 100,000 of them, unless a guest, where each takes some milliseconds, asks for fewer.
@test "processes that live for less than a millisecond are all accounted for" {
	local nr=${NR_SHORT_LIVES:-100000}
	start_daemon
	"$WORKLOAD" forks 1000
	rss_before=$(get /v1/status | jq .daemon.rss_bytes)
	before=$(quiet_status)
	started=$(get /metrics | awk '/^memoir_tasks_started_total{kind="process"}/ { print $2 }')
	"$WORKLOAD" forks "$nr"
	after=$(quiet_status)
	get /metrics >"$dir/metrics"
	awk -v nr="$nr" -v before="$started" -v missed="$(lost "$after" end_missed)" '/^memoir_tasks_started_total{kind="process"}/ { started = $2 }
		/^memoir_tasks_exited_total{kind="process"}/ { exited = $2 }
		/^memoir_tasks_reaped_total{kind="process"}/ { reaped = $2 }
		END { print started - before, exited, reaped; exit !(started - before >= nr && reaped + missed >= nr) }' "$dir/metrics"
	faults_agree "$before" "$after"
	no_losses "$after"
	# Their faults bear their name, not that of the departed.
	awk -v nr="$nr" '/^memoir_group_minor_faults_total{comm="workload"/ { faults += $2 } END { print faults; exit !(faults > 10 * nr) }' "$dir/metrics"
	rss_after=$(jq .daemon.rss_bytes <<<"$after")
	echo "resident: $rss_before then $rss_after"
	[ "$rss_after" -le $((rss_before + 1048576)) ]
}
