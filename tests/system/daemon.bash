# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon of the test's own: private folder, free port, private pins. `load daemon` in a bats file.
# shellcheck shell=bash

MEMOIRD=$BUILD/memoird
MEMOIR=$BUILD/memoir
WORKLOAD=$BUILD/tests/workloads/workload
# A daemon that says nothing for so long will not, on however slow a machine.
silence_s=300

setup() {
	daemon_setup
}

# For a file with a setup of its own.
daemon_setup() {
	daemon=
	pids=()
	umask 022
	dir=$(mktemp -d)
	socket=$dir/run/memoir.sock
	# A bpffs of the test's own: a machine need not have one mounted.
	mkdir "$dir/bpffs"
	mount -t bpf bpf "$dir/bpffs"
	pins=$dir/bpffs/memoir
}

teardown() {
	daemon_teardown
}

# For a file with a teardown of its own.
daemon_teardown() {
	local pid
	for pid in "${pids[@]}" $daemon; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	# With its file system what is pinned is gone.
	local mounted
	for mounted in small debug bpffs; do
		if mountpoint -q "$dir/$mounted"; then
			umount "$dir/$mounted"
		fi
	done
	rm -rf "$dir"
}

# Runs a command in the background, to be killed at the end of the test.
background() {
	"$@" 3>&- &
	pids+=("$!")
}

# start_daemon OPTION...: returns when the daemon has said that it is ready.
start_daemon() {
	mkfifo "$dir/errors"
	"$MEMOIRD" --listen none --socket "$socket" --pin none --interval 1 "$@" 2>"$dir/errors" 3>&- &
	daemon=$!
	exec {errors}<"$dir/errors"
	rm "$dir/errors"
	local line
	while read -r -t "$silence_s" line <&"$errors"; do
		echo "$line"
		case $line in
		*"live view"*) return 0 ;;
		esac
	done
	echo "the daemon ended before it was ready, or said nothing for $silence_s s"
	return 1
}

# end_daemon [SIGNAL]
end_daemon() {
	kill "-${1:-TERM}" "$daemon"
	local status=0
	wait "$daemon" || status=$?
	daemon=
	exec {errors}<&-
	return "$status"
}

memoir() {
	"$MEMOIR" --socket "$socket" "$@"
}

# lay PROGRAM ARGUMENT...: a process of it that waits until the end of the test. What it says is read from $reports.
lay() {
	mkfifo "$dir/stay" "$dir/laid"
	exec {stay}<>"$dir/stay"
	"$@" <"$dir/stay" >"$dir/laid" 3>&- &
	pids+=("$!")
	exec {reports}<"$dir/laid"
}

get() {
	curl --silent --show-error --max-time 120 --unix-socket "$socket" "http://localhost$1"
}

# fresh PATH: as get, from a snapshot that began after this call. One that took long is not repeated at once.
fresh() {
	local finished tries
	finished=$(get /v1/status | jq .snapshot.sequence) || return
	for ((tries = 0; tries < 1000; tries++)); do
		[ "$(get '/v1/status?max_age_ms=0' | jq .snapshot.sequence)" -eq "$finished" ] || break
	done
	[ "$tries" -lt 1000 ] && get "$1"
}

# The status of a snapshot that was taken after this call, at a quiet moment. One client asks again and
# again, and nothing is forked: a new process each time would itself be what is not quiet. Where snapshots take
# long they are seldom: it goes on for at least 50 s and 200 of them, or 10 minutes.
quiet_status() {
	local line first='' sequence=0 nr_answers found=1 client answers
	local shape='"sequence":([0-9]+),"age_ns":([0-9]+),.*"agreement":\{"age_ns":([0-9]+),'
	mkfifo "$dir/answers"
	curl --silent --show-error --no-buffer --rate 20/s --unix-socket "$socket" \
		'http://localhost/v1/status?max_age_ms=0#[1-12000]' >"$dir/answers" 3>&- &
	client=$!
	exec {answers}<"$dir/answers"
	rm "$dir/answers"
	for ((nr_answers = 0; nr_answers < 1000 || sequence - first < 200; nr_answers++)); do
		read -r -t "$silence_s" line <&"$answers" || break
		[[ $line =~ $shape ]] || continue
		sequence=${BASH_REMATCH[1]}
		: "${first:=$sequence}"
		if [ "$sequence" -gt "$first" ] && [ "${BASH_REMATCH[2]}" -eq "${BASH_REMATCH[3]}" ]; then
			echo "$line"
			found=0
			break
		fi
	done
	kill "$client" 2>/dev/null
	wait "$client" 2>/dev/null || true
	exec {answers}<&-
	[ "$found" -eq 0 ] || echo "none of $((sequence - first)) snapshots was of a quiet moment: $line" >&2
	return "$found"
}

# remainder STATUS ITEM, kernel STATUS ITEM
remainder() {
	jq ".agreement.items[] | select(.item == \"$2\").remainder" <<<"$1"
}
kernel() {
	jq ".agreement.items[] | select(.item == \"$2\").kernel" <<<"$1"
}

# grown ITEM: by how much its remainder grew from the status in $before to that in $after
grown() {
	echo $(($(remainder "$after" "$1") - $(remainder "$before" "$1")))
}

# skipped PATTERN: how often the kernel has skipped such programs, because a task that was in one on the same CPU had been
# preempted, as 7.0 and newer let it be.
skipped() {
	get /v1/probes | jq --arg name "$1" '[.probes[] | select(.name | test($name)).recursion_misses] | add // 0'
}

# majors: major faults of all tasks so far
majors() {
	get /v1/faults | jq '.faults[] | select(.kind == "major").count'
}

# retried MAJORS: the most that pgfault may have counted twice since there were so many major faults. Before 6.6 it
# counts a fault each time it is tried; and the second time makes it a major one of its task.
retried() {
	case $(uname -r) in
	6.[1-5].*) echo $(($(majors) - $1)) ;;
	*) echo 0 ;;
	esac
}

lost() {
	jq ".lost.$2" <<<"$1"
}

# faults_agree BEFORE AFTER [FAILED] [MOST]: the remainder of pgfault grew by the faults that failed, and by nothing
# else. A kernel that runs no programs for some tasks hides the few faults of those. No task has more faults than MOST.
faults_agree() {
	local grown=$(($(remainder "$2" pgfault) - $(remainder "$1" pgfault) - ${3:-0}))
	echo "pgfault: remainder grew by $grown"
	[ "$grown" -ge 0 ] && soon no_more_than $((20 + ${3:-0})) "$1" "$2" "${4:-3000}"
}

# no_more_than FAULTS BEFORE AFTER MOST: the remainder of pgfault grew by that at most, and by those of tasks whose end was
# missed, which are in no total: one of MOST, the others small. That it was missed is known some seconds later: to be called by soon of expect.bash.
no_more_than() {
	local missed
	missed=$(($(lost "$(fresh /v1/status)" end_missed) - $(lost "$2" end_missed)))
	[ $(($(remainder "$3" pgfault) - $(remainder "$2" pgfault))) -le $(($1 + (missed ? $4 + 3000 * (missed - 1) : 0))) ]
}

# no_losses STATUS: but for what is explained. Creating the ledger of a task may itself take a page, and 6.1 lets no
# program that runs meanwhile on this CPU reach any ledger. A fork whose program was skipped leaves a task without one, and a
# stall of whose two programs one was skipped is missed.
no_losses() {
	local started
	started=$(get /metrics | awk '/^memoir_tasks_started_total/ { nr += $2 } END { print nr }')
	jq -e --argjson started "$started" '.lost | .storage_missing + .storage_create <= $started / 10 + 1 + .recursion_missed and
		.stall_begin_missed + .stall_end_missed <= .recursion_missed and (del(.recursion_missed, .end_missed, .storage_missing,
			.storage_create, .stall_begin_missed, .stall_end_missed) | add == 0)' <<<"$1" >/dev/null || {
		jq -c .lost <<<"$1"
		return 1
	}
}
