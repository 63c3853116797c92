# SPDX-License-Identifier: GPL-2.0-or-later
# Who holds memory, by the sample of live pages, against what is known of it from elsewhere.

load daemon
load expect
load holders

# run_workload NAME ARGUMENT...: starts it, and returns when it holds what it is to hold. Its pid is in $holder.
run_workload() {
	mkfifo "$dir/input"
	exec {input}<>"$dir/input"
	: >"$dir/pid"
	"$WORKLOAD" "$@" <"$dir/input" >"$dir/pid" 3>&- {input}>&- &
	pids+=("$!")
	soon test -s "$dir/pid"
	holder=$(<"$dir/pid")
}

end_workload() {
	exec {input}>&-
	rm "$dir/input"
	wait "${pids[-1]}"
}

# held PID MIGRATETYPE: bytes, error
held() {
	jq -r --argjson pid "$1" --arg type "$2" '[.holders.owners[] | select(.pid == $pid and .migratetype == $type)][0] |
		if . then "\(.bytes) \(.bytes_error)" else "0 0" end' "$dir/answer"
}

# held_by_group bytes|huge_bytes|unmovable_bytes: of processes of the workload
held_by_group() {
	get /metrics | sed -n "s/^memoir_group_held_$1{comm=\"workload\".*} //p"
}

# near BYTES ERROR TRUTH SLACK: the estimate is within five errors of the truth, give or take a known slack: by chance one of
# 1,700,000 is not.
near() {
	echo "estimated $1, error $2, truth $3"
	[ "$2" -gt 0 ] && [ "$1" -ge $(($3 - 5 * $2 - $4)) ] && [ "$1" -le $(($3 + 5 * $2 + $4)) ]
}

@test "what a process holds is estimated within its error, and is gone with it" {
	start_daemon
	run_workload hold 60000
	read_holders
	jq -e '.holders.state == "on" and .holders.step_pages >= 64' "$dir/answer"
	read -r _ resident shared _ <"/proc/$holder/statm"
	read -r bytes error < <(held "$holder" movable)
	# The pages of its program are there too, if it was the first to read them.
	near "$bytes" "$error" $(((resident - shared) * 4096)) $((4 << 20))
	jq -e --argjson pid "$holder" '.holders.owners[] | select(.pid == $pid and .migratetype == "movable") |
		.comm == "workload" and .is_alive and .huge_bytes == 0 and .oldest_age_ns >= .mean_age_ns and
		([.stacks[0].frames[] | select(startswith("handle_mm_fault+"))] | length == 1) and
		([.stacks[].frames[] | select(test("^(bpf_prog_|bpf_trace_run|__traceiter_|bpf_trampoline_)"))] | length == 0)' "$dir/answer"
	end_workload
	read_holders
	read -r bytes error < <(held "$holder" movable)
	echo "left $bytes"
	[ "$bytes" -le $((4 << 20)) ]
	no_losses "$(get '/v1/status?max_age_ms=0')"
}

@test "unmovable pages in pipes are their writer's, by a stack that says so" {
	start_daemon
	run_workload pipes 100 256
	read_holders
	read -r bytes error < <(held "$holder" unmovable)
	# Page tables and the pipes' own structures are unmovable as well.
	near "$bytes" "$error" $((100 * 256 * 4096)) $((2 << 20))
	jq -e --argjson pid "$holder" '.holders.owners[] | select(.pid == $pid and .migratetype == "unmovable") |
		.stacks[0] | .bytes >= 90000000 and any(.frames[]; test("^(anon_)?pipe_write\\+"))' "$dir/answer"
	# Others of that name may run, and the next reading may be a little less.
	[ "$(held_by_group unmovable_bytes)" -ge $((bytes / 2)) ]
	end_workload
	read_holders
	read -r bytes error < <(held "$holder" unmovable)
	[ "$bytes" -le $((2 << 20)) ]
}

@test "what lies in huge pages is known to the page" {
	start_daemon
	run_workload lay 10240 1 1
	read_holders
	huge=$(awk '$1 == "AnonHugePages:" { print $2 * 1024 }' "/proc/$holder/smaps_rollup")
	[ "$huge" -gt 0 ] || skip "no huge page can be had here"
	# Every group of pages of such a block has one that is followed.
	jq -e --argjson pid "$holder" --argjson huge "$huge" '.holders.owners[] | select(.pid == $pid and .migratetype == "movable") |
		.huge_bytes == $huge' "$dir/answer"
	[ "$(held_by_group huge_bytes)" -ge "$huge" ]
}

@test "what many small processes hold is their group's, also of those that are not known one by one" {
	local i nr=200 pages=500
	start_daemon
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	for ((i = 0; i < nr; i++)); do
		"$WORKLOAD" hold "$pages" <"$dir/alive" >>"$dir/holding" 3>&- {alive}>&- &
		pids+=("$!")
	done
	soon all_hold "$nr"
	read_holders
	bytes=$(held_by_group bytes)
	error=$(jq --argjson bytes "$bytes" '.holders.step_pages | . * 4096 * ($bytes / 4096 / . | sqrt) | floor' "$dir/answer")
	# Each has its own stack, heap and data as well, and page tables.
	near "$bytes" "$error" $((nr * (pages + 40) * 4096)) $((nr * 40 * 4096))
}
all_hold() {
	[ "$(wc -l <"$dir/holding")" -eq "$1" ]
}

@test "a daemon that takes over knows what is held, from stacks that it has not seen itself" {
	start_daemon --pin "$pins"
	run_workload hold 20000
	end_daemon KILL || [ "$?" -eq 137 ]
	start_daemon --pin "$pins"
	read_holders
	read -r _ resident shared _ <"/proc/$holder/statm"
	read -r bytes error < <(held "$holder" movable)
	near "$bytes" "$error" $(((resident - shared) * 4096)) $((4 << 20))
	jq -e --argjson pid "$holder" '.holders.owners[] | select(.pid == $pid and .migratetype == "movable") |
		any(.stacks[].frames[]; startswith("handle_mm_fault+"))' "$dir/answer"
}

@test "whoever has no right name is an owner like any other" {
	start_daemon
	name=$'"},{\n\x1b[2J\xff'
	run_workload named "$name"
	read_holders
	jq -e --argjson pid "$holder" '[.holders.owners[] | select(.pid == $pid)] |
		length == 0 or all(.[]; .comm | startswith("\"},{\n\u001b[2J"))' "$dir/answer"
}
