# SPDX-License-Identifier: GPL-2.0-or-later
# The leak corpus (tests/workloads/leaks): that its programs do what its table says of them, by their own count and by
# LeakSanitizer's.

load daemon
load expect
. "$BATS_TEST_DIRNAME/../workloads/leaks/corpus.bash"

# So much faster than the machine's is the programs' clock.
scale=1800
declare -gA questions answers

# run_leak: starts the program of the row.
run_leak() {
	local question answer
	mkfifo "$dir/$name.questions" "$dir/$name.answers"
	exec {question}<>"$dir/$name.questions"
	start_leak "$scale" <"$dir/$name.questions" >"$dir/$name.answers" 2>"$dir/$name.errors" 3>&- &
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
