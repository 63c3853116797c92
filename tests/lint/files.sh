#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the files of the tree whose names match the given find patterns, without what was built.
#
#	files.sh PATTERN...
set -eu

for pattern; do
	find . \( -path ./.git -o -path ./build \) -prune -o -type f -name "$pattern" -print
done | sed 's,^\./,,' | sort -u
