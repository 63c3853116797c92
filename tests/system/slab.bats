# SPDX-License-Identifier: GPL-2.0-or-later
# Looks at slab allocations: against the kernel's own trace of the same process, and that nothing stays behind.

load daemon
load trace
load expect

teardown() {
	end_trace
	daemon_teardown
}

# begin_look MS EVERY
begin_look() {
	get "/v1/slab?look_ms=$1&every=$2" | jq -e .is_running
}

# Returns the reply when the look has ended.
end_look() {
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		get /v1/slab >"$dir/reply"
		[ "$(jq .is_running "$dir/reply")" = true ] || break
		sleep 0.1
	done
	[ "$(jq .is_running "$dir/reply")" = false ]
	# Who lives is called what the last snapshot says; who has ended meanwhile, what it was called when it allocated.
	fresh /v1/slab >"$dir/reply"
	jq -e '.look.reason == ""' "$dir/reply"
}

# A process that waits for a line, and then makes pipes and ends. Sets $maker.
prepare_pipes() {
	mkfifo "$dir/go" "$dir/waits"
	exec {go}<>"$dir/go"
	sh -c "echo; read -r _; exec '$WORKLOAD' pipes $1 1 </dev/null >/dev/null" <"$dir/go" >"$dir/waits" 3>&- &
	maker=$!
	pids+=("$maker")
	read -r -t "$silence_s" _ <"$dir/waits"
	until grep -q '^State:.S' "/proc/$maker/status"; do :; done
}

make_pipes() {
	echo >&"$go"
	wait "$maker"
	exec {go}>&-
	rm "$dir/go" "$dir/waits"
}

# From now on the trace has what it does, and nothing else.
follow_maker() {
	echo "$maker" >"$trace/set_event_pid"
	: >"$trace/trace"
}

# look_at_pipes NR MS EVERY: a process makes so many pipes in a look, which is repeated with twice the time if it ended before that.
# The reply is in $dir/reply, the process in $maker, and followed by the trace if there is one.
look_at_pipes() {
	local ms is_running
	for ((ms = $2; ; ms *= 2)); do
		prepare_pipes "$1"
		begin_look "$ms" "$3"
		[ -z "${trace:-}" ] || follow_maker
		make_pipes
		is_running=$(get /v1/slab | jq .is_running)
		end_look
		[ "$is_running" != true ] || return 0
	done
}

# What the trace has of the process: how many allocations, bytes wanted, bytes given. Failed ones are none, those in an
# interrupt are not its own, and more than two pages by kmalloc() are not of a slab.
traced_sums() {
	traced | awk -v pid="$maker" -v most=$((2 * $(getconf PAGESIZE))) '
		{ match($0, /-[0-9]+ +\[/); who = substr($0, RSTART + 1, RLENGTH - 2) + 0
		  match($0, /\] [^ ]+ /); in_interrupt = substr($0, RSTART + 4, 1) != "." }
		who == pid && !in_interrupt && / (kmalloc|kmem_cache_alloc): / && !/ptr=(0000000000000000|\(null\)) / {
			for (i = 1; i <= NF; i++) {
				split($i, field, "=")
				if (field[1] == "bytes_req") wanted = field[2]
				if (field[1] == "bytes_alloc") given = field[2]
			}
			if (/ kmalloc: / && given > most)
				next
			nr++
			all_wanted += wanted
			all_given += given
		} END { print nr + 0, all_wanted + 0, all_given + 0 }'
}

memoir_sums() {
	jq -r --argjson pid "$maker" '.look.processes[] | select(.pid == $pid) | "\(.count) \(.requested_bytes) \(.given_bytes)"' "$dir/reply"
}

@test "every allocation of a process is counted, with what it wanted and what it got" {
	start_daemon
	begin_trace kmem/kmalloc kmem/kmem_cache_alloc
	for ((tries = 0; tries < 5; tries++)); do
		before=$(skipped ^slab_)
		look_at_pipes 200 3000 1
		echo "trace: $(traced_sums); memoir: $(memoir_sums)"
		[ "$(traced_sums)" != "$(memoir_sums)" ] && [ "$(skipped ^slab_)" -ne "$before" ] || break
	done
	jq -c --argjson pid "$maker" '.look.sites[] | select(.pid == $pid)' "$dir/reply"
	[ "$(traced_sums)" = "$(memoir_sums)" ]
	# A pipe's ring of 16 buffers of 40 bytes is given the 1024 bytes of the next size.
	jq -e --argjson pid "$maker" '[.look.sites[] | select(.pid == $pid)][0] | .comm == "workload" and .cache == "kmalloc" and
		.count == 200 and .requested_bytes == 200 * 640 and .given_bytes == 200 * 1024 and
		(.call_site | startswith("alloc_pipe_info+"))' "$dir/reply"
	jq -e '.look.every == 1 and (.look.caches | length > 10)' "$dir/reply"
}

@test "what is estimated from one allocation in 16 is within its error" {
	[ "${TEST_SET:-all}" = all ] || skip "ten looks at what no kernel decides: only with all tests"
	start_daemon
	local run before skipped
	before=$(skipped ^slab_)
	for run in 1 2 3 4 5 6 7 8 9 10; do
		look_at_pipes 800 1000 16
		jq -c --argjson pid "$maker" '.look.sites[] | select(.pid == $pid and (.call_site | startswith("alloc_pipe_info+")) and .given_bytes / .count == 1024)
			| [.count, .count_error, .wasted_bytes, .wasted_bytes_error]' "$dir/reply" | tee -a "$dir/estimates"
	done
	skipped=$(($(skipped ^slab_) - before))
	echo "$skipped skipped"
	# The standard error that is told is that of the count: the root of its variance, (every - 1) * count.
	jq -se 'length == 10 and all(.[]; (.[1] - (15 * .[0] | sqrt) | fabs) <= 1 and .[2] == 384 * .[0]
		and (.[3] - 384 * (15 * .[0] | sqrt) | fabs) <= 384)' "$dir/estimates"
	# Five errors of independent choices: of a million runs one is further off.
	jq -se --argjson skipped "$skipped" '(map(.[0]) | add - 8000) as $off | (5 * (8000 * 15 | sqrt)) as $most |
		$off <= $most and $off >= -$most - $skipped' "$dir/estimates"
}

# programs_attached: how many links there are to the programs that run on request.
programs_attached() {
	bpftool -j prog show | jq --argjson links "$(bpftool -j link show)" \
		'[.[] | select(.name | startswith("slab_")).id] as $ids | [$links[] | select(.prog_id as $id | $ids | index($id))] | length'
}

@test "the programs are attached while a look goes on, and not a moment longer" {
	start_daemon --pin "$pins"
	[ "$(programs_attached)" -eq 0 ]
	begin_look 300 16
	end_look
	[ "$(programs_attached)" -eq 0 ]
	# Not after a daemon that was killed, and the next one can look again with the same programs.
	begin_look 60000 16
	[ "$(programs_attached)" -eq 2 ]
	end_daemon KILL || true
	[ "$(programs_attached)" -eq 0 ]
	start_daemon --pin "$pins"
	get /v1/slab | jq -e '.is_running == false and .look == null'
	begin_look 100 1
	end_look
	jq -e '.look.total.count > 0' "$dir/reply"
	begin_look 60000 16
	end_daemon
	[ "$(programs_attached)" -eq 0 ]
}

@test "two who ask share one look, and the command shows it" {
	start_daemon
	# Long enough for the two who come, on however slow a machine.
	begin_look 8000 4
	begin_look 60000 1
	"$MEMOIR" --socket "$socket" slab --seconds 60 >"$dir/shown"
	cat "$dir/shown"
	grep -q 'one allocation in 4 was looked at' "$dir/shown"
	grep -q '^ *PID COMM' "$dir/shown"
	grep -q '^CACHE' "$dir/shown"
	[ "$(LC_ALL=C.UTF-8 wc -L <"$dir/shown")" -le 80 ]
}

@test "a look that others begin does not keep the command, nor does a daemon that is gone" {
	start_daemon
	# There is always one that goes on.
	background bash -c "while curl -s --unix-socket '$socket' 'http://localhost/v1/slab?look_ms=3000&every=1000'; do :; done >/dev/null"
	soon is_running
	timeout 60 "$MEMOIR" --socket "$socket" slab --seconds 1 >"$dir/shown"
	kill -KILL "${pids[-1]}"
	wait "${pids[-1]}" || true
	end_daemon KILL || true
	start_daemon
	"$MEMOIR" --socket "$socket" slab --seconds 60 >"$dir/shown" 2>"$dir/complaint" 3>&- &
	asker=$!
	soon is_running
	end_daemon
	status=0
	wait "$asker" || status=$?
	cat "$dir/complaint"
	[ "$status" -eq 3 ]
}

is_running() {
	get /v1/slab | jq -e .is_running >/dev/null
}

@test "impossible looks are refused in one line" {
	start_daemon
	for query in look_ms=0 look_ms=99 look_ms=60001 'look_ms=1000&every=0' 'look_ms=1000&every=1000001' look_ms=-1 'look_ms=1000&every=x'; do
		get "/v1/slab?$query" | jq -e 'has("error")'
	done
	get /v1/slab | jq -e '.is_running == false'
	for option in '--seconds 61' '--every 0' '--every 1000001' '--every x'; do
		# shellcheck disable=SC2086
		run "$MEMOIR" --socket "$socket" slab $option
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "a recording has the looks that were taken meanwhile" {
	start_daemon --record "$dir/recording"
	"$MEMOIR" --socket "$socket" record --seconds 1 "$dir/without"
	"$MEMOIR" replay "$dir/without" slab | grep -qx 'Nobody has looked at slab allocations.'
	begin_look 200 1
	end_look
	end_daemon
	"$MEMOIR" --json replay "$dir/recording" slab >"$dir/replayed"
	# Who lives has the name of the last snapshot, which is not the same.
	shape='.look | del(.age_ns, .sites[].comm, .processes[].comm)'
	diff <(jq -S "$shape" "$dir/reply") <(jq -S "$shape" "$dir/replayed")
	run "$MEMOIR" replay "$dir/recording" slab --every 4
	[ "$status" -eq 2 ]
}
