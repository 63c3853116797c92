# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What is asked of the recording, by the name of the golden file that holds the answer. Sourced by golden.sh,
# which writes these files, and by replay.bats, which compares with them. $BUILD is the build folder.

# shellcheck disable=SC2034
ANSWERS='metrics openmetrics-headers few-groups status probes processes process groups faults stalls events
	numa fragmentation history slab leaks leak-stacks doctor late-events no-process no-path'

# Replies are one line of JSON; cut into many, so that a difference can be read.
break_lines()
{
	sed 's/[[{]/&\n/g; s/,/,\n/g'
}

# answer NAME RECORDING
answer()
{
	show=$BUILD/asan/tests/replay/show
	case $1 in
	metrics) "$show" "$2" /metrics ;;
	openmetrics-headers) "$show" "$2" /openmetrics | grep '^#' ;;
	few-groups)
		"$BUILD/memoird" --max-groups 2 --replay "$2" |
			grep -E '^memoir.*_groups?_(processes|minor_faults|rss_anon)'
		;;
	process) "$show" "$2" '/v1/process?pid=200' | break_lines ;;
	no-process) "$show" "$2" '/v1/process?pid=500' | break_lines ;;
	history) "$show" "$2" '/v1/fragmentation?history=1' | sed 's/.*"history":/{"history":/' | break_lines ;;
	late-events) "$show" "$2" '/v1/events?after=4' | break_lines ;;
	leak-stacks) "$show" "$2" /v1/leaks/stacks | break_lines ;;
	no-path) "$show" "$2" /v1/nothing | break_lines ;;
	*) "$show" "$2" "/v1/$1" | break_lines ;;
	esac
}
