# SPDX-License-Identifier: GPL-2.0-or-later
# Processes with evil names: none of them reaches a reader as more than text.
# A name has no variables.
# shellcheck disable=SC2016

load daemon
load expect
load serving

evil_names=(
	$'a"b\\c\'d'             # quotes and a backslash
	$'x\nmemoir_evil 1'      # a line of its own
	$'\e]0;owned\a'          # the title of a terminal
	$'\e[31m\e[2J\r\b'       # colour, clear screen, back
	$'\xff\xfe\xc3(\xed\xa0\x80' # no UTF-8, and a surrogate
	$'\xc2\x9b31mred'        # CSI as one character
	$'\x9b31m\x7f\x90q\x9c'  # CSI and DCS as raw bytes
	$'\xe2\x80\xaegnp.exe'   # writes the rest from right to left
	'{comm="a"} 1 #,='       # the format of metrics
	'<script>alert(1'        # the page
	'%s%n%1$s'               # a format
	$'\t \v'                 # blanks
	''                       # none at all
)

start_evil() {
	local name
	evil_pids=()
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	for name in "${evil_names[@]}"; do
		"$WORKLOAD" named "$name" <"$dir/alive" >"$dir/pid" 3>&- &
		pids+=("$!")
		evil_pids+=("$!")
		until [ -s "$dir/pid" ]; do :; done
		: >"$dir/pid"
	done
}

# is_tame FILE: nothing that a terminal obeys: no control characters but ends of lines, and valid UTF-8 without
# C1 controls and without what changes the direction of writing. In the locale C, ASCII alone.
is_tame() {
	lacks '[\x00-\x09\x0b-\x1f\x7f]' "$1"
	lacks '\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$1"
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null
	[ "$LC_ALL" != C ] || lacks '[\x80-\xff]' "$1"
}

@test "no process name breaks /metrics" {
	start_evil
	start_daemon --max-groups 4000
	is_serving
	get /metrics >"$dir/metrics"
	promtool check metrics <"$dir/metrics"
	lacks '^memoir_evil|[\x00-\x09\x0b-\x1f]' "$dir/metrics"
	iconv -f UTF-8 -t UTF-8 "$dir/metrics" >/dev/null
	# What is not printable is shown as \xNN, in which the backslash is escaped once more.
	for label in 'a\"b\\x5cc'"'d" 'x\\x0amemoir_evil 1' '\\x1b]0;owned\\x07' '{comm=\"a\"} 1 #,' '<script>alert(1'; do
		grep -qF "memoir_group_minor_faults_total{comm=\"$label\"" "$dir/metrics"
	done
	curl --silent --unix-socket "$socket" --header 'Accept: application/openmetrics-text' http://localhost/metrics >"$dir/openmetrics"
	sed 's/^[^#].*/& 1700000000/' "$dir/openmetrics" >"$dir/timed"
	promtool tsdb create-blocks-from openmetrics "$dir/timed" "$dir/tsdb" >/dev/null
}

@test "no process name breaks the JSON, and each comes out of it as it is" {
	start_evil
	start_daemon
	for path in status probes processes groups faults stalls events; do
		get "/v1/$path?max_age_ms=0" >"$dir/reply"
		jq -e 'type == "object"' "$dir/reply" >/dev/null
		iconv -f UTF-8 -t UTF-8 "$dir/reply" >/dev/null
	done
	for i in "${!evil_names[@]}"; do
		get "/v1/process?pid=${evil_pids[i]}" >"$dir/reply"
		jq -e --argjson pid "${evil_pids[i]}" '.process.pid == $pid' "$dir/reply" >/dev/null
		# What is no UTF-8 is replaced.
		if printf '%s' "${evil_names[i]}" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1; then
			[ "$(jq -j .process.comm "$dir/reply" && echo .)" = "$(printf %.15s. "${evil_names[i]}")" ]
		fi
	done
}

@test "no process name reaches the terminal as more than text, live and replayed" {
	start_evil
	start_daemon
	"$MEMOIR" --socket "$socket" record "$dir/record" --seconds 1
	export COLUMNS=200
	for locale in C C.UTF-8; do
		export LC_ALL=$locale
		for source in "--socket $socket" "replay $dir/record"; do
			for command in status probes 'top --once' 'top --once --groups' stalls faults events; do
				# Words on purpose.
				# shellcheck disable=SC2086
				"$MEMOIR" $source $command >"$dir/output"
				echo "$source $command in $locale"
				[ -s "$dir/output" ]
				is_tame "$dir/output"
			done
			for pid in "${evil_pids[@]}"; do
				# shellcheck disable=SC2086
				"$MEMOIR" $source process "$pid" >"$dir/output"
				is_tame "$dir/output"
			done
		done
	done
}

@test "no process name reaches the terminal in the live screen" {
	command -v script >/dev/null || skip "script is missing"
	start_evil
	start_daemon
	export LC_ALL=C.UTF-8 TERM=xterm
	mkfifo "$dir/keys"
	script --quiet --return --flush --command "stty rows 200 cols 200; '$MEMOIR' --socket '$socket' top --sort comm" \
		"$dir/screen" <"$dir/keys" >/dev/null 3>&- &
	pids+=("$!")
	exec {keys}>"$dir/keys"
	soon grep -aq owned "$dir/screen"
	printf q >&"$keys"
	wait "${pids[-1]}"
	exec {keys}>&-
	lacks '\x1b\]|\xc2\x9b|\x9b31m|\xe2\x80\xae|\x1b\[2J\r\x08' "$dir/screen"
}
