#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Functions have at most 60 lines, files 450, test files 800, lines 110 columns, tabs counted as 8.
# A function is what stands between a brace that opens a line and one that ends it, in the first column.
set -eu

status=0
check()
{
	awk '
	FNR == 1 { end_file(); file = FILENAME; limit = file ~ /^tests\// ? 800 : 450; name = ""; start = 0 }
	function end_file() { if (file && lines > limit) say(lines, "the file has " lines " lines, more than " limit) }
	function say(line, text) { print file ":" line ": " text; failed = 1 }
	function width(text,   i, n) {
		n = 0
		for (i = 1; i <= length(text); i++)
			n = substr(text, i, 1) == "\t" ? n - n % 8 + 8 : n + 1
		return n
	}
	{ lines = FNR }
	file ~ /\.(c|cc|h)$/ && $0 !~ /"/ && width($0) > 110 { say(FNR, "the line has " width($0) " columns, more than 110") }
	/^[a-zA-Z_].*\(/ && !/;[ \t]*$/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
	/^\{/ { start = FNR }
	/^\}/ && start {
		if (FNR - start - 1 > 60)
			say(start, name " has " FNR - start - 1 " lines, more than 60")
		start = 0
	}
	END { end_file(); exit failed }
	' "$@"
}

# The names are a list on purpose.
# shellcheck disable=SC2046
check $(tests/lint/files.sh '*.c' '*.cc' '*.h' '*.sh' '*.bats' | grep -v '^vmlinux.h$') || status=1
exit $status
