# SPDX-License-Identifier: GPL-2.0-or-later
# memoir process PID --heap against what malloc itself counts (mallinfo2(3)), against what malloc_trim(3) gives back, and
# against what the kernel counts (smaps), for heaps that were laid out on purpose. A $ in the filters is one of jq's.
# shellcheck disable=SC2016

load daemon
load expect

HEAP=$BUILD/tests/workloads/heap

# A process of the workload that waits; its pid is in $laid, and what malloc counts in $dir/malloc.
lay_heap() {
	lay "$HEAP" "$@"
	report
	laid=$(jq .pid "$dir/malloc")
	fresh /v1/status >/dev/null
}

# report: the next line of the process. Nothing comes for a long time where it has died.
report() {
	read -r -t "$silence_s" line <&"$reports"
	cat >"$dir/malloc" <<<"$line"
}

# agrees FILTER: it is true of the member; $malloc in it is what malloc counts.
agrees() {
	holds '$counted[0] as $malloc | . | '"$1" --slurpfile counted "$dir/malloc" || {
		cat "$dir/malloc"
		return 1
	}
}

# smaps PID KEY [NAME]: the bytes under KEY of the process, or of its mapping of that name.
smaps() {
	awk -v key="$2:" -v name="${3:-}" '$1 ~ /-/ { here = !name || $NF == name }
		here && $1 == key { sum += $2 * 1024 } END { print sum + 0 }' "/proc/$1/smaps"
}

# What must hold of every heap that malloc's own counts are at hand for.
is_as_malloc_counts() {
	holds '.end == "complete" and (.mappings_changed | not) and .all_arenas'
	holds 'all(.arenas[]; .end == "complete" and (.changed | not) and .unseen_bytes == 0)'
	holds '.all | .unknown_bytes == 0 and .changed_blocks == 0'
	agrees '.all.bytes == $malloc.arena'
	agrees '.all.used_bytes + .all.overhead_bytes == $malloc.uordblks'
	agrees '.all.free_bytes == $malloc.fordblks and .all.fastbin_bytes == $malloc.fsmblks'
	agrees '(.arenas[] | select(.kind == "main").top_bytes) == $malloc.keepcost'
	agrees '.mapped_blocks | .bytes == $malloc.hblkhd and .found == $malloc.hblks and .found_bytes == .bytes'
	holds '([.free_runs[].bytes] | add) == .all.free_bytes'
	holds '([.free_runs[].resident_bytes] | add) == .all.free_resident_bytes'
	holds "(.arenas[] | select(.kind == \"main\").resident_bytes) == $(smaps "$laid" Rss '[heap]')"
	holds ".process_anonymous_bytes == $(smaps "$laid" Anonymous)"
}

# What memoir says that malloc_trim(0) would give back is what it gives back.
trims_as_said() {
	local before after said
	said=$(jq .all.trimmable_bytes "$dir/member")
	before=$(smaps "$laid" Rss)
	echo trim >&"$stay"
	report
	after=$(smaps "$laid" Rss)
	echo "said $said, gave back $((before - after))"
	[ "$((before - after))" -eq "$said" ]
}

@test "a heap of which every second block is free is as malloc counts, and little of it can be given back" {
	start_daemon
	lay_heap pieces 50000 200 2
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds '.all.free_resident_bytes / .all.resident_bytes > 0.49'
	holds '[.free_runs[] | select(.min_bytes == 128)] | .[0].runs > 24000'
	holds '.all.trimmable_bytes < 0.01 * .all.free_bytes'
	# malloc keeps a few of a size for the thread, 7 or 16 by its version, and counts them as handed out.
	holds '.thread_caches | .caches == 1 and .blocks >= 7 and .blocks <= 16 and .bytes == .blocks * 208'
	trims_as_said
}

@test "what is free in one piece can be given back, and then is not resident but still free" {
	start_daemon
	lay_heap half 50000 1000
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds '.all.trimmable_bytes > 24e6 and .all.largest_free_bytes > 24e6'
	trims_as_said
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds '.all.free_bytes > 24e6 and .all.free_resident_bytes < 20000 and .all.trimmable_bytes == 0'
}

@test "small blocks in fastbins are free, as malloc_trim() will join them" {
	start_daemon
	lay_heap pieces 100000 56 1
	[ "$(jq .fsmblks "$dir/malloc")" -gt 0 ] || skip "this glibc has no fastbins"
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds '.all.fastbin_bytes > 6e6 and .all.trimmable_bytes > 6e6'
	trims_as_said
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds '.all.fastbin_bytes == 0 and .all.resident_bytes < 20000'
}

@test "threads have arenas of their own, of more than one heap where 64 MiB are not enough" {
	start_daemon
	lay_heap threads 3 200000 600 3
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds '[.arenas[] | select(.kind == "thread" and .heaps >= 2)] | length == 3'
	holds '[.arenas[] | .resident_bytes] == ([.arenas[] | .resident_bytes] | sort | reverse)'
	holds '.thread_caches.caches == 3'
	trims_as_said
}

@test "what is free at the ends of threads' heaps is not given back" {
	start_daemon
	# Too large for the caches of threads, which would keep the last ones.
	lay_heap threads 4 100 2000 1
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds 'all(.arenas[] | select(.kind == "thread"); .top_bytes > 50000 and .whole_pages_bytes > 50000)'
	holds '.all.trimmable_bytes == 0'
	trims_as_said
	memoir process "$laid" --heap | grep -q "is kept at the ends of threads' heaps"
}

@test "large blocks have mappings of their own, which are counted and found" {
	start_daemon
	lay_heap large 5 1000000
	member heap process "$laid" --heap
	is_as_malloc_counts
	holds '.mapped_blocks.bytes > 5e6 and .mapped_blocks.found == 5'
	# The first half of each was written.
	holds '.mapped_blocks.found_resident_bytes == 5 * 123 * 4096'
}

@test "a page that is not in memory stays where it is, and what is behind it is unknown" {
	start_daemon
	lay_heap hole 50000 200
	resident=$(smaps "$laid" Rss '[heap]')
	member heap process "$laid" --heap
	holds '.arenas[0].end == "absent" and .all.resident_bytes == '"$resident"
	holds '.all.unknown_bytes > 4e6 and .all.used_bytes > 4e6'
	holds '.all | .used_bytes + .free_bytes + .overhead_bytes + .unknown_bytes == .bytes'
	agrees '.all.bytes == $malloc.arena'
	[ "$(smaps "$laid" Rss '[heap]')" -eq "$resident" ]
	memoir process "$laid" --heap >"$dir/output"
	grep -q '^Unknown     .*: sizes are on pages that are not in memory$' "$dir/output"
	grep -Eq '^main .* in part$' "$dir/output"
}

@test "a size that cannot be one ends the walk, and not memoir" {
	start_daemon
	lay_heap broken 50000 200
	member heap process "$laid" --heap
	holds '.arenas[0].end == "strange" and .all.unknown_bytes > 4e6 and .all.used_bytes > 4e6'
	holds '.all | .used_bytes + .free_bytes + .overhead_bytes + .unknown_bytes == .bytes'
	memoir process "$laid" --heap | grep -q '^Unknown     .*: sizes make no sense$'
}

@test "a process that allocates all the time is read, and told to have been in motion" {
	start_daemon
	lay_heap churn 2
	in_motion() {
		member heap process "$laid" --heap
		holds '.end == "complete" and .all_arenas and (.arenas | length) == 3'
		holds '.all | .used_bytes + .free_bytes + .overhead_bytes + .unknown_bytes == .bytes'
		holds '.all.used_resident_bytes + .all.free_resident_bytes <= .all.resident_bytes'
		holds 'all(.arenas[]; .end == "complete" or .changed)'
		jq -e 'any(.arenas[]; .changed)' "$dir/member" >/dev/null
	}
	soon in_motion
	memoir process "$laid" --heap >/dev/null
	# It has come to no harm.
	echo >&"$stay"
	report
}

@test "a process that is stopped is no different" {
	start_daemon
	lay_heap pieces 10000 100 3
	kill -STOP "$laid"
	member heap process "$laid" --heap
	is_as_malloc_counts
	kill -CONT "$laid"
}

@test "a process that sees another root is no different" {
	start_daemon
	mkdir "$dir/small"
	mount -t tmpfs none "$dir/small"
	cp "$HEAP" "$dir/small/heap"
	ldd "$HEAP" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$dir/small$(dirname "$library")"
		cp "$library" "$dir/small$library"
	done
	printf '#!/bin/sh\nexec unshare --mount --root="%s" /heap "$@"\n' "$dir/small" >"$dir/inside"
	chmod +x "$dir/inside"
	HEAP=$dir/inside lay_heap pieces 10000 100 3
	member heap process "$laid" --heap
	is_as_malloc_counts
	[ "$(readlink "/proc/$laid/root")" != / ]
}

@test "the view fits 80 columns, and without the option there is none of it" {
	start_daemon
	GLIBC_TUNABLES=glibc.malloc.arena_max=64 lay_heap threads 20 1000 300 3
	LC_ALL=C memoir process "$laid" --heap --contiguity >"$dir/output" 2>"$dir/complaint"
	[ ! -s "$dir/complaint" ]
	awk 'length > 80 { print; wide = 1 } END { exit wide }' "$dir/output"
	grep -Eq '^ARENA +SIZE +RESIDENT +HANDED OUT +FREE +LARGEST +TRIMS' "$dir/output"
	[ "$(grep -c '^thread ' "$dir/output")" -eq 12 ]
	grep -Eq '^all 21 +[0-9.]+MiB ' "$dir/output"
	grep -Eq '^ +>= 256B +[0-9]+ +[0-9.]+[KM]iB +[0-9.]+[KM]iB  #+$' "$dir/output"
	grep -Eq "^Handed out  at most [0-9.]+MiB in [0-9]+ blocks: threads' caches have [0-9.]+KiB$" "$dir/output"
	grep -Eq '^[0-9.]+% of the resident heap is free inside malloc: malloc_trim\(0\) would' "$dir/output"
	grep -q '^MAPPINGS ' "$dir/output"
	memoir process "$laid" >"$dir/plain"
	never grep -q 'ARENA\|malloc' "$dir/plain"
	memoir --json process "$laid" | jq -e 'has("heap") | not' >/dev/null
	memoir --json process "$laid" --heap --contiguity | jq -e '.heap and .contiguity and .process' >/dev/null
}

@test "without the rights the rest is shown, with one line and status 1" {
	start_daemon
	lay_heap pieces 1000 100 2
	# may_not RIGHT ARGUMENT...: memoir without that right, of which the process has more.
	may_not() {
		refused 1 "$2" setpriv --bounding-set "-$1" --inh-caps "-$1" "$MEMOIR" --socket "$socket" "${@:3}" process "$laid" --heap
	}
	may_not sys_admin 'memoir: heap: *CAP_SYS_ADMIN is missing; run as root'
	grep -q "^Process     $laid heap$" "$dir/output"
	never grep -q ARENA "$dir/output"
	may_not sys_ptrace "memoir: heap: *: Permission denied"
	grep -q "^Process     $laid heap$" "$dir/output"
	may_not sys_admin 'memoir: heap: *' --json
	jq -e ".process.pid == $laid and has(\"heap\") and .heap == null" "$dir/output"
}

@test "a kernel thread, and options that are wrong, are one line" {
	start_daemon
	fresh /v1/status >/dev/null
	refused 2 'memoir: --heap: not an option of status*' "$MEMOIR" --socket "$socket" status --heap
	refused 2 'memoir: --seconds: goes with --contiguity, --heap or --numa*' "$MEMOIR" --socket "$socket" process 1 --seconds 1
	refused 2 'memoir: --heap: cannot be answered from a record file' "$MEMOIR" replay "$dir/none" process 1 --heap
	thread=$(get /v1/processes | jq '[.processes[] | select(.kernel_thread).pid][0] // empty')
	[ -n "$thread" ] || skip "no kernel thread is visible"
	refused 1 "memoir: heap: $thread is a kernel thread, *" "$MEMOIR" --socket "$socket" process "$thread" --heap
	grep -q '^Process .*(kernel thread)$' "$dir/output"
}

# is_not_recognised WHY: of the process $laid.
is_not_recognised() {
	fresh /v1/status >/dev/null
	refused 1 "memoir: heap: allocator not recognised; not visible: $1" \
		"$MEMOIR" --socket "$socket" --json process "$laid" --heap
	jq -e ".process.pid == $laid and .heap == null" "$dir/output"
}

@test "an allocator that is not glibc's is named, and nothing is guessed" {
	jemalloc=$(ldconfig -p | awk '/libjemalloc\.so\.2/ { print $NF; exit }')
	[ -n "$jemalloc" ] || skip "libjemalloc2 is missing"
	start_daemon
	LD_PRELOAD=$jemalloc lay_heap pieces 1000 100 2
	is_not_recognised "glibc's malloc was never used, libjemalloc is mapped"
}

@test "a static program is not recognised" {
	busybox=$(command -v busybox) || skip "busybox is missing"
	start_daemon
	background "$busybox" sleep 1000
	laid=${pids[-1]}
	is_busybox() {
		[ "$(readlink "/proc/$laid/exe")" = "$(readlink -f "$busybox")" ]
	}
	soon is_busybox
	is_not_recognised 'no libc.so.6 is mapped'
}

@test "a program of 32 bits is refused" {
	[ "$(uname -m)" = x86_64 ] || skip "the program is one for x86"
	start_daemon
	# An ELF header, one segment, and pause(2) again and again.
	printf '%b' '\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0\x54\x80\x04\x08\x34\0\0\0\0\0\0\0\0\0\0\0' \
		'\x34\0\x20\0\x01\0\0\0\0\0\0\0' \
		'\x01\0\0\0\0\0\0\0\0\x80\x04\x08\0\x80\x04\x08\x5d\0\0\0\x5d\0\0\0\x05\0\0\0\0\x10\0\0' \
		'\xb8\x1d\0\0\0\xcd\x80\xeb\xf7' >"$dir/pause32"
	chmod +x "$dir/pause32"
	background "$dir/pause32"
	laid=${pids[-1]}
	has_become() {
		[ "$(readlink "/proc/$laid/exe")" = "$dir/pause32" ] || ! kill -0 "$laid" 2>/dev/null
	}
	soon has_become
	kill -0 "$laid" 2>/dev/null || skip "the kernel runs no programs of 32 bits"
	is_not_recognised 'a program of 32 bits'
}

# reads OPTION...: memoir reads a heap that takes it seconds, in the background; its pid is in $reader.
reads() {
	lay_heap pieces 2000000 56 1
	"$MEMOIR" --socket "$socket" --json process "$laid" --heap "$@" >"$dir/answer" 2>"$dir/complaint" 3>&- &
	reader=$!
	pids+=("$reader")
	has_opened() {
		readlink "/proc/$reader/fd/"* 2>/dev/null | grep -q '^/proc/[0-9]*/mem$'
	}
	soon has_opened
}

@test "a process that ends while it is looked at is one line" {
	start_daemon
	reads
	kill -KILL "$laid"
	never wait "$reader"
	cat "$dir/complaint"
	[ "$(wc -l <"$dir/complaint")" -eq 1 ]
	grep -q "^memoir: heap: process $laid ended, or executed another program" "$dir/complaint"
	jq -e '.heap.end == "gone" and .process.pid > 0' "$dir/answer" >/dev/null
}

@test "it ends when it is interrupted, and shows what it knows" {
	start_daemon
	reads --seconds 1000
	kill -INT "$reader"
	wait "$reader"
	[ ! -s "$dir/complaint" ]
	jq -e '.heap.end == "interrupted"' "$dir/answer" >/dev/null
}

@test "it ends at its limit of time" {
	start_daemon
	lay_heap pieces 4000000 56 1
	member heap process "$laid" --heap --seconds 1
	holds '.end == "limit" and .cpu_ns >= 1e9 and .process_anonymous_bytes == null'
	holds '.all | .used_bytes + .free_bytes + .overhead_bytes + .unknown_bytes == .bytes'
	memoir process "$laid" --heap --seconds 1 | grep -Eq '^Read        .* of CPU, not to the end: limit$'
}

@test "progress is shown on a terminal, and cleared" {
	command -v script >/dev/null || skip "script is missing"
	start_daemon
	lay_heap pieces 2000000 56 1
	TERM=xterm script --quiet --flush --command "'$MEMOIR' --socket '$socket' --json process $laid --heap >'$dir/answer'" \
		"$dir/screen" >/dev/null </dev/null
	grep -aqE $'\rReading heaps: [0-9.]+([KMG]iB)? of [0-9.]+MiB, [0-9.<]+%\e\\[K' "$dir/screen"
	grep -aqE $'\r\e\\[K' "$dir/screen"
	jq -e '.heap.end | . == "complete" or . == "limit"' "$dir/answer" >/dev/null
}
