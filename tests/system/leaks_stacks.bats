# SPDX-License-Identifier: GPL-2.0-or-later
# Where memory was allocated, on the live kernel: of a program that keeps what one function takes, and gives back what
# another does, the first is a suspect and the second is not; so is what it leaves in pipes, under the kernel's function;
# and bytes are what the program counts.
# shellcheck disable=SC2154

load daemon
load expect
PLACES=$BUILD/tests/workloads/places
MANY=$BUILD/tests/workloads/many

# Pages in each tenth of a second: 4 MiB/s, so that 16 pages that are followed come in a second.
PAGES=102
# ... and 1 MiB/s into pipes.
PIPE_PAGES=26

places() {
	get '/v1/leaks/stacks?max_age_ms=1000' >"$dir/stacks"
}

# rows_of FUNCTION: the rows of the program whose innermost frame is in the function at this address.
rows_of() {
	jq -ce --argjson pid "${pids[0]}" --argjson first "$(($1))" '
		def number: ltrimstr("0x") | explode | reduce .[] as $c (0; . * 16 + (if $c > 96 then $c - 87 else $c - 48 end));
		.stacks[] | select(.pid == $pid and .user_stack.frames[0] != null)
			| select(.user_stack.frames[0].address | number | . >= $first and . < $first + 512)' "$dir/stacks"
}

# place FUNCTION: the one with most.
place() {
	rows_of "$1" | jq -cse 'max_by(.bytes)'
}

place_has() {
	places && place "$1" | jq -e --argjson least "$2" '. != null and .bytes >= $least' >/dev/null
}

is_suspect() {
	places && place "$1" | jq -e .is_suspect >/dev/null
}

# pipes OWNER PID: the row of what this owner has in pipes.
pipes() {
	jq -e --arg owner "$1" --argjson pid "$2" '[.stacks[] | select(.owner == $owner and .pid == $pid)
		| select(.kernel_stack.callers | startswith("anon_pipe_") or startswith("pipe_write"))]
		| max_by(.bytes)' "$dir/stacks"
}

pipes_are_suspect() {
	places && pipes kernel null | jq -e .is_suspect >/dev/null &&
		pipes process "${pids[0]}" | jq -e .is_suspect >/dev/null
}

# counts: pages that the program has at its places, now.
counts() {
	echo >&"$stay"
	read -r kept cycled filled <&"$reports"
}

folded_has() {
	memoir leaks --folded >"$dir/folded"
	grep -q "$1" "$dir/folded"
}

# within_errors BYTES ERROR PAGES PAGES: an estimate of what was between both of these, within five errors.
within_errors() {
	local bytes=$1 error=$2 least=$(($3 * 4096)) most=$(($4 * 4096))
	echo "$bytes +- $error, counted $least to $most"
	[ $((bytes + 5 * error)) -ge "$least" ] && [ $((bytes - 5 * error)) -le "$most" ]
}

@test "what is kept is a suspect under its function's address, what is cycled is not, pipes are the kernel's; bytes agree" {
	local grow cycle before filled_before deadline
	start_daemon
	lay "$PLACES" 11 "$PAGES" 3072 "$PIPE_PAGES"
	read -r grow cycle <&"$reports"
	deadline=$((SECONDS + 240))
	until is_suspect "$grow"; do
		[ "$SECONDS" -lt "$deadline" ]
		never is_suspect "$cycle"
		sleep 1
	done
	# The cycle of the other one is known by now: it is 3072 pages, and as many are taken in 3 s.
	never is_suspect "$cycle"
	# The kernel's memory grows from the same moment on, but a quarter as fast.
	soon pipes_are_suspect
	counts
	before=$kept filled_before=$filled
	get '/v1/leaks/stacks?max_age_ms=0' >"$dir/stacks"
	counts
	pipes process "${pids[0]}" >"$dir/pipes"
	within_errors "$(jq .bytes "$dir/pipes")" "$(jq .bytes_error "$dir/pipes")" "$filled_before" "$filled"
	place "$grow" >"$dir/grow"
	within_errors "$(jq .bytes "$dir/grow")" "$(jq .bytes_error "$dir/grow")" "$before" "$kept"
	jq -e '.growth | .bytes_per_hour > 3 * .bytes_per_hour_error and .kept_share >= 0.9' "$dir/grow"
	# What the pages are is told by the names that this kernel's functions have.
	[ "$(jq -r .memory "$dir/grow")" = anonymous ]
	[ "$(jq -r .memory "$dir/pipes")" = other ]
	# It comes first of the program's places, and what it says is whole.
	[ "$(jq --argjson pid "${pids[0]}" '[.stacks[] | select(.pid == $pid)][0].is_suspect' "$dir/stacks")" = true ]
	no_losses "$(get /v1/status)"

	# The same as a flame graph, which a browser can read, and since a moment ago.
	memoir leaks --folded >"$dir/folded"
	grep -qE '^places;.*;asm_exc_page_fault_\[k\];.* [0-9]+$' "$dir/folded"
	never grep -qvE '^[^;]+(;[^;]+)* [0-9]+$' "$dir/folded"
	memoir leaks --svg >"$dir/graph.svg"
	xmllint --noout --nonet "$dir/graph.svg"
	memoir leaks --json >"$dir/then"
	before=$kept
	sleep 3
	COLUMNS=80 memoir leaks --since "$dir/then" >"$dir/since"
	cat "$dir/since"
	grep -qE "^ *${pids[0]} +places .* \+[0-9.]+MiB" "$dir/since"
	grep -qE "^\+[0-9.]+MiB +[0-9.]+[KM]iB +[0-9.]+MiB +${pids[0]} +places " "$dir/since"
	[ "$(LC_ALL=C.UTF-8 wc -L <"$dir/since")" -le 80 ]
}

@test "a place stays one when somebody else traces the same tracepoint" {
	local grow second
	start_daemon
	lay "$PLACES" 0 "$PAGES" 3072 0
	read -r grow _ <&"$reports"
	soon place_has "$grow" $((8 << 20))
	mkfifo "$dir/second"
	"$MEMOIRD" --listen none --pin none --socket "$dir/second.sock" 2>"$dir/second" 3>&- &
	pids+=("$!")
	exec {second}<"$dir/second"
	timeout "$silence_s" grep -m 1 'live view' <&"$second"
	soon place_has "$grow" $((24 << 20))
	exec {second}<&-
	# Page tables, say, come from the same function, but not from the same of the kernel's.
	rows_of "$grow" | jq -se 'map([.migratetype, .user_stack, .kernel_stack]) | length > 0 and length == (unique | length)'
}

# places_of PID: how many of its functions have a row, the innermost ones.
places_of() {
	jq --argjson pid "$1" '[.stacks[] | select(.pid == $pid) | .user_stack.frames[0].address | values] | unique | length' \
		"$dir/stacks"
}

# read_since SECOND: whether live pages were read after this; by a path that asks for no names.
read_since() {
	get '/v1/fragmentation?max_age_ms=500' |
		jq -e --argjson least_s "$((SECONDS - $1))" '.holders.age_ns < ($least_s - 1) * 1e9' >/dev/null
}

@test "a flame graph names all places, and the same code of two processes is one" {
	local pid laid
	# Snapshots are far apart, so that names come because they are asked for.
	start_daemon --interval 60
	lay "$MANY" 11
	"$MANY" 11 <&"$stay" >"$dir/second" 3>&- &
	pids+=("$!")
	grep -q laid <&"$reports"
	soon grep -q laid "$dir/second"
	laid=$SECONDS
	soon read_since "$laid"
	soon has_named_places 30
	places
	for pid in "${pids[@]}"; do
		[ "$(places_of "$pid")" -ge 30 ]
	done
	# A line for each function, whichever of them it was, and none that is a number.
	[ -z "$(grep -E '^many;' "$dir/folded" | grep -oE 'place_[0-9]{2};.*do_anonymous_page' | sort | uniq -d)" ]
	lacks '^many;.*;0x[0-9a-f]+;.*do_anonymous_page' "$dir/folded"
	soon names_are_complete
}

# has_named_places NR: so many of them, in folded stacks
has_named_places() {
	local nr
	memoir leaks --folded >"$dir/folded"
	nr=$(grep -oE '^many;.*;place_[0-9]{2};' "$dir/folded" | grep -oE 'place_[0-9]{2}' | sort -u | wc -l)
	echo "$nr places have names"
	[ "$nr" -ge "$1" ]
}

names_are_complete() {
	get /v1/leaks/stacks | jq -e '.names_are_pending == false' >/dev/null
}

@test "names of processes cannot break out of folded stacks or a picture" {
	local name=$'</title>;&\n\e[1m'
	start_daemon
	lay "$PLACES" 0 "$PAGES" 3072 0 "$name"
	read -r _ <&"$reports"
	soon folded_has '</title>:&'
	lacks '\x1b' "$dir/folded"
	never grep -qvE ' [0-9]+$' "$dir/folded"
	memoir leaks --svg >"$dir/graph.svg"
	lacks '\x1b' "$dir/graph.svg"
	xmllint --noout --nonet "$dir/graph.svg"
	grep -q '&lt;/title&gt;:&amp;' "$dir/graph.svg"
}

@test "a snapshot that cannot be compared is refused in one line" {
	start_daemon
	memoir leaks --json >"$dir/then"
	jq -c '.boot_id = "other"' "$dir/then" >"$dir/other"
	jq -c '.time_ns = 9e18' "$dir/then" >"$dir/later"
	echo '{"processes": []}' >"$dir/foreign"
	head -c 100 "$dir/then" >"$dir/cut"
	refused 1 '*--since */other: it is of another boot, or of another machine' \
		"$MEMOIR" --socket "$socket" leaks --since "$dir/other"
	refused 1 '*--since */later: it is later than *' "$MEMOIR" --socket "$socket" leaks --since "$dir/later"
	refused 1 '*--since */foreign: it is no answer of memoir leaks --json' \
		"$MEMOIR" --socket "$socket" leaks --since "$dir/foreign"
	refused 1 '*--since */cut: it is no answer of memoir leaks --json: *' \
		"$MEMOIR" --socket "$socket" leaks --since "$dir/cut"
	refused 1 '*--since */none: No such file or directory; *' "$MEMOIR" --socket "$socket" leaks --since "$dir/none"
	refused 2 '*only one of them' "$MEMOIR" leaks --since "$dir/then" --svg
	refused 2 '*--json: *' "$MEMOIR" --json leaks --folded
	memoir leaks --since "$dir/then" | grep -q '^Since '
}
