#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Names each file that differs from the form of .clang-format, with the first line that does.
#
#	format.sh CLANG_FORMAT FILE...
set -eu

clang_format=$1
shift
status=0
for file; do
	# cmp says: FILE - differ: byte N, line N
	where=$("$clang_format" "$file" | cmp "$file" - 2>&1) && continue
	echo "$file:${where##*line }: is not in the form of .clang-format; run 'make format'"
	status=1
done
exit $status
