#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the leak corpus, all of it at once, while memoird records, and writes what was recorded as series (series.h).
#
#	record-leaks.sh BUILD SERIES [HOURS] [SCALE]
#
# So many hours of the programs' time pass, SCALE times as fast as the machine's. As root.
set -eu

BUILD=$(realpath "$1")
series=$2
hours=${3:-48}
scale=${4:-360}
folder=$(dirname "$0")
# shellcheck source=tests/workloads/leaks/corpus.bash
. "$folder/../workloads/leaks/corpus.bash"

work=$(mktemp -d)
daemon=
trap 'exec 8>&-; [ -z "$daemon" ] || kill "$daemon"; wait; rm -rf "$work"' EXIT
mkfifo "$work/stay"
exec 8<>"$work/stay"

start() {
	sleep "$((hour * 3600 / scale))"
	start_leak "$scale"
}
start_in_background() {
	start <&8 >"$work/answers.$name" 8>&- &
	echo "$!" >>"$work/pids"
}

"$BUILD/memoird" --listen none --pin none --socket "$work/socket" --interval 0.5 --record "$work/recording" \
	2>"$work/errors" 8>&- &
daemon=$!

until curl --silent --unix-socket "$work/socket" http://localhost/v1/status | grep -q '"sequence":[1-9]'; do
	kill -0 "$daemon" || {
		cat "$work/errors" >&2
		exit 1
	}
	sleep 0.1
done
corpus start_in_background
sleep "$((hours * 3600 / scale))"
kill "$daemon"
wait "$daemon" || true
daemon=
while read -r pid; do
	kill "$pid"
done <"$work/pids"
"$BUILD/asan/tests/replay/to_series" "$scale" "$CORPUS" "$work/recording" | xz -9e >"$series"
