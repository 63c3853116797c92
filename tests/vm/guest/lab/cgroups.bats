# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel holds for a cgroup: as much as the memory controller of version 2 says, and growth of the cgroup's alone.
# shellcheck disable=SC2016,SC2154

load ../../../system/daemon
load ../../../system/expect

cgroup=/sys/fs/cgroup/memoir-kernel

setup() {
	daemon_setup
	mkdir "$cgroup"
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
}

teardown() {
	daemon_teardown
	soon rmdir "$cgroup" 2>/dev/null
}

# begin LOAD ARGUMENT...: it is in the cgroup, and has done what it does before it waits; its pid is in $begun.
begin() {
	mkfifo "$dir/begun"
	in_cgroup "$@" <"$dir/alive" >"$dir/begun" 3>&- &
	pids+=("$!")
	read -r begun <"$dir/begun"
	rm "$dir/begun"
}
in_cgroup() {
	echo "$BASHPID" >"$cgroup/cgroup.procs"
	exec "$WORKLOAD" "$@"
}

# What the controller says that the kernel holds, without what is given back, and what is known by process.
held_bytes() {
	awk '{ v[$1] = $2 } END { print v["kernel"] - v["slab_reclaimable"] - v["pagetables"] + v["sock"] }' "$cgroup/memory.stat"
}

# told BYTES: the kernel's memory of the cgroup is one of those that grow, by so much at least; it is in $dir/kernel.
told() {
	get '/v1/leaks?max_age_ms=1000' >"$dir/leaks" || return
	jq -e --argjson bytes "$1" '.cgroups[] | select(.kind == "kernel" and .cgroup == "/memoir-kernel"
		and .grown_bytes >= $bytes)' "$dir/leaks" >"$dir/kernel"
}

has_looked() {
	[ "$(get '/v1/leaks?max_age_ms=1000' | jq '.windows[0].points')" -ge "$1" ]
}

@test "what the kernel holds for a cgroup is what the controller says, and grows for it alone" {
	start_daemon
	# The first looks find the cgroup, and what is held for it at its least; then it is followed, then its kernel's memory
	# is; and from then on what comes is growth.
	begin pipes 1 1
	for looks in 3 5 7; do
		soon has_looked "$looks"
		begin pipes 64 16
	done
	soon told $((4 << 20))
	cat "$dir/kernel"
	jq -e --argjson held "$(held_bytes)" '(.bytes - $held | fabs) < 262144
		and .verdict == "cannot_tell_yet" and .next == "memoir leaks --kernel --for 30s"' "$dir/kernel"
	jq -e '[.processes[], .groups[] | select(.kind == "kernel")] == []' "$dir/leaks"
}
