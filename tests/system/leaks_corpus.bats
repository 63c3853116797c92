# SPDX-License-Identifier: GPL-2.0-or-later
# The leak corpus (tests/workloads/leaks): that its programs do what its table says of them, by their own count and by
# LeakSanitizer's.

load daemon
load expect
. "$BATS_TEST_DIRNAME/../workloads/leaks/corpus.bash"

# So much faster than the machine's is the programs' clock.
scale=1800
declare -gA questions answers

# run_leak: starts the program of the row, if what it needs is installed.
run_leak() {
	can_start || return 0
	local question answer
	mkfifo "$dir/$name.questions" "$dir/$name.answers"
	exec {question}<>"$dir/$name.questions"
	start_leak "$scale" tested <"$dir/$name.questions" >"$dir/$name.answers" 2>"$dir/$name.errors" 3>&- &
	pids+=("$!")
	exec {answer}<"$dir/$name.answers"
	questions[$name]=$question
	answers[$name]=$answer
	hear
}

# hear: the next answer of the program of the row: $pid, $minutes, $live
hear() {
	read -r -t "$silence_s" line <&"${answers[$name]}" || {
		cat "$dir/$name.errors"
		echo "$name says nothing"
		return 1
	}
	[[ $line =~ ^\{\"pid\":([0-9]+),\"minutes\":([0-9]+),\"live_bytes\":([0-9]+)\}$ ]]
	pid=${BASH_REMATCH[1]} minutes=${BASH_REMATCH[2]} live=${BASH_REMATCH[3]}
}

# ask_after MINUTES: likewise, when the program has lived through so many.
ask_after() {
	minutes=-1
	while [ "$minutes" -lt "$1" ]; do
		sleep 0.1
		echo >&"${questions[$name]}"
		hear
	done
}

# The program of the row holds what the table lets expect: what it leaks in an hour, or at most its most.
holds_what_is_said() {
	[ "${questions[$name]:-}" ] || return 0
	local slack=$((160 * 1024)) leaked
	ask_after 60
	leaked=$((bytes * minutes / 60))
	echo "$name: $truth, $bytes bytes; after $minutes minutes it holds $live"
	case $truth,$pattern in
	innocent,*) [ "$live" -le "$bytes" ] ;;
	*,in-batches) [ "$live" -ge "$leaked" ] && [ "$live" -le $((leaked + 4 * bytes)) ] ;;
	*,after-warm-up) [ "$live" -gt 0 ] && [ "$live" -le $((16 << 20)) ] ;;
	*) [ "$live" -ge $((leaked - leaked / 10 - slack)) ] && [ "$live" -le $((leaked + leaked / 10 + slack)) ] ;;
	esac
}

# nr_rows TRUTH
nr_rows() {
	cut -f 7 "$CORPUS" | grep -cx "$1"
}

@test "the table has leaks and innocent programs enough, each name once and short enough for the kernel" {
	[ "$(nr_rows leak)" -ge 30 ]
	[ "$(nr_rows innocent)" -ge 25 ]
	[ "$(nr_rows kernel)" -ge 5 ]
	[ -z "$(grep -v '^#' "$CORPUS" | cut -f 1 | sort | uniq -d)" ]
	grep -v '^#' "$CORPUS" | cut -f 1 | never grep '.\{16\}'
}

@test "every program of the corpus holds what the table says" {
	corpus run_leak
	corpus holds_what_is_said
}

# --- the named stack ------------------------------------------------------------------------------

# Whether what the row leaks is of the heap, so that LeakSanitizer knows of it; and from its first hours on.
is_of_heap() {
	can_start && [ "$truth" = leak ] && [ "$kind" = anonymous ] && [[ $pattern != mmap && $pattern != thread-stacks && $pattern != after-warm-up ]]
}

# sanitize: runs the pattern of the row with LeakSanitizer, for an hour of its time. What it held at the end is in
# $dir/PATTERN.counted, and in $dir/PATTERN.site what LeakSanitizer says of the stack that allocated most: bytes, and the
# program's own functions, the innermost first. All memory counts, whether or not it can be reached.
# shellcheck disable=SC2094
sanitize() {
	local sanitized=$program rate=$((bytes < 1 << 20 ? bytes : 1 << 20))
	[ "$program" = leaks-cxx ] || sanitized=leaks
	{
		echo
		minutes=0
		while [ "$minutes" -lt 60 ]; do
			sleep 0.1
			[[ $(tail -n 1 "$dir/$pattern.replies") =~ minutes\":([0-9]+) ]] && minutes=${BASH_REMATCH[1]}
			echo
		done
	} | LSAN_OPTIONS=use_globals=0:use_stacks=0:use_registers=0:use_tls=0:fast_unwind_on_malloc=0:exitcode=0 \
		"$LEAKS/lsan/$sanitized" sanitized "$pattern" "$rate" "$scale" >"$dir/$pattern.replies" 2>"$dir/$pattern.report" 3>&-
	sed -n 's/.*"live_bytes":\([0-9]*\).*/\1/p' "$dir/$pattern.replies" | tail -n 1 >"$dir/$pattern.counted"
	awk '/ leak of / { bytes = $4; own = "" }
		match($0, / in [^ ]+ .*tests\/workloads\/leaks\//) { own = own " " $4 }
		/^$/ && own && !(own in sum) { stacks[++nr] = own }
		/^$/ && own { sum[own] += bytes; own = "" }
		END {
			for (i = 1; i <= nr; i++)
				if (!most || sum[stacks[i]] > sum[most]) most = stacks[i]
			printf "%d%s\n", sum[most], most
		}' "$dir/$pattern.report" >"$dir/$pattern.site"
}

# The pattern of the row, unless it is already on its way.
sanitize_in_background() {
	is_of_heap && [ ! -e "$dir/$pattern.report" ] || return 0
	: >"$dir/$pattern.report"
	sanitize &
	sanitizers+=("$!")
}

# LeakSanitizer's stack begins at the site that the table names, and its bytes are those that the program counts; of
# containers, their own are not counted.
sanitizer_agrees() {
	local found counted functions
	is_of_heap || return 0
	read -r found functions <"$dir/$pattern.site"
	counted=$(<"$dir/$pattern.counted")
	echo "$name: counted $counted bytes; LeakSanitizer: $found from $functions; the table: $site"
	[ "${functions%% *}" = "$site" ]
	[ "$found" -ge "$counted" ] && [ "$found" -le $((counted + counted / 5)) ]
}

needs_sanitizer() {
	ldconfig -p | grep -q liblsan || skip "liblsan0 is missing"
}

@test "LeakSanitizer finds the leaks of the table, and where they are" {
	needs_sanitizer
	corpus sanitize_in_background
	wait "${sanitizers[@]}"
	corpus sanitizer_agrees
}

# name_leak: memoir traces the program of the row, which runs. In $dir/NAME.functions is the stack of what it does not
# free most of, the innermost function first, without what the compiler and the linker add to a name.
name_leak() {
	memoir --json leaks --pid "$pid" --for 2s >"$dir/$name.trace"
	jq --raw-output '.trace.stacks | max_by(.outstanding_bytes).frames[].name // empty |
		gsub("\\+0x[0-9a-f]+$|\\.constprop\\.[0-9]+|\\.part\\.[0-9]+|\\.isra\\.[0-9]+|\\(anonymous namespace\\)::|\\(.*\\)$"; "")' \
		"$dir/$name.trace" >"$dir/$name.functions"
}

# Of memoir's stack, the first function that is the program's own is where LeakSanitizer's stack begins.
memoir_agrees() {
	local found functions first
	run_leak
	name_leak
	read -r found functions <"$dir/$pattern.site"
	first=$(grep -xF "$(tr ' ' '\n' <<<"$functions")" "$dir/$name.functions" | head -n 1)
	echo "$name: LeakSanitizer: $functions; memoir: $(tr '\n' ' ' <"$dir/$name.functions")"
	[ "$first" = "${functions%% *}" ]
	kill "$pid"
}

# The rows that are traced; all of them with LEAKS_CORPUS=all.
is_traced() {
	is_of_heap && [[ ${LEAKS_CORPUS:-} = all || " library realloc one-thread string-cache exception musl namespace jemalloc \
tcmalloc mimalloc " = *" $name "* ]]
}
sanitize_traced() {
	is_traced || return 0
	sanitize_in_background
}
trace_traced() {
	is_traced || return 0
	memoir_agrees
}

@test "the stack that memoir names begins where LeakSanitizer's does" {
	needs_sanitizer
	corpus sanitize_traced
	wait "${sanitizers[@]}"
	start_daemon
	corpus trace_traced
}

# --- leaks that are not of the heap ---------------------------------------------------------------

# Whether no trace of the heap sees what the row leaks.
is_of_pages() {
	case $name in mmap | thread-stacks | shared | page-tables) ;; *) return 1 ;; esac
}

# What live pages tell of the row is where memory was first touched: of the stack of a thread, the thread's code. Page tables
# are the kernel's, and no function's of the program.
touching_function() {
	[ "$name" = thread-stacks ] && echo fill_stack || echo "$site"
}

leak_pages() {
	is_of_pages || return 0
	bytes=$((bytes * 8))
	run_leak
	page_pids[$name]=$pid
}

# By which the process of the row holds most: of what is its own, what has a stack of its own; of page tables, all.
is_named() {
	get '/v1/leaks/stacks?max_age_ms=500' >"$dir/stacks"
	if [ "$name" = page-tables ]; then
		jq -e --argjson pid "${page_pids[$name]}" '[.stacks[] | select(.pid == $pid and .owner == "process")] | max_by(.bytes)
			| any(.kernel_stack.frames[]; startswith("pte_alloc_one+"))' "$dir/stacks" >/dev/null
	else
		jq -e --argjson pid "${page_pids[$name]}" --arg function "$(touching_function)" '
			[.stacks[] | select(.pid == $pid and .owner == "process" and (.user_stack.frames | length > 0))]
			| max_by(.bytes).user_stack.frames[0].name // "" | test("^" + $function + "[.+]")' "$dir/stacks" >/dev/null
	fi
}

leak_of_pages_is_named() {
	is_of_pages || return 0
	echo "$name: by $(touching_function)"
	soon is_named
}

@test "where pages leak that are of no heap is told by the function that touches them first" {
	declare -gA page_pids
	start_daemon
	corpus leak_pages
	corpus leak_of_pages_is_named
}

# --- leaks of the kernel's memory -----------------------------------------------------------------

# The functions of the kernel, one of them at least, by which the memory of the row is allocated.
kernel_path() {
	case $name in
	pipes) echo 'pipe_write' ;;
	sockets) echo '__sys_socketpair|unix_dgram_sendmsg' ;;
	unlinked-files) echo 'shmem_' ;;
	inotify) echo 'inotify|memfd_create' ;;
	bpf-maps) echo 'map_create|array_map_alloc' ;;
	epoll) echo 'epoll|eventfd' ;;
	threads) echo 'copy_process' ;;
	esac
}

# Pages that are followed stand for 64 each, so that it takes some MiB to see who has them; and descriptors must
# last for a minute.
leak_kernel_memory() {
	[ "$truth" = kernel ] || return 0
	[ "$name" = threads ] && bytes=$((bytes * 32)) || bytes=$((bytes * 4))
	run_leak
	kernel_pids[$name]=$pid
}

# The kernel path of the row is among those by which its process holds memory.
is_pinned() {
	get '/v1/leaks/stacks?max_age_ms=500' >"$dir/stacks"
	jq -e --argjson pid "${kernel_pids[$name]}" --arg path "$(kernel_path)" '
		any(.stacks[]; .pid == $pid and .owner == "process" and any(.kernel_stack.frames[]; test($path)))' "$dir/stacks" >/dev/null
}
kernel_leak_is_pinned() {
	[ "$truth" = kernel ] || return 0
	echo "$name: by $(kernel_path)"
	soon is_pinned
}

@test "memory that the kernel holds for a process is pinned to the process and the kernel's path" {
	declare -gA kernel_pids
	start_daemon
	corpus leak_kernel_memory
	corpus kernel_leak_is_pinned
}
