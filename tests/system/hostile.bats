# SPDX-License-Identifier: GPL-2.0-or-later
# What a careless or malicious world does to daemon and command: a wrong start, missing parts of the kernel, no
# room, broken files, strangers. Each gives one clear line or a clean refusal.
# Programs of sh and jq are in single quotes.
# shellcheck disable=SC2016

load daemon
load expect
load serving

# What a daemon in the foreground is started with.
quiet=(--listen none --pin none)

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
