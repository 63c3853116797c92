# SPDX-License-Identifier: GPL-2.0-or-later
# memoir as a user has it: the package, under a systemd that is the first process, scraped by a Prometheus server. The tests are
# one story, in this order.

bats_require_minimum_version 1.5.0
pins=/sys/fs/bpf/memoir

setup_file() {
	mkdir -p /run/lab /srv/something
	cat >/run/lab/prometheus.yml <<-'END'
		global:
		  scrape_interval: 5s
		scrape_configs:
		  - job_name: memoir
		    static_configs:
		      - targets: ["127.0.0.1:9942"]
	END
	systemd-run --quiet --unit lab-prometheus \
		prometheus --config.file /run/lab/prometheus.yml --storage.tsdb.path /run/lab/data --web.listen-address 127.0.0.1:9090
}

teardown_file() {
	systemctl stop lab-prometheus
}

# Shown if the test has failed.
teardown() {
	journalctl --quiet --no-pager --lines 20 --unit memoird
}

# property NAME: of the service, as systemd has it
property() {
	systemctl show --value --property "$1" memoird
}

# query PROMQL: the value that Prometheus has of it, nothing if it has none
query() {
	curl --silent --get --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query | jq --raw-output '.data.result[0].value[1] // empty'
}

# wait_for PROMQL: until Prometheus, which scrapes every five seconds, says that it holds
wait_for() {
	local deadline=$((SECONDS + 600))
	until [ -n "$(query "$1")" ]; do
		[ "$SECONDS" -lt "$deadline" ]
		sleep 0.5
	done
}

status() {
	memoir status --json
}

# started: tasks, as memoir has counted them
started() {
	curl --silent http://127.0.0.1:9942/metrics | awk '/^memoir_tasks_started_total/ { sum += $NF } END { printf "%.0f\n", sum }'
}

# files: all there are but for those of the tests and of what runs meanwhile
files() {
	find / -xdev \( -path /lab -o -path /tmp -o -path /run -o -path /var/log -o -path /var/lib/dpkg \) -prune -o -type f -print | sort
}

# How many programs of memoir's kinds the kernel has; nobody else here loads such.
tracing_programs() {
	bpftool --json prog show | jq 'map(select(.type == "raw_tracepoint" or .type == "tracing")) | length'
}

@test "the package is installed, and its service is running and enabled" {
	[ "$(cat /proc/1/comm)" = systemd ]
	[ "$(tracing_programs)" -eq 0 ]
	files >/run/lab/files.before
	dpkg --install /lab/build/memoir_*.deb
	[ "$(property ActiveState)" = active ]
	[ "$(property SubState)" = running ]
	[ "$(systemctl is-enabled memoird)" = enabled ]
}

@test "systemctl start returns when it is ready" {
	systemctl stop memoird
	systemctl start memoird
	status >/run/lab/status
	cat /run/lab/status
	jq -e '.probes.attached > 0 and .snapshot.sequence >= 1' /run/lab/status
}

@test "it is confined as its unit says" {
	local pid
	pid=$(property MainPID)
	grep -q '^NoNewPrivs:	1$' "/proc/$pid/status"
	grep -q '^Seccomp:	2$' "/proc/$pid/status"
	# CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF: bits 2, 38, 39.
	grep -q '^CapPrm:	000000c000000004$' "/proc/$pid/status"
	# The tracer has CAP_SYS_PTRACE and CAP_CHECKPOINT_RESTORE as well, bits 19 and 40; and no more could come.
	grep -q '^CapPrm:	000001c000080004$' "/proc/$(pgrep --parent "$pid")/status"
	grep -q '^CapBnd:	000001c000080004$' "/proc/$pid/status"
	[ "$(cat "/proc/$pid/oom_score_adj")" -eq -900 ]
	run ! nsenter --mount --target "$pid" touch /etc/written
	run ! nsenter --mount --target "$pid" stat /srv/something
	[ "$(property WatchdogUSec)" = 1min ]
	[ "$(stat -c '%U:%G %a' /run/memoir)" = "root:memoir 750" ]
}

@test "a Prometheus server scrapes it" {
	wait_for 'up{job="memoir"} == 1'
	wait_for 'memoir_build_info'
	wait_for 'sum(memoir_tasks_started_total) > 0'
	# It has understood all that it was given.
	wait_for 'scrape_samples_scraped{job="memoir"} > 100'
}

@test "killed, it is started again, and no count is lost" {
	before=$(started)
	[ "$before" -gt 0 ]
	old=$(property MainPID)
	systemctl kill --signal KILL memoird
	local deadline=$((SECONDS + 600))
	until [ "$(property SubState)" = running ] && [ "$(property MainPID)" != "$old" ]; do
		[ "$SECONDS" -lt "$deadline" ]
		sleep 0.5
	done
	[ "$(property NRestarts)" -eq 1 ]
	# The first one was stopped, this one killed.
	status | jq -e '.restarts_survived == 2'
	[ "$(started)" -ge "$before" ]
	# What was scraped since.
	wait_for "timestamp(up{job=\"memoir\"} == 1) > $(date +%s)"
	wait_for 'resets(sum(memoir_tasks_started_total)[5m:1s]) == 0'
}

@test "a wrong option is not tried again" {
	echo 'MEMOIRD_OPTIONS="--no-such-option"' >/etc/default/memoird
	run ! systemctl restart memoird
	[ "$(property ActiveState)" = failed ]
	[ "$(property ExecMainStatus)" -eq 2 ]
	[ "$(property NRestarts)" -eq 0 ]
	echo 'MEMOIRD_OPTIONS=""' >/etc/default/memoird
	systemctl reset-failed memoird
	systemctl start memoird
}

# trace [QUERY]: what is known of the last trace, on the service's socket.
trace() {
	curl --silent --unix-socket /run/memoir/memoir.sock "http://memoir/v1/leaks/trace${1-}"
}

# Begins a process of another user that waits for commands: memoird itself does not see such processes in /proc.
begin_target() {
	coproc setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all /lab/build/tests/workloads/allocate 3>&-
	target=$COPROC_PID
	read -r counts <&"${COPROC[0]}"
}

# Before 6.6.
probes_need_admin() {
	! bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q "STRUCT 'bpf_uprobe_multi_link'"
}

@test "where the kernel places probes for CAP_SYS_ADMIN only, that is said, and how to give it works" {
	probes_need_admin || skip "this kernel wants no more than the service has"
	local counts target
	begin_target
	run ! memoir leaks --pid "$target" --for 1s
	[[ $output == *"memoir: cannot trace: its allocator cannot be probed: before Linux 6.6 that takes CAP_SYS_ADMIN; see SECURITY in memoird(8)" ]]
	mkdir /etc/systemd/system/memoird.service.d
	printf '[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN\n' >/etc/systemd/system/memoird.service.d/traces.conf
	systemctl daemon-reload
	systemctl restart memoird
	# Of memoird itself nothing changes.
	grep -q '^CapPrm:	000000c000000004$' "/proc/$(property MainPID)/status"
	kill "$target"
}

@test "a heap of another user's process is traced, byte for byte, and its functions are named" {
	local deadline=$((SECONDS + 600)) counts target tracing
	begin_target
	memoir leaks --pid "$target" --for 600s >/run/lab/trace 3>&- &
	tracing=$!
	until trace | jq -e .has_begun; do
		[ "$SECONDS" -lt "$deadline" ]
		kill -0 "$tracing"
		sleep 0.5
	done
	echo "leak 300" >&"${COPROC[1]}"
	read -r counts <&"${COPROC[0]}"
	trace '?end=1'
	wait "$tracing"
	kill "$target"
	cat /run/lab/trace
	trace >/run/lab/trace.json
	jq -e --argjson counts "$counts" '.trace | .outstanding_bytes == $counts.live_bytes and .outstanding == $counts.live' \
		/run/lab/trace.json
	jq -e '.trace.ended == "stopped" and ([.trace.stacks[].user_stack.frames[].name // ""] | any(startswith("leak_large+")))' \
		/run/lab/trace.json
	rm -rf /etc/systemd/system/memoird.service.d
	systemctl daemon-reload
	systemctl restart memoird
}

@test "stopped, it ends well, and its probes count on" {
	systemctl stop memoird
	[ "$(property Result)" = success ]
	[ "$(property ExecMainStatus)" -eq 0 ]
	[ "$(tracing_programs)" -gt 0 ]
	[ ! -e /run/memoir ]
	run ! memoir status
	# Of the last start, from the first line to the last, nothing that is an error.
	[ -z "$(journalctl --quiet --unit memoird --priority err _SYSTEMD_INVOCATION_ID="$(property InvocationID)")" ]
	systemctl start memoird
}

@test "removed, it leaves nothing behind" {
	dpkg --purge memoir
	[ "$(tracing_programs)" -eq 0 ]
	[ ! -e "$pins" ]
	bpftool --json map show | jq -e 'map(select(.name | . == "cells" or . == "accounts" or . == "ledgers")) | length == 0'
	[ ! -e /run/memoir ]
	run ! pgrep --exact memoird
	run ! systemctl cat memoird
	files | comm -13 /run/lab/files.before - >/run/lab/left
	find / -xdev -iname '*memoir*' -not -path '/lab/*' >>/run/lab/left
	cat /run/lab/left
	[ ! -s /run/lab/left ]
}
