#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints what memoir says of each program of the leak corpus at the end of its recording, beside what is true.
#
#	leak-verdicts.sh BUILD
set -eu

BUILD=$1
# shellcheck source=tests/replay/leaks.bash
. "${0%/*}/leaks.bash"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# KiB an hour, rounded.
judge "$work" | jq --raw-output --slurp '
	def kib: if . then . / 1024 | round else "-" end;
	["PROGRAM", "IS", "KIND", "KIB/H", "EXPECTED", "VERDICT", "CONFIDENCE", "KIB/H", "LOW", "HIGH", "LIMIT"],
	(.[] | [.name, .truth, .kind, (if .truth == "innocent" then "-" else .rate | kib end), .expected, .verdict,
		.confidence // "-", (.bytes_per_hour | kib), (.low | kib), (.high | kib), (.limit | kib)]) | @tsv' |
	column -t
