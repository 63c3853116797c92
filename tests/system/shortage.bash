# SPDX-License-Identifier: GPL-2.0-or-later
# Shortage of memory inside a cgroup of the test's own, while the machine as a whole has plenty. `load shortage` in a bats
# file, after `load daemon`.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

limit_bytes=$((32 << 20))

# make_cgroup: $cgroup is a memory cgroup that may hold limit_bytes, and has no swap.
make_cgroup() {
	local hierarchy=/sys/fs/cgroup limit=memory.max swap=memory.swap.max swap_limit=0
	if [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ]; then
		hierarchy=/sys/fs/cgroup/memory limit=memory.limit_in_bytes
		swap=memory.memsw.limit_in_bytes swap_limit=$limit_bytes
	fi
	cgroup=$hierarchy/memoir-test-$$-$BATS_TEST_NUMBER
	mkdir "$cgroup" 2>/dev/null || skip "no cgroup can be made in $hierarchy"
	echo "$cgroup" >>"$BATS_FILE_TMPDIR/cgroups"
	[ -e "$cgroup/$limit" ] || skip "$hierarchy has no memory controller"
	echo "$limit_bytes" >"$cgroup/$limit"
	# A kernel that does not account swap has no such file.
	[ ! -e "$cgroup/$swap" ] || echo "$swap_limit" >"$cgroup/$swap"
}

# Only now is it certain that all processes in them have ended.
teardown_file() {
	local cgroup
	[ -e "$BATS_FILE_TMPDIR/cgroups" ] || return 0
	while read -r cgroup; do
		timeout 60 bash -c 'until rmdir "$1" 2>/dev/null; do :; done' bash "$cgroup"
	done <"$BATS_FILE_TMPDIR/cgroups"
}

# limited COMMAND...: replaces this shell by a command in $cgroup.
limited() {
	echo "$BASHPID" >"$cgroup/cgroup.procs"
	exec "$@"
}

# read_too_much: a process in the cgroup that has read a file of eight times the limit, and lives on; its pid is in
# $reader. The file has no blocks, so the disk has no part in it.
read_too_much() {
	[ "$(stat -f -c %T "$dir")" != tmpfs ] || skip "$dir is in memory: its pages cannot be reclaimed"
	truncate -s $((8 * limit_bytes)) "$dir/file"
	mkfifo "$dir/alive" "$dir/pid"
	exec {alive}<>"$dir/alive"
	limited "$WORKLOAD" read "$dir/file" <"$dir/alive" >"$dir/pid" 3>&- &
	pids+=("$!")
	read -r reader <"$dir/pid"
}

# touch_too_much: a process in the cgroup that needs twice the limit, and is killed.
touch_too_much() {
	local status=0
	(limited "$WORKLOAD" touch $((2 * limit_bytes / 4096)) 1) 3>&- || status=$?
	[ "$status" -eq 137 ]
}
