#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Functions of processes by name, and their stacks without frame pointers: whatever they were built as and wherever
# their files are, and whatever is in those files.

load daemon
load expect

ASK=$BUILD/ask
FRAMES=$BUILD/tests/workloads/frames
MUTE=$BUILD/tests/workloads/mute
NAMES=$BUILD/tests/workloads/names.so

setup() {
	[ -x "$ASK" ] || skip "what asks the tracer is not built here"
	[ "$(id -u)" -eq 0 ] || skip "looking into processes needs root"
	daemon_setup
}

# start PROGRAM ARGUMENT...: runs it until it waits; it says where its code is in $cart, and in $said what else there is.
start() {
	local what where
	rm -f "$dir/stay" "$dir/laid"
	lay "$@"
	pid=$!
	said=
	while read -r -t "$silence_s" what where <&"$reports"; do
		[ "$what" != cart ] || break
		said=$where
	done
	cart=$where
	[ -n "$cart" ]
}

# stack: what eu-stack says of it, addresses only.
stack() {
	eu-stack -p "$pid" | sed -nE 's/^#[0-9]+ +0x0*([0-9a-f]+).*/0x\1/p'
}

# line TEXT: the number of the line of the program that has it.
line() {
	grep -n "$1" tests/workloads/frames.c | cut -d: -f1
}

@test "a stack without frame pointers is found by unwind tables, and is that of eu-stack" {
	local program
	for program in pie static stripped; do
		start "$FRAMES-$program"
		"$ASK" unwind "$pid" | tee "$dir/frames"
		diff <(cut -d' ' -f1 "$dir/frames") <(stack)
		[ "$(wc -l <"$dir/frames")" -ge 8 ]
	done
}

@test "frames have their functions and lines, through the C library" {
	start "$FRAMES-pie"
	"$ASK" unwind "$pid" | tee "$dir/frames"
	grep -q " compare_and_wait+0x.* frames-pie .*frames.c:$(line 'the line of the wait')$" "$dir/frames"
	grep -q ' qsort_r+0x.* libc' "$dir/frames"
	grep -qE ' sort_something\+0x[0-9a-f]+ frames-pie .*frames.c:' "$dir/frames"
	grep -qE ' main\+0x[0-9a-f]+ frames-pie .*frames.c:' "$dir/frames"
}

@test "names are demangled, and a function begins where it begins" {
	start "$FRAMES-pie"
	[[ $("$ASK" names "$pid" "$cart") = "$cart shop::Cart::total+0x0 frames-pie "*"frames.c:"* ]]
	start "$FRAMES-static"
	[[ $("$ASK" names "$pid" "$cart") = "$cart shop::Cart::total+0x0 frames-static "*"frames.c:"* ]]
}

@test "an executable that has been deleted has its names" {
	cp "$FRAMES-pie" "$dir/gone"
	start "$dir/gone"
	rm "$dir/gone"
	[[ $("$ASK" names "$pid" "$cart") = *" shop::Cart::total+0x0 gone "*"frames.c:"* ]]
	"$ASK" unwind "$pid" | grep -q ' sort_something+0x.* gone '
}

@test "a program in another mount namespace has its names" {
	mkdir "$dir/inside"
	# shellcheck disable=SC2016
	start unshare --mount sh -c 'mount -t tmpfs none "$1" && cp "$2" "$1/app" && exec "$1/app"' sh "$dir/inside" "$FRAMES-pie"
	[ ! -e "$dir/inside/app" ]
	[[ $("$ASK" names "$pid" "$cart") = *" shop::Cart::total+0x0 app "*"frames.c:"* ]]
}

@test "a stripped program has the names of its debug file, in its own root" {
	local id root=$dir/root library
	id=$(readelf -n "$FRAMES-stripped" | sed -nE 's/.*Build ID: ([0-9a-f]+)$/\1/p')
	mkdir -p "$root/usr/lib/debug/.build-id/${id:0:2}" "$root/proc"
	cp "$FRAMES-stripped" "$root/app"
	for library in $(ldd "$FRAMES-stripped" | grep -oE '/[^ ]+'); do
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done
	start chroot "$root" /app
	[[ $("$ASK" names "$pid" "$cart") = "$cart app+0x"*" app :0" ]]
	cp "$FRAMES-stripped.debug" "$root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
	[[ $("$ASK" names "$pid" "$cart") = *" shop::Cart::total+0x0 app "*"frames.c:"* ]]
	# A link out of the root is followed inside of it only.
	ln -sf "$(realpath "$FRAMES-stripped.debug")" "$root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
	[[ $("$ASK" names "$pid" "$cart") = "$cart app+0x"*" app :0" ]]
}

@test "code that was compiled at run time has the name that its compiler wrote" {
	# The folder that compilers write to, of its own.
	local map
	mkdir "$dir/tmp"
	# shellcheck disable=SC2016
	start unshare --mount sh -c 'mount --bind "$1" /tmp && exec "$2" jit' sh "$dir/tmp" "$FRAMES-pie"
	map=$dir/tmp/perf-$pid.map
	[[ $("$ASK" names "$pid" "$said") = "$said LazyCompile:*run app.js:12+0x8 "* ]]
	# Of somebody else, and by way of a link, it is nothing.
	chown nobody "$map"
	[[ $("$ASK" names "$pid" "$said") = "$said anonymous+0x8 anonymous :0" ]]
	chown root "$map"
	mv "$map" "$dir/tmp/there"
	ln -s there "$map"
	[[ $("$ASK" names "$pid" "$said") = "$said anonymous+0x8 anonymous :0" ]]
}

# left_behind: the descriptors of whoever still looks into the process after it was asked of.
left_behind() {
	local folder
	for folder in /proc/[0-9]*; do
		[[ $(cat "$folder/comm" 2>/dev/null) = memoird-tracer ]] || continue
		readlink "$folder"/fd/* 2>/dev/null | grep -qx "/proc/$pid" || continue
		readlink "$folder"/fd/*
	done
}

@test "a file system that never answers costs its process its names, and the tracer a second" {
	start "$MUTE" || skip "this kernel lets nobody serve a file system"
	timeout "$silence_s" "$ASK" names "$pid" "$cart" >"$dir/answer"
	cat "$dir/answer"
	grep -q "^$cart anonymous+0x0 anonymous :0$" "$dir/answer"
	grep -q "^done: cannot open .* of process $pid: Connection timed out$" "$dir/answer"
	# Whoever waits for that file system holds nothing of the tracer: no probe, nothing that looks as if it lived.
	left_behind | tee "$dir/left"
	grep -qx "/proc/$pid" "$dir/left"
	[ "$(grep -c anon_inode: "$dir/left")" -eq 0 ]
	[ "$(grep -c socket: "$dir/left")" -eq 1 ]
}

@test "a process that has ended, and one that is another by now, are told apart" {
	start "$FRAMES-pie"
	kill -KILL "$pid"
	wait "$pid" || true
	[[ $("$ASK" names 999999999 1 2>&1) = "ask: /proc/999999999/stat"* ]]
	"$ASK" names 2 0x1000 | grep -q 'No such process'
}

# hostile NUMBER: a copy of a program with bytes changed, the same for the same number.
hostile() {
	cp "$FRAMES-pie" "$dir/hostile"
	local i size at
	size=$(stat -c %s "$dir/hostile")
	RANDOM=$1
	for ((i = 0; i < 8; i++)); do
		# Half of them in the headers, which lead everywhere.
		at=$((i % 2 ? RANDOM % 1024 : size - 1 - RANDOM % 2048))
		[ "$at" -lt 4 ] || printf '%b' "\\x$(printf %02x $((RANDOM % 256)))" |
			dd of="$dir/hostile" bs=1 seek="$at" conv=notrunc status=none
	done
	[ $(($1 % 5)) -ne 0 ] || truncate --size $((RANDOM % size)) "$dir/hostile"
}

@test "hostile files harm nobody: each question is answered, and the next one too" {
	local number
	start "$FRAMES-pie"
	local good=$pid good_cart=$cart
	for ((number = 1; number <= 30; number++)); do
		hostile "$number"
		[ -s "$dir/hostile" ] || continue
		start "$FRAMES-pie" map "$dir/hostile"
		"$ASK" names "$pid" "$((said + 0x1240))" "$((said + 0x11ea))" "$cart" >"$dir/answer" 2>&1
		grep -q "hostile\|done:" "$dir/answer"
		kill -KILL "$pid"
	done
	[[ $("$ASK" names "$good" "$good_cart") = *" shop::Cart::total+0x0 "* ]]
}

# named PATTERN: the address of the function of names.so, which the process has mapped.
named() {
	local value
	value=$(nm "$NAMES" | awk -v name="$1" '$2 == "T" && index($3, name) { print $1; exit }')
	[ -n "$value" ] && printf '%#x\n' "$((said + 0x$value))"
}

@test "names of Rust, D and C are what their programmers call them" {
	start "$FRAMES-pie" map "$NAMES"
	[[ $("$ASK" names "$pid" "$(named _RNv)") = *" shop::cart::total+0x0 names.so :0" ]]
	[[ $("$ASK" names "$pid" "$(named _ZN4shop)") = *" shop::cart::total+0x0 names.so :0" ]]
	[[ $("$ASK" names "$pid" "$(named _D4shop)") = *" shop.cart.total(int)+0x0 names.so :0" ]]
	[[ $("$ASK" names "$pid" "$(named total_of_cart)") = *" total_of_cart+0x0 names.so :0" ]]
}

@test "names that are too long, too deep or broken are shown as they are, cut" {
	start "$FRAMES-pie" map "$NAMES"
	[[ $("$ASK" names "$pid" "$(named _Z4deep)") = *" _Z4deepIPPPP"*"P+0x0 names.so :0" ]]
	[[ $("$ASK" names "$pid" "$(named _ZN4wide)") = *" _ZN4wide4wide"*"+0x0 names.so :0" ]]
	[[ $("$ASK" names "$pid" "$(named _ZN999)") = *" _ZN99999999999999999999broken+0x0 names.so :0" ]]
}

@test "a name without an end costs some CPU time, and the next question is answered" {
	local user system TIMEFORMAT='%U %S'
	start "$FRAMES-pie" map "$NAMES"
	{ time nice -n -20 "$ASK" each "$pid" "$(named _Z7endless)" "$cart" >"$dir/answer"; } 2>"$dir/times"
	cat "$dir/answer"
	# Instead of the name there is the place.
	grep -q ' names.so+0x[0-9a-f]* names.so :0$' "$dir/answer"
	grep -q ' shop::Cart::total+0x0 frames-pie ' "$dir/answer"
	read -r user system < <(tail -n 1 "$dir/times")
	if grep -q 'took too long' "$dir/answer"; then
		[ "$((${user%.*} + ${system%.*}))" -lt 5 ]
		skip "the machine was too busy for the CPU time to be used up first"
	fi
	grep -q '^done: the symbolizer died of signal XCPU$' "$dir/answer"
}

# symbolizer PID: that of the tracer of this process.
symbolizer() {
	local tracer
	tracer=$(pgrep --parent "$1") && pgrep --full --parent "$tracer" memoir-symbolizer >"$dir/symbolizer"
}

@test "a symbolizer that says nothing is ended, and the next question is answered" {
	start "$FRAMES-pie" map "$NAMES"
	"$ASK" each "$pid" "$(named _Z7endless)" "$cart" >"$dir/answer" </dev/null 3>&- &
	pids+=("$!")
	soon symbolizer "$!"
	kill -STOP "$(cat "$dir/symbolizer")"
	wait "${pids[-1]}"
	cat "$dir/answer"
	grep -q '^done: the symbolizer took too long$' "$dir/answer"
	grep -q ' shop::Cart::total+0x0 frames-pie ' "$dir/answer"
}

@test "a symbolizer that is killed is said to have been, and the next question is answered" {
	start "$FRAMES-pie" map "$NAMES"
	"$ASK" each "$pid" "$(named _Z7endless)" "$cart" >"$dir/answer" 2>"$dir/complaint" </dev/null 3>&- &
	pids+=("$!")
	soon symbolizer "$!"
	kill -KILL "$(cat "$dir/symbolizer")"
	wait "${pids[-1]}"
	cat "$dir/answer" "$dir/complaint"
	grep -q '^done: the symbolizer died of signal KILL$' "$dir/answer"
	grep -q ' shop::Cart::total+0x0 frames-pie ' "$dir/answer"
	[ "$(grep -c "the symbolizer died of signal KILL, at a file of process $pid: it goes without names" "$dir/complaint")" -eq 1 ]
}

@test "a symbolizer that is killed while nobody asks is said to have been" {
	start_daemon
	memoir leaks --pid "$daemon" --for 1s >"$dir/view"
	symbolizer "$daemon"
	kill -KILL "$(cat "$dir/symbolizer")"
	wait_for_message '*the symbolizer died of signal KILL, *'
}

# unwindable NUMBER: a program with other unwind tables, the same for the same number.
unwindable() {
	local section offset size at i
	cp "$FRAMES-pie" "$dir/hostile"
	RANDOM=$1
	for section in .eh_frame_hdr .eh_frame; do
		read -r offset size < <(readelf -SW "$dir/hostile" | sed 's/^ *\[ *[0-9]*\]//' | awk -v name=$section '$1 == name { print $4, $5 }')
		for ((i = 0; i < 12; i++)); do
			at=$((0x$offset + RANDOM % 0x$size))
			printf '%b' "\\x$(printf %02x $((RANDOM % 256)))" | dd of="$dir/hostile" bs=1 seek="$at" conv=notrunc status=none
		done
	done
}

@test "hostile unwind tables end the stack, and neither the answer nor the names of what is before" {
	local number
	for ((number = 1; number <= 10; number++)); do
		unwindable "$number"
		start "$dir/hostile"
		"$ASK" unwind "$pid" >"$dir/answer"
		grep -q "^$(stack | head -n 1) .* libc" "$dir/answer"
		[[ $(sed -n 2p "$dir/answer") = *" compare_and_wait+0x"*" hostile "* ]]
		kill -KILL "$pid"
		wait "$pid" || true
	done
}

@test "the vDSO, which is in no file, has its names" {
	local base end value
	start "$FRAMES-pie"
	read -r base end < <(sed -nE 's/^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$/0x\1 0x\2/p' "/proc/$pid/maps") ||
		skip "there is no vDSO here"
	dd if="/proc/$pid/mem" of="$dir/vdso" bs=4096 skip="$((base / 4096))" count="$(((end - base) / 4096))" status=none
	value=$(readelf --dyn-syms --wide "$dir/vdso" | awk '$8 ~ /^__(vdso|kernel)_clock_gettime/ { print $2; exit }')
	"$ASK" names "$pid" "$((base + 0x$value))" | grep -E ' (__(vdso|kernel)_)?clock_gettime\+0x0 '
}

@test "a stripped program that brings its symbols along, compressed, has its names" {
	command -v xz >/dev/null || skip "xz is missing"
	objcopy --strip-debug --remove-section .comment "$FRAMES-pie" "$dir/symbols"
	xz "$dir/symbols"
	objcopy --add-section .gnu_debugdata="$dir/symbols.xz" "$FRAMES-stripped" "$dir/packed"
	start "$dir/packed"
	[[ $("$ASK" names "$pid" "$cart") = *" shop::Cart::total+0x0 packed :0" ]]
}

tracer_is_missed() {
	get /v1/status | jq -e '(.tracer.is_running | not) and (.tracer.problem | startswith("the tracer has died of signal KILL"))'
}

@test "memoird has names, gives up the right to look into processes, and goes on without its tracer" {
	start_daemon
	local tracer
	tracer=$(pgrep --parent "$daemon")
	[ "$(cat "/proc/$tracer/comm")" = memoird-tracer ]
	# CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF; in the tracer CAP_SYS_PTRACE and CAP_CHECKPOINT_RESTORE too.
	grep -q '^CapPrm:	000000c000000004$' "/proc/$daemon/status"
	grep -q '^CapPrm:	000001c000080004$' "/proc/$tracer/status"
	grep -q '^NoNewPrivs:	1$' "/proc/$tracer/status"
	get /v1/status | jq -e '.tracer.is_running and .tracer.problem == ""'
	kill -KILL "$tracer"
	soon tracer_is_missed
	memoir status | grep -q '^Tracer .*the tracer has died of signal KILL'
	memoir doctor >"$dir/doctor" || true
	grep -q 'the tracer has died of signal KILL' "$dir/doctor"
	fresh /v1/faults | jq -e .snapshot.sequence
	end_daemon
}

@test "the tracer ends with memoird, however that ends" {
	start_daemon
	local tracer
	tracer=$(pgrep --parent "$daemon")
	end_daemon KILL || true
	soon [ ! -e "/proc/$tracer" ]
}
