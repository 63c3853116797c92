#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs clang-tidy over the files, one for each CPU at a time, and prints only what it finds in them.
#
#	tidy.sh CLANG_TIDY CHECKS FILE... -- CFLAGS...
set -euo pipefail

tidy=("$1" --quiet "--checks=$2")
shift 2
files=()
while [ "$1" != -- ]; do
	files+=("$1")
	shift
done
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# What it cannot parse is among the findings, so its status says nothing more.
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -I '{}' "${tidy[@]}" '{}' "$@" >"$found" 2>/dev/null || true
if sed "s,^$PWD/,," "$found" | grep -E '^[^ ]+:[0-9]+:[0-9]+: (warning|error)' | grep -v '\.skel\.h:' | sort -u; then
	exit 1
fi
