# SPDX-License-Identifier: GPL-2.0-or-later
# What the parts of the benchmark share: processes that run while something is measured, and end with the
# benchmark whatever happens; what is said and shown. Sourced by bench.sh, which sets $build and $work.
# shellcheck shell=bash

pids=()

# Ends what still runs and removes what was written. Nothing that is started here outlives its process:
# BPF programs are not pinned, and run statistics are enabled through a descriptor.
clean_up()
{
	trap '' INT TERM
	if [ "${#pids[@]}" -gt 0 ]; then
		kill -KILL "${pids[@]}" || true
	fi 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}

# gone PID: waits for a process that was told to end.
gone()
{
	local pid left=()
	wait "$1" 2>/dev/null || true
	for pid in "${pids[@]}"; do
		[ "$pid" = "$1" ] || left+=("$pid")
	done
	pids=("${left[@]}")
}

end()
{
	kill -TERM "$1" 2>/dev/null || true
	gone "$1"
}

# await_line FILE PID PATTERN: until the process has written such a line; fails if it ends before.
await_line()
{
	grep -q "$3" < <(tail -n +1 -f --pid="$2" "$1")
}

# hold COMMAND...: runs it until `release`, and returns when it has said "ready". What it says is in
# $work/held. One at a time; what is started after it must be ended before it is released.
hold()
{
	mkfifo "$work/input"
	: >"$work/held"
	"$@" <"$work/input" >"$work/held" &
	held=$!
	pids+=("$held")
	exec {held_input}>"$work/input"
	rm "$work/input"
	if ! await_line "$work/held" "$held" '^ready$'; then
		release
		return 1
	fi
}

release()
{
	exec {held_input}>&-
	gone "$held"
}

# start_daemon OPTION...: a private daemon; returns when it is ready. Its id is in $daemon, and its socket
# is $socket.
start_daemon()
{
	socket=$work/memoir.sock
	: >"$work/daemon"
	"$build/memoird" --pin none --socket "$socket" "$@" >"$work/daemon" 2>&1 &
	daemon=$!
	pids+=("$daemon")
	if ! await_line "$work/daemon" "$daemon" 'live view'; then
		cat "$work/daemon" >&2
		return 1
	fi
}

# ask PATH: of the daemon
ask()
{
	curl --silent --show-error --fail --max-time 30 --unix-socket "$socket" "http://localhost$1"
}

# Puts what the daemon has attached into $work/attached, and into $own_events the events of its programs, in
# the words of empty_programs; but not those that wait in a tracepoint of perf or in an iterator.
read_own_events()
{
	ask '/v1/probes' | jq '[.probes[] | select(.state == "attached")]' >"$work/attached"
	mapfile -t own_events < <(jq -r '[.[].target | select(test("^(raw_tp|tp_btf)/"))
		| "raw_tp/" + sub(".*/"; "")] | unique[]' "$work/attached")
}

# A line that the reader of the numbers needs; also in the JSON. What was not measured says why here.
note()
{
	echo "  note: $1"
	jq -n --arg text "$1" '$text' >>"$work/notes"
}

have()
{
	command -v "$1" >/dev/null
}

# table COLUMNS: tab-separated lines of so many cells to a table, all but the first column to the right.
table()
{
	column -t -s "$(printf '\t')" -R "$(seq -s, 2 "$1")" | sed 's/^/  /; s/ *$//'
}
