# SPDX-License-Identifier: GPL-2.0-or-later
# What system tests expect of a command, beside its status. `load expect` in a bats file, after `load daemon`.
# shellcheck shell=bash disable=SC2053,SC2154

# refused STATUS PATTERN COMMAND...: it ends with this status, and its standard error is one line like the pattern; what it
# printed is in $dir/output. The limit of time turns a hang into a failure.
refused() {
	local wanted=$1 pattern=$2 status=0
	shift 2
	timeout --kill-after=5 60 "$@" >"$dir/output" 2>"$dir/complaint" </dev/null 3>&- || status=$?
	echo "status $status: $(cat "$dir/complaint")"
	[ "$status" -eq "$wanted" ] || return 1
	[ "$(wc -l <"$dir/complaint")" -eq 1 ] || return 1
	[[ $(<"$dir/complaint") == $pattern ]]
}

# never COMMAND...: it ends with status 1. Of a command behind a "!" bats would not notice that it succeeds.
never() {
	local status=0
	"$@" || status=$?
	[ "$status" -eq 1 ] || {
		echo "status $status, not 1: $*"
		return 1
	}
}

# member NAME COMMAND...: memoir's answer in JSON is one line and nothing beside it; its member of that name is in $dir/member.
member() {
	local name=$1
	shift
	memoir --json "$@" >"$dir/answer" 2>"$dir/complaint"
	cat "$dir/complaint"
	[ ! -s "$dir/complaint" ]
	[ "$(wc -l <"$dir/answer")" -eq 1 ]
	jq -e ".$name" "$dir/answer" >"$dir/member"
}

# holds FILTER [JQ_OPTION...]: it is true of the member.
holds() {
	jq -e "${@:2}" "$1" "$dir/member" >/dev/null || {
		echo "does not hold: $1"
		# Lists of a value for each length are long.
		jq -c 'del(.kinds, .free_runs)' "$dir/member"
		return 1
	}
}

# lacks PATTERN FILE: no line has these bytes (a Perl pattern).
lacks() {
	LC_ALL=C never grep -aP "$1" "$2"
}

# soon COMMAND...: runs it again until it succeeds.
soon() {
	local deadline=$((SECONDS + 180))
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || {
			echo "it never came true: $*"
			return 1
		}
		sleep 0.05
	done
}

# Reads the messages of the daemon until one is like the pattern.
wait_for_message() {
	local line
	while read -r -t "$silence_s" line <&"$errors"; do
		echo "$line"
		[[ $line != $1 ]] || return 0
	done
	echo "no message like $1"
	return 1
}
