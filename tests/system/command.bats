# SPDX-License-Identifier: GPL-2.0-or-later
# Every command of memoir against a living daemon: what it prints for people and for programs, how it ends, and what it does
# where there is no daemon, no such process and no room.
# Programs of sh and jq are in single quotes.
# shellcheck disable=SC2016

load daemon
load expect
load shortage

# All commands that print an answer and end, and where in the API it is.
declare -gA path_of=(
	[status]=/v1/status [probes]=/v1/probes ['top --once']=/v1/processes ['top --once --groups']=/v1/groups
	[faults]=/v1/faults [stalls]=/v1/stalls [events]=/v1/events [doctor]=/v1/doctor
	[fragmentation]=/v1/fragmentation
)

# hold_pages: a process with 40 MB of its own, named as nothing else is; its pid is in $holder.
hold_pages() {
	mkfifo "$dir/stay" "$dir/holder"
	exec {stay}<>"$dir/stay"
	cp "$WORKLOAD" "$dir/holding"
	"$dir/holding" hold 10000 <"$dir/stay" >"$dir/holder" 3>&- &
	pids+=("$!")
	read -r holder <"$dir/holder"
}

# without_ages: JSON less what changes between two questions about the same snapshot.
without_ages() {
	sed -E 's/"(age_ns|since_age_ns|uptime_ns|cpu_ns|rss_bytes|run_count|run_time_ns|recursion_misses)":[0-9]+//g' "$1"
}

@test "every command prints an answer of at most 80 columns and ends with 0" {
	start_daemon
	hold_pages
	fresh /v1/status >/dev/null
	for command in "${!path_of[@]}" "process $holder"; do
		# Words on purpose. In this locale a column is a byte.
		# shellcheck disable=SC2086
		LC_ALL=C memoir $command >"$dir/output" 2>"$dir/complaint"
		echo "memoir $command" && cat "$dir/complaint"
		[ ! -s "$dir/complaint" ]
		[ -s "$dir/output" ]
		awk 'length > 80 { print; wide = 1 } END { exit wide }' "$dir/output"
	done
}

@test "the answers have their headers, and name the process they are about" {
	start_daemon
	hold_pages
	fresh /v1/status >/dev/null
	memoir status >"$dir/status"
	grep -Eq '^(Complete|Incomplete): ' "$dir/status"
	grep -Eq '^ITEM +KERNEL +MEMOIR +REMAINDER$' "$dir/status" || grep -q '^Agreement   no moment yet' "$dir/status"
	memoir probes >"$dir/probes"
	grep -Eq '^NAME +STATE +ns/RUN +MISSES +TARGET$' "$dir/probes"
	[ "$(grep -c ' attached ' "$dir/probes")" -eq "$(get /v1/probes | jq '[.probes[] | select(.state == "attached")] | length')" ]
	memoir top --once >"$dir/top"
	grep -Eq '^ +PID COMM .* RSS ' "$dir/top"
	grep -Eq "^ *$holder holding .*39\.[0-9]MiB|^ *$holder holding .*40\.[0-9]MiB" "$dir/top"
	memoir top --once --groups >"$dir/groups"
	grep -Eq '^ *1 holding ' "$dir/groups"
	memoir process "$holder" >"$dir/process"
	grep -q "^Process     $holder holding$" "$dir/process"
	grep -Eq '^FAULTS +COUNT +PER SECOND$' "$dir/process"
	memoir faults | grep -Eq '^minor +[0-9]'
	memoir stalls | grep -Eq '^(STALLS +NODE|No stalls since)'
	memoir events | grep -q .
}

@test "what this kernel does not let be counted is said, and not shown as 0" {
	start_daemon
	hold_pages
	fresh "/v1/process?pid=$holder" >"$dir/process"
	memoir process "$holder" >"$dir/shown"
	get /metrics >"$dir/metrics"
	if get /v1/probes | jq -e '[.probes[] | select(.name | startswith("swap_read")) | .state == "attached"] | any'; then
		jq -e '.process.swapped_in_bytes == 0' "$dir/process"
		grep -q '^Swapped in  0 so far, 0/s now$' "$dir/shown"
		grep -q '^memoir_group_swapped_in_bytes_total{' "$dir/metrics"
		grep -q '^memoir_vmstat_remainder{item="pswpin"}' "$dir/metrics"
	else
		jq -e '.process.swapped_in_bytes == null' "$dir/process"
		grep -q '^Swapped in  not visible on this kernel' "$dir/shown"
		[ "$(grep -c 'swapped_in\|item="pswpin"' "$dir/metrics")" -eq 0 ]
	fi
}

@test "top sorts as it is told" {
	start_daemon
	hold_pages
	fresh /v1/status >/dev/null
	memoir top --once --sort pid | awk '/^ *[0-9]+ / { print $1 }' >"$dir/pids"
	[ "$(wc -l <"$dir/pids")" -gt 2 ]
	sort -n -c "$dir/pids"
	memoir top --once --sort pid --reverse | awk '/^ *[0-9]+ / { print $1 }' | sort -n -r -c
	# Nothing here has more memory of its own than what makes it sort first by name, too.
	first=$(get /v1/processes | jq '[.processes[] | {pid, rss: (.rss_anon_bytes + .rss_file_bytes + .rss_shmem_bytes)}] | max_by(.rss).pid')
	[ "$(memoir top --once --sort rss | awk '/^ *[0-9]+ / { print $1; exit }')" -eq "$first" ]
}

# Whether the command's answer is that of the API; a snapshot between the two makes them differ.
is_same_answer() {
	# Words on purpose.
	# shellcheck disable=SC2086
	memoir --json $1 >"$dir/answer" && get "$2" >"$dir/reply" &&
		cmp <(without_ages "$dir/answer") <(without_ages "$dir/reply")
}

@test "--json is the answer of the API, on one line" {
	start_daemon
	hold_pages
	fresh /v1/status >/dev/null
	path_of["process $holder"]="/v1/process?pid=$holder"
	for command in "${!path_of[@]}"; do
		soon is_same_answer "$command" "${path_of[$command]}"
		[ "$(wc -l <"$dir/answer")" -eq 1 ]
		jq -e 'type == "object" and length > 0' "$dir/answer" >/dev/null
	done
}

@test "a daemon that is not there is one line and status 3" {
	for command in "${!path_of[@]}" 'process 1' top 'events --follow' "record $dir/file"; do
		for json in '' --json; do
			# Words on purpose.
			# shellcheck disable=SC2086
			refused 3 "memoir: cannot connect to $socket: No such file or directory; is memoird running?*" \
				"$MEMOIR" --socket "$socket" $json $command
			[ ! -s "$dir/output" ]
		done
	done
	[ ! -e "$dir/file" ]
	# A socket that nobody serves any more.
	start_daemon
	end_daemon KILL || true
	refused 3 "memoir: cannot connect to $socket: Connection refused; is memoird running?*" "$MEMOIR" --socket "$socket" status
}

@test "a process that is not there is one line and status 1" {
	start_daemon
	refused 1 "memoir: no such process*" "$MEMOIR" --socket "$socket" process 999999
	[ ! -s "$dir/output" ]
	refused 1 "memoir: no such process*" "$MEMOIR" --socket "$socket" --json process 999999
	jq -e .error "$dir/output"
}

@test "standard output that takes nothing is one line and status 1" {
	start_daemon
	for command in "${!path_of[@]}"; do
		for json in '' --json; do
			# shellcheck disable=SC2016,SC2086
			refused 1 'memoir: *' sh -c 'exec "$@" >/dev/full' sh "$MEMOIR" --socket "$socket" $json $command
		done
	done
}

@test "events --follow shows what happens later, and ends cleanly when interrupted" {
	start_daemon
	make_cgroup
	# What is there when it starts is shown first: then it is certain that it follows.
	touch_too_much
	"$MEMOIR" --socket "$socket" events --follow >"$dir/lines" 2>"$dir/complaint" 3>&- &
	follower=$!
	pids+=("$follower")
	"$MEMOIR" --socket "$socket" --json events --follow >"$dir/objects" 2>>"$dir/complaint" 3>&- &
	json_follower=$!
	pids+=("$json_follower")
	soon grep -q 'oom_kill workload' "$dir/lines"
	soon [ -s "$dir/objects" ]
	touch_too_much
	follows() {
		[ "$(grep -c ' oom_kill workload' "$dir/lines")" -eq 2 ] &&
			[ "$(jq -s '[.[].events[] | select(.victim_comm == "workload")] | length' "$dir/objects")" -eq 2 ]
	}
	soon follows
	# Each once, also those of others: a machine under load has stalls that are long enough to be events.
	jq -es '[.[].events[].number] | . == [range(1; length + 1)]' "$dir/objects"
	kill -INT "$follower" "$json_follower"
	wait "$follower"
	wait "$json_follower"
	cat "$dir/complaint"
	[ ! -s "$dir/complaint" ]
}

@test "events --follow waits for the next daemon" {
	start_daemon --pin "$pins"
	make_cgroup
	touch_too_much
	"$MEMOIR" --socket "$socket" events --follow >"$dir/lines" 2>"$dir/complaint" 3>&- &
	follower=$!
	pids+=("$follower")
	soon grep -q 'oom_kill workload' "$dir/lines"
	end_daemon
	soon grep -q 'retrying$' "$dir/complaint"
	start_daemon --pin "$pins"
	touch_too_much
	again() {
		[ "$(grep -c ' oom_kill workload' "$dir/lines")" -eq 2 ]
	}
	soon again
	kill -INT "$follower"
	wait "$follower"
	[ "$(wc -l <"$dir/complaint")" -eq 2 ]
	end_daemon
}

# --- record and replay ----------------------------------------------------------------------------

@test "what was recorded replays to the answer that the daemon gave" {
	# No snapshot but those that are asked for.
	start_daemon --interval 3600
	hold_pages
	memoir --json record "$dir/record" --seconds 1 >"$dir/sums"
	get /v1/processes >"$dir/live"
	"$MEMOIR" --json replay "$dir/record" top >"$dir/replayed"
	[ "$(jq .snapshot.sequence "$dir/live")" -eq "$(jq .snapshot.sequence "$dir/replayed")" ]
	[ "$(jq '.processes | length' "$dir/replayed")" -gt 2 ]
	diff <(jq -S '.processes | sort_by(.pid)' "$dir/live") <(jq -S '.processes | sort_by(.pid)' "$dir/replayed")
	diff <(jq -S .owners "$dir/live") <(jq -S .owners "$dir/replayed")
	for command in faults stalls probes; do
		get "/v1/$command" >"$dir/live"
		"$MEMOIR" --json replay "$dir/record" "$command" >"$dir/replayed"
		# Names of functions may come after the end of the record.
		cmp <(without_ages "$dir/live" | jq 'del(.stacks[]?.frames)') <(without_ages "$dir/replayed" | jq 'del(.stacks[]?.frames)')
	done
	[ "$(jq .bytes "$dir/sums")" -eq "$(stat -c %s "$dir/record")" ]
	[ "$(stat -c %a "$dir/record")" = 600 ]
	"$MEMOIR" replay "$dir/record" process "$holder" | grep -q "^Process     $holder holding$"
	refused 1 "memoir: no such process*" "$MEMOIR" replay "$dir/record" process 999999
}

@test "record goes on until it is interrupted, and what it wrote is whole" {
	start_daemon
	"$MEMOIR" --socket "$socket" record "$dir/record" >"$dir/output" 2>"$dir/complaint" 3>&- &
	recorder=$!
	pids+=("$recorder")
	# The beginning is written when the file is made or when a buffer is full; the file alone says that it is under way.
	soon [ -e "$dir/record" ]
	"$WORKLOAD" forks 1000 >/dev/null
	before=$(get '/v1/status' | jq .snapshot.sequence)
	kill -INT "$recorder"
	wait "$recorder"
	[ ! -s "$dir/complaint" ]
	# It ends with a snapshot that was taken for it, after the load.
	[ "$("$MEMOIR" --json replay "$dir/record" status | jq .snapshot.sequence)" -gt "$before" ]
	grep -Eq '^[0-9.]+k? records, ' "$dir/output"
	"$MEMOIR" replay "$dir/record" >/dev/null
	# What the departed did is there, under their name.
	"$MEMOIR" --json replay "$dir/record" top --groups | jq -e '[.groups[] | select(.comm == "workload").minor_faults] | add >= 1000' >/dev/null
}

@test "a machine of 5,000 processes can be recorded" {
	start_daemon
	mkfifo "$dir/crowd" "$dir/ready"
	exec {crowd}<>"$dir/crowd"
	"$WORKLOAD" crowd 5000 <"$dir/crowd" >"$dir/ready" 3>&- &
	pids+=("$!")
	read -r _ <"$dir/ready"
	memoir record "$dir/record" --seconds 2
	"$MEMOIR" --json replay "$dir/record" top | jq -e '[.processes[] | select(.comm == "workload")] | length >= 5000' >/dev/null
}

# --- the screen -----------------------------------------------------------------------------------

# on_terminal COMMAND...: runs it on a terminal of its own, 24 by 80. What it writes comes to $dir/screen, keys go
# to >&$keys, its status to $dir/status, the settings before and after to $dir/before and $dir/after.
on_terminal() {
	command -v script >/dev/null || skip "script is missing"
	mkfifo "$dir/keys"
	cat >"$dir/session" <<-END
		stty rows 24 cols 80
		tty >'$dir/tty'
		stty -g >'$dir/before'
		$*
		echo "\$?" >'$dir/status'
		stty -g >'$dir/after'
	END
	TERM=xterm script --quiet --flush --command "sh $dir/session" "$dir/screen" <"$dir/keys" >/dev/null 3>&- &
	session=$!
	pids+=("$session")
	exec {keys}>"$dir/keys"
}

# The session ends, with this status, and has left the terminal as it was.
left_as_found() {
	wait "$session" || true
	exec {keys}>&-
	[ "$(cat "$dir/status")" -eq "$1" ]
	cmp "$dir/before" "$dir/after"
	# The last word was to go back to the screen that was there, with a cursor.
	tail -c 200 "$dir/screen" | grep -aqF $'\e[?1049l'
	[ "$(grep -aoF $'\e[?25l' "$dir/screen" | wc -l)" -le "$(grep -aoE $'\e\\[\\?(12l\e\\[\\?)?25h' "$dir/screen" | wc -l)" ]
}

@test "top on a terminal is live, and q leaves it as it was" {
	start_daemon
	hold_pages
	on_terminal "'$MEMOIR' --socket '$socket' top --sort rss --interval 0.2"
	soon grep -aq holding "$dir/screen"
	printf q >&"$keys"
	left_as_found 0
}

@test "top on a terminal takes a filter, help, groups and another size" {
	start_daemon
	hold_pages
	on_terminal "'$MEMOIR' --socket '$socket' top --interval 0.2"
	soon grep -aq memoird "$dir/screen"
	printf '/holding\n' >&"$keys"
	soon grep -aq "$holder" "$dir/screen"
	printf 'h' >&"$keys"
	soon grep -aqi 'filter\|only rows' "$dir/screen"
	printf ' g' >&"$keys"
	for size in '5 20' '1 1' '200 300' '24 80'; do
		# shellcheck disable=SC2086
		set -- $size
		stty -F "$(cat "$dir/tty")" rows "$1" cols "$2"
		size_before=$(wc -c <"$dir/screen")
		printf 'r' >&"$keys"
		drawn() {
			[ "$(wc -c <"$dir/screen")" -gt "$size_before" ]
		}
		[ "$size" = '1 1' ] || soon drawn
	done
	printf q >&"$keys"
	left_as_found 0
}

@test "top leaves the terminal as it was when it is interrupted or ended" {
	start_daemon
	on_terminal "'$MEMOIR' --socket '$socket' top --interval 0.2"
	soon grep -aq memoird "$dir/screen"
	printf '\003' >&"$keys"
	left_as_found 0
	rm "$dir/keys" "$dir/status" "$dir/screen"
	on_terminal "'$MEMOIR' --socket '$socket' top --interval 0.2"
	soon grep -aq memoird "$dir/screen"
	kill -TERM "$(pgrep -f -- "^$MEMOIR --socket $socket top")"
	left_as_found 0
}

@test "top outlives the daemon and says that it is gone" {
	start_daemon
	on_terminal "'$MEMOIR' --socket '$socket' top --interval 0.2"
	soon grep -aq memoird "$dir/screen"
	end_daemon
	soon grep -aqE 'cannot connect|No such file|refused' "$dir/screen"
	printf q >&"$keys"
	left_as_found 0
}
