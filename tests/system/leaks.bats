# SPDX-License-Identifier: GPL-2.0-or-later
# Growth on the live kernel: who grows is listed at the second look, with what is left until the limit of its cgroup; the
# memory of the kernel is what /proc/meminfo says; and heaps are evidence. Verdicts take hours: those are judged in replay.
# shellcheck disable=SC2154,SC2016

load daemon
load expect
PLACES=$BUILD/tests/workloads/places

setup() {
	daemon_setup
	cgroups=()
}

teardown() {
	daemon_teardown
	local cgroup
	for cgroup in "${cgroups[@]}"; do
		rmdir "$cgroup" 2>/dev/null || true
	done
}

# make_cgroup BYTES: one with this limit, in all hierarchies that memoir looks at; and one in it, whose path is $inner.
make_cgroup() {
	local name=memoir-test-$$-$BATS_TEST_NUMBER root limit
	if [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] && [ -d /sys/fs/cgroup/unified ]; then
		limit=/sys/fs/cgroup/memory/$name/memory.limit_in_bytes
		set -- "$1" /sys/fs/cgroup/memory /sys/fs/cgroup/unified
	else
		limit=/sys/fs/cgroup/$name/memory.max
		set -- "$1" /sys/fs/cgroup
	fi
	for root in "${@:2}"; do
		mkdir "$root/$name" "$root/$name/inner" 2>/dev/null || return
		cgroups=("$root/$name/inner" "$root/$name" "${cgroups[@]}")
	done
	inner=/$name/inner
	echo "$1" >"$limit"
}

# in_cgroup COMMAND...: becomes it, in that cgroup.
in_cgroup() {
	local cgroup
	for cgroup in "${cgroups[@]}"; do
		[[ $cgroup != */inner ]] || echo "$BASHPID" >"$cgroup/cgroup.procs"
	done
	exec "$@"
}

# is_listed PID: the process is one whose anonymous memory grows; what is said of it is in $dir/grower.
is_listed() {
	get '/v1/leaks?max_age_ms=1000' >"$dir/leaks" || return
	jq -e --argjson pid "$1" '.processes[] | select(.pid == $pid and .kind == "anonymous")' "$dir/leaks" >"$dir/grower"
}

@test "who grows is listed at the second look, and it is too early to tell" {
	start_daemon
	lay "$PLACES" 11 102 3072 0
	soon is_listed "${pids[0]}"
	jq -e '.verdict == "cannot_tell_yet" and .confidence == 0 and .limit == "machine" and .grown_bytes >= 262144
		and (.next | startswith("memoir leaks --pid"))' "$dir/grower"
	jq -e '.memory | .left_bytes == null and .available_bytes > 0' "$dir/leaks"
	COLUMNS=80 memoir leaks >"$dir/view"
	cat "$dir/view"
	never grep -qE '.{81}' "$dir/view"
	grep -q '^Processes whose memory grows\|grew, watched' "$dir/view"
}

@test "what is left is that of the nearest limit above its cgroup" {
	# Less than any machine has that this runs on, a guest of a gigabyte too.
	make_cgroup 512M || skip "no cgroup of the memory controller can be made here"
	start_daemon
	lay in_cgroup "$PLACES" 11 102 3072 0
	soon is_listed "${pids[0]}"
	# The cgroup is read at the look after the one that found it.
	soon cgroup_is_told
	jq -e '.limit == "cgroup" and .left_bytes > 1e8 and .left_bytes < 536870912' "$dir/grower"
	jq -e --arg cgroup "$inner" '.cgroups[] | select(.cgroup == $cgroup and .kind == "anonymous") | .memory
		| .limit_bytes == null and .left_bytes < 536870912 and .usage_bytes > 1e6 and .anon_bytes > 1e6' "$dir/leaks"
}
cgroup_is_told() {
	is_listed "${pids[0]}" && jq -e '.limit == "cgroup"' "$dir/grower" >/dev/null
}

@test "the memory of the machine and the kernel is what /proc/meminfo says" {
	start_daemon
	get /v1/leaks >"$dir/leaks"
	awk 'NF == 3 { sub(":", "", $1); print "{\"" $1 "\": " $2 "}" }' /proc/meminfo | jq -s 'add | map_values(. * 1024)' >"$dir/meminfo"
	jq -e --slurpfile meminfo "$dir/meminfo" '$meminfo[0] as $m | .memory
		| (.kernel | map({key: .subsystem, value: .bytes}) | from_entries) as $k
		| def near($a; $b): ($a - $b | fabs) <= 0.2 * $b + 4194304;
		.total_bytes == $m.MemTotal and near(.available_bytes; $m.MemAvailable)
		and near($k.slab; $m.SUnreclaim) and near($k.slab_reclaimable; $m.SReclaimable)
		and near($k.kernel_stacks; $m.KernelStack) and near($k.percpu; $m.Percpu)
		and near($k.shared_memory; $m.Shmem) and $k.unaccounted < $m.MemTotal' "$dir/leaks"
}

@test "with --heap the heaps of those that grow are evidence, and of others that keep memory" {
	start_daemon
	lay "$PLACES" 11 102 3072 0
	soon is_listed "${pids[0]}"
	memoir leaks --heap --json >"$dir/leaks" 2>"$dir/complaint"
	[ ! -s "$dir/complaint" ]
	jq -e --argjson pid "${pids[0]}" '.processes[] | select(.pid == $pid and .kind == "anonymous") | .evidence[-1]
		| test("^malloc has handed out |^Its heap cannot be read: ")' "$dir/leaks"
	jq -e '[.processes[] | select(.kind == "anonymous") | .verdict] | all(. == "cannot_tell_yet" or . == "none"
		or . == "allocator_fragmentation")' "$dir/leaks"
	refused 2 '*--heap: cannot be answered from a record file' "$MEMOIR" replay "$dir/none" leaks --heap
}
