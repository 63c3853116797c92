# SPDX-License-Identifier: GPL-2.0-or-later
# Rude clients: each is refused or cut off, and what serves others goes on.

load daemon
load expect
load serving

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
			soon is_healthy
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

# All that the daemon has: their descriptors are in $clients.
take_all_connections() {
	local client
	clients=()
	for _ in {1..64}; do
		exec {client}<>"/dev/tcp/127.0.0.1/$port"
		clients+=("$client")
	done
}

@test "when all connections are taken the next one is turned away, and served when they have gone" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	take_all_connections
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
	take_all_connections
	# The daemon ends each: without that, this would time out.
	timeout 60 cat <&"${clients[-1]}" >/dev/null
	soon is_healthy
}

@test "whoever takes all connections over TCP does not keep the command from its socket" {
	start_daemon --listen 127.0.0.1:0
	port=$(tcp_port)
	take_all_connections
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
