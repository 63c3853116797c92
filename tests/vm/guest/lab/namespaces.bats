# SPDX-License-Identifier: GPL-2.0-or-later
# Processes in namespaces, as containers have them: they are known by their numbers on the host.

bats_require_minimum_version 1.5.0
load ../../../system/daemon

@test "a process in namespaces of its own is shown with its number on the host" {
	start_daemon
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	unshare --pid --net --mount --fork "$WORKLOAD" hold 20000 <"$dir/alive" >"$dir/holding" 3>&- &
	pids+=("$!")
	until [ -s "$dir/holding" ]; do :; done
	local inside
	inside=$(pgrep --parent "$!")
	[ "$(awk '$1 == "NSpid:" { print NF }' "/proc/$inside/status")" -eq 3 ]
	fresh "/v1/process?pid=$inside" | jq -e '.process | .comm == "workload" and .minor_faults >= 20000 and .rss_anon_bytes >= 70000000'
}

@test "the endpoint in a network namespace is reached from nowhere else" {
	mkfifo "$dir/errors"
	unshare --net bash -c 'ip link set lo up; exec "$@"' bash "$MEMOIRD" --listen 127.0.0.1:9700 --socket "$socket" --pin none 2>"$dir/errors" 3>&- &
	pids+=("$!")
	grep -q -m 1 'live view' "$dir/errors"
	get /metrics >"$dir/metrics"
	grep -q '^memoir_build_info' "$dir/metrics"
	run ! curl --silent --max-time 5 http://127.0.0.1:9700/metrics
	nsenter --net --target "$!" curl --silent --max-time 120 http://127.0.0.1:9700/metrics | grep -q '^memoir_build_info'
}
