# SPDX-License-Identifier: GPL-2.0-or-later
# What a careless or malicious world does to daemon and command: a wrong start, missing parts of the kernel, no
# room, broken files, rude clients, evil names. Each gives one clear line or a clean refusal, and what serves others goes on.
# Programs of sh and jq are in single quotes.
# shellcheck disable=SC2016

load daemon
load expect

# What a daemon in the foreground is started with.
quiet=(--listen none --pin none)

# is_serving: the daemon still answers, with a snapshot of now.
is_serving() {
	get '/v1/status?max_age_ms=0' | jq -e '.tasks > 0' >/dev/null
}

# tcp_port: where the daemon listens, which was told to take any port.
tcp_port() {
	local link address inode state rest
	while read -r _ address _ state _ _ _ _ _ inode rest; do
		[ "$state" = 0A ] || continue
		for link in /proc/"$daemon"/fd/*; do
			if [ "$(readlink "$link")" = "socket:[$inode]" ]; then
				echo $((16#${address#*:}))
				return 0
			fi
		done
	done </proc/net/tcp
	return 1
}

scrape() {
	curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{http_code}\n' "http://127.0.0.1:$port$1"
}

# --- a wrong start --------------------------------------------------------------------------------

@test "unknown options and arguments are usage errors that name them" {
	for program in "$MEMOIRD" "$MEMOIR"; do
		run "$program" --frobnicate
		[ "$status" -eq 2 ]
		[[ ${lines[0]} == *"unrecognized option '--frobnicate'" ]]
		[ "${#lines[@]}" -le 2 ]
	done
	refused 2 'memoird: nonsense: *' "$MEMOIRD" nonsense
	refused 2 'memoir: nonsense: *' "$MEMOIR" nonsense
	refused 2 'memoird: --interval 0: must be *' "$MEMOIRD" --interval 0
	refused 2 'memoird: --interval nan: must be *' "$MEMOIRD" --interval nan
	refused 2 'memoird: --max-groups -1: must be *' "$MEMOIRD" --max-groups -1
	refused 2 'memoird: --socket run: must be *' "$MEMOIRD" --socket run
	refused 2 'memoird: --listen 127.0.0.1: must be *' "$MEMOIRD" --listen 127.0.0.1
	long=$dir/$(printf '%0120d' 0)
	refused 2 "memoird: --socket $long: must be shorter than *" "$MEMOIRD" --listen none --pin none --socket "$long"
	refused 2 'memoir: process 0: must be *' "$MEMOIR" process 0
	refused 2 'memoir: --sort size: must be *' "$MEMOIR" top --sort size
	refused 2 'memoir: record: FILE is missing' "$MEMOIR" record
}

@test "a busy TCP port is refused, and whoever has it keeps it" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	refused 1 "memoird: cannot listen on 127.0.0.1:$port: another program does; *" \
		"$MEMOIRD" --listen "127.0.0.1:$port" --pin none --socket "$dir/second/memoir.sock"
	[ "$(scrape /healthz)" = 200 ]
}

@test "a folder that cannot take the socket is refused" {
	try() {
		refused 1 "$1" "$MEMOIRD" "${quiet[@]}" --socket "$2"
	}
	try "memoird: cannot make $dir/none/deeper for the socket: *" "$dir/none/deeper/memoir.sock"
	touch "$dir/file"
	try "memoird: $dir/file is not a directory: *" "$dir/file/memoir.sock"
	try "memoird: cannot make /proc/nothing for the socket: *" /proc/nothing/memoir.sock
	mkdir -m 0777 "$dir/open"
	try "memoird: $dir/open can be written by others, *" "$dir/open/memoir.sock"
	mkdir "$dir/readonly"
	refused 1 "memoird: cannot listen on $dir/readonly/memoir.sock: Read-only file system; *" \
		unshare --mount sh -c 'mount -t tmpfs -o ro,mode=0755 tmpfs "$1" && shift && exec "$@"' sh "$dir/readonly" \
		"$MEMOIRD" "${quiet[@]}" --socket "$dir/readonly/memoir.sock"
}

@test "the socket of a living daemon is left alone, that of a dead one is replaced" {
	start_daemon
	refused 1 "memoird: another memoird answers on $socket: stop it, *" "$MEMOIRD" "${quiet[@]}" --socket "$socket"
	is_serving
	end_daemon KILL || true
	[ -S "$socket" ]
	start_daemon
	is_serving
	end_daemon
	echo precious >"$dir/run/file"
	refused 1 "memoird: $dir/run/file exists and is not a socket: *" "$MEMOIRD" "${quiet[@]}" --socket "$dir/run/file"
	[ "$(cat "$dir/run/file")" = precious ]
}

@test "a folder of pins serves one daemon" {
	start_daemon --pin "$pins"
	refused 1 "memoird: $pins is in use by another memoird; *" \
		"$MEMOIRD" --listen none --pin "$pins" --socket "$dir/second/memoir.sock"
	refused 1 "memoird: $pins is in use by another memoird; *" "$MEMOIRD" --pin "$pins" --uninstall-probes
	is_serving
}

@test "pins on what is no bpffs are refused" {
	refused 1 "memoird: $dir/pins is not on bpffs: *" \
		"$MEMOIRD" --listen none --pin "$dir/pins" --socket "$dir/run/memoir.sock"
}

# --- a kernel without, a user without -------------------------------------------------------------

@test "a kernel without type information is refused" {
	[ -e /sys/kernel/btf/vmlinux ]
	: >"$dir/empty"
	refused 1 "memoird: cannot read the kernel's type information /sys/kernel/btf/vmlinux: *CONFIG_DEBUG_INFO_BTF=y" \
		unshare --mount sh -c 'mount --bind "$1" /sys/kernel/btf/vmlinux && shift && exec "$@"' sh "$dir/empty" \
		"$MEMOIRD" "${quiet[@]}" --socket "$socket"
	refused 1 "memoird: cannot read the kernel's type information /sys/kernel/btf/vmlinux: *CONFIG_DEBUG_INFO_BTF=y" \
		unshare --mount sh -c 'mount -t tmpfs tmpfs /sys/kernel/btf && exec "$@"' sh \
		"$MEMOIRD" "${quiet[@]}" --socket "$socket"
}

@test "tracefs and debugfs are not needed" {
	mkfifo "$dir/errors"
	unshare --mount sh -c 'mount -t tmpfs tmpfs /sys/kernel/tracing && mount -t tmpfs tmpfs /sys/kernel/debug &&
		exec "$@"' sh "$MEMOIRD" "${quiet[@]}" --socket "$socket" --interval 1 2>"$dir/errors" 3>&- &
	daemon=$!
	exec {errors}<"$dir/errors"
	wait_for_message '*live view*' >"$dir/messages"
	cat "$dir/messages"
	get /v1/probes | jq -e '.probes | length > 0 and all(.state == "attached" or (.state == "optional" and .reason != "") or .state == "on_request")'
	get /metrics | promtool check metrics
	is_serving
	end_daemon
}

@test "a user without privileges is told what is needed" {
	chmod 0711 "$dir"
	install -m 0755 "$MEMOIRD" "$dir/memoird"
	install -d -o 65534 -g 65534 "$dir/theirs"
	refused 1 "memoird: cannot *: Operation not permitted; memoird needs root, or CAP_BPF and CAP_PERFMON" \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$dir/memoird" "${quiet[@]}" --socket "$dir/theirs/memoir.sock"
	refused 1 "memoird: cannot *: Operation not permitted; memoird needs root, or CAP_BPF and CAP_PERFMON" \
		setpriv --bounding-set -all --inh-caps -all "$MEMOIRD" "${quiet[@]}" --socket "$socket"
}

@test "a folder of pins that a stranger has made is refused" {
	mkdir -m 0700 "$pins"
	chown 65534 "$pins"
	refused 1 "memoird: $pins must be a directory of this user with mode 0700; *" \
		"$MEMOIRD" --listen none --pin "$pins" --socket "$socket"
}

# --- no room, broken files ------------------------------------------------------------------------

small_disk() {
	mkdir "$dir/small"
	mount -t tmpfs -o size=256k tmpfs "$dir/small"
}

@test "a full disk ends --record with one line; the daemon goes on, the file is whole" {
	small_disk
	start_daemon --interval 0.1 --record "$dir/small/record"
	wait_for_message "memoird: cannot write to $dir/small/record: No space left on device; recording ends, *"
	is_serving
	# A machine with many processes may fill it with less than one snapshot.
	"$MEMOIR" replay "$dir/small/record" probes | grep -q ' attached '
	end_daemon
}

@test "a full disk ends memoir record with one line; the file is whole" {
	small_disk
	start_daemon --interval 0.1
	refused 1 "memoir: cannot write to $dir/small/record: No space left on device; the records before, *" \
		"$MEMOIR" --socket "$socket" record "$dir/small/record"
	# A machine with many processes may fill it with less than one snapshot.
	"$MEMOIR" replay "$dir/small/record" probes | grep -q ' attached '
	is_serving
}

@test "a record file that exists is never touched" {
	start_daemon
	echo precious >"$dir/file"
	ln -s "$dir/absent" "$dir/link"
	for file in "$dir/file" "$dir/link"; do
		refused 1 "memoir: cannot create $file: *" "$MEMOIR" --socket "$socket" record "$file"
		refused 1 "memoird: cannot create $file: *" "$MEMOIRD" "${quiet[@]}" --socket "$dir/second/memoir.sock" --record "$file"
	done
	[ "$(cat "$dir/file")" = precious ]
	[ ! -e "$dir/absent" ]
}

@test "a record file that was cut off shows what came before, and says so" {
	start_daemon
	"$MEMOIR" --socket "$socket" record "$dir/whole" --seconds 2
	"$MEMOIR" replay "$dir/whole" >/dev/null
	size=$(stat -c %s "$dir/whole")
	# Inside the last record; inside a record in the middle, which is never cut at a multiple of 8.
	for cut in $((size - 8)) $((size / 2 / 8 * 8 + 4)); do
		head -c "$cut" "$dir/whole" >"$dir/cut"
		refused 1 "memoird: $dir/cut, byte *: it ends inside a record; *" "$MEMOIRD" --replay "$dir/cut"
		promtool check metrics <"$dir/output"
		refused 1 "memoir: $dir/cut, byte *: it ends inside a record; *" "$MEMOIR" replay "$dir/cut" status
		grep -q '^Snapshot' "$dir/output"
	done
	# Inside the first record there is nothing to show.
	head -c 24 "$dir/whole" >"$dir/cut"
	run "$MEMOIR" replay "$dir/cut" status
	[ "$status" -eq 1 ]
	[[ ${lines[0]} == "memoir: $dir/cut, byte 16: it ends inside a record; "* ]]
}

@test "a file that is no record file is refused" {
	start_daemon
	"$MEMOIR" --socket "$socket" record "$dir/whole" --seconds 1
	: >"$dir/empty"
	head -c 100000 /dev/urandom >"$dir/noise"
	{ head -c 16 "$dir/whole" && head -c 4096 /dev/zero; } >"$dir/zeroes"
	{ head -c 16 "$dir/whole" && head -c 4096 /dev/zero | tr '\0' '\377'; } >"$dir/ones"
	# A stranger in the middle of good records, and one that is cut off there.
	{ head -c 1024 "$dir/whole" && head -c 4096 "$dir/noise"; } >"$dir/mixed"
	for file in "$dir/empty" "$dir/noise" "$dir/zeroes" "$dir/ones" "$dir/mixed" "$dir/absent" "$dir" /dev/zero; do
		refused 1 "memoird: *$file*: *" "$MEMOIRD" --replay "$file"
		refused 1 "memoir: *$file*: *" "$MEMOIR" replay "$file"
	done
}

# --- rude clients ---------------------------------------------------------------------------------

# raw ADDRESS: sends standard input to this address of socat's, and prints what is answered.
raw() {
	timeout 60 socat -t 60 - "$1" 2>/dev/null || true
}

# long_line BYTES, long_header BYTES: a request with that much in it.
long_line() {
	printf 'GET /'
	head -c "$1" /dev/zero | tr '\0' a
	printf ' HTTP/1.1\r\nHost: localhost\r\n\r\n'
}
long_header() {
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: '
	head -c "$1" /dev/zero | tr '\0' a
	printf '\r\n\r\n'
}

@test "a request line of 1 MiB, and a header of it, is refused, and the next one served" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	for address in "UNIX-CONNECT:$socket" "TCP:127.0.0.1:$port"; do
		for request in long_line long_header; do
			# This much is on its way as a whole before the answer comes.
			"$request" 20000 | raw "$address" >"$dir/reply"
			echo "$request to $address: $(head -n 1 "$dir/reply")"
			grep -q '^HTTP/1.1 4' "$dir/reply"
			# Here the connection may be closed while we still send, and the answer be lost.
			"$request" 1048576 | raw "$address" >"$dir/reply"
			[ ! -s "$dir/reply" ] || grep -q '^HTTP/1.1 4' "$dir/reply"
			is_serving
			[ "$(scrape /healthz)" = 200 ]
		done
	done
}

@test "what is no HTTP is refused, and the next one served" {
	start_daemon
	head -c 65536 /dev/urandom | socat -u - "UNIX-CONNECT:$socket" 2>/dev/null || true
	printf '\0\0\0\0' | socat -u - "UNIX-CONNECT:$socket"
	[ "$(get '/v1/process?pid=-1' | jq -r .error)" != null ]
	[ "$(get '/v1/process?pid=99999999999999999999999' | jq -r .error)" != null ]
	[ "$(get '/v1/../../etc/passwd' | jq -r .error)" != null ]
	printf 'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n' |
		raw "UNIX-CONNECT:$socket" | head -n 1 | grep ' 405 '
	is_serving
}

# answers STATUS REQUEST PATTERN: what the daemon says to a request, on its socket.
answers() {
	local status
	status=$(curl --silent --globoff --unix-socket "$socket" --output "$dir/reply" --write-out '%{http_code}' "http://localhost$2")
	echo "$2: $status $(head -n 1 "$dir/reply")"
	# shellcheck disable=SC2053
	[ "$status" = "$1" ] && [[ $(<"$dir/reply") == $3 ]] && [ "$(wc -l <"$dir/reply")" -eq 1 ]
}

@test "a query that is not understood is refused in one line, wherever it is asked" {
	start_daemon --listen 127.0.0.1:0
	for path in status probes processes groups faults stalls events fragmentation doctor numa slab leaks leaks/stacks leaks/trace record; do
		answers 400 "/v1/$path?maxage=1" '{"error":"maxage: /v1/'"$path"' has no such parameter; it has *"}'
	done
	for path in /metrics /healthz /; do
		answers 400 "$path?x=1" "x: $path has no such parameter; it has none"
		[ "$(curl --silent --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$(tcp_port)$path?x=1")" = 400 ]
	done
	answers 400 '/v1/process?pid=1&pid=1' '{"error":"pid: is there twice*"}'
	answers 400 '/v1/process?pi%00=1' '{"error":"%00: *"}'
	answers 400 '/v1/process?pid=1%00' '{"error":"%00: *"}'
	answers 400 '/v1/process?pid' '{"error":"pid=: must be *"}'
	answers 400 '/v1/status?%22%0a%1b%ff' '{"error":"\\"???: *"}'
	answers 400 '/v1/leaks/trace?kernel=2' '{"error":"kernel=2: must be *"}'
	answers 400 '/v1/leaks/trace?kernel=1' '{"error":"kernel: goes with seconds only"}'
	answers 400 '/v1/leaks/trace?pid=1&seconds=0' '{"error":"seconds=0: must be *"}'
	answers 400 '/v1/leaks/trace?pid=0&seconds=1' '{"error":"pid=0: must be *"}'
	answers 404 '/v1/nothing?x=1' '{"error":"no such path*"}'
	answers 200 '/v1/leaks/trace?' '{"is_running":false,*"trace":null}'
	is_serving
}

@test "clients that never send and clients that never read do not keep others from being served" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	for _ in {1..30}; do
		exec {client}<>"/dev/tcp/127.0.0.1/$port"
	done
	for _ in {1..30}; do
		exec {client}<>"/dev/tcp/127.0.0.1/$port"
		# More replies than any buffer of the kernel takes.
		for _ in {1..200}; do
			printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'
		done >&"$client"
	done
	[ "$(scrape /metrics)" = 200 ]
	is_serving
}

@test "when all connections are taken the next one is turned away, and served when they have gone" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	clients=()
	for _ in {1..64}; do
		exec {client}<>"/dev/tcp/127.0.0.1/$port"
		clients+=("$client")
	done
	run scrape /healthz
	echo "the 65th: $output"
	[ "$status" -ne 0 ]
	for client in "${clients[@]}"; do
		exec {client}>&-
	done
	soon curl --silent --fail "http://127.0.0.1:$port/healthz"
	is_serving
}

@test "idle connections are cut off" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	for _ in {1..64}; do
		exec {client}<>"/dev/tcp/127.0.0.1/$port"
	done
	# The daemon ends each: without that, this would time out.
	timeout 60 cat <&"$client" >/dev/null
	[ "$(scrape /healthz)" = 200 ]
}

@test "whoever takes all connections over TCP does not keep the command from its socket" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	for _ in {1..64}; do
		exec {client}<>"/dev/tcp/127.0.0.1/$port"
	done
	"$MEMOIR" --socket "$socket" status >/dev/null
}

@test "a reader of the record stream that does not read is cut off, and said so" {
	start_daemon --interval 0.1
	mkfifo "$dir/unread"
	background curl --silent --unix-socket "$socket" --output "$dir/unread" http://localhost/v1/record
	exec {unread}<"$dir/unread"
	"$WORKLOAD" forks 20000 >/dev/null
	wait_for_message '*a reader of /v1/record is too slow*'
	is_serving
	exec {unread}<&-
}

# --- evil names -----------------------------------------------------------------------------------

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

# --- who may ask ----------------------------------------------------------------------------------

@test "the socket is for root and its group; its folder belongs to root" {
	start_daemon
	[ "$(stat -c '%a %u' "$socket")" = '660 0' ]
	[ "$(stat -c %u "$dir/run")" -eq 0 ]
	[ $((0$(stat -c %a "$dir/run") & 022)) -eq 0 ]
	ask_as() {
		setpriv --reuid 65534 --regid "$1" --clear-groups curl --silent --max-time 30 --output /dev/null \
			--write-out '%{http_code}' --unix-socket "$socket" http://localhost/v1/status
	}
	# By the mode of the file; and by their credentials where that has been opened.
	chmod 0711 "$dir" "$dir/run"
	run ask_as 65534
	[ "$output" = 000 ]
	chmod 0666 "$socket"
	run ask_as 65534
	[ "$output" = 403 ]
	wait_for_message '*refused a request of uid 65534*'
	run ask_as "$(stat -c %g "$socket")"
	[ "$output" = 200 ]
}

@test "the command does not believe a stranger's socket" {
	chmod 0711 "$dir"
	install -d -o 65534 -g 65534 "$dir/theirs"
	background setpriv --reuid 65534 --regid 65534 --clear-groups \
		socat "UNIX-LISTEN:$dir/theirs/memoir.sock,fork" 'SYSTEM:printf "HTTP/1.0 200 OK\r\n\r\n{}"'
	soon [ -S "$dir/theirs/memoir.sock" ]
	refused 1 'memoir: * is served by uid 65534, neither root nor you: refused' \
		"$MEMOIR" --socket "$dir/theirs/memoir.sock" status
}
