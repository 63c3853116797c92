#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every source says its licence in its first lines: what runs in the kernel GPL-2.0-only, what both sides share
# GPL-2.0-only, all else GPL-2.0-or-later.
set -eu

status=0
# check FILE LICENCE
check()
{
	if ! head -n 3 "$1" | grep -qE "SPDX-License-Identifier: $2( |\$)"; then
		echo "$1:1: wants the line SPDX-License-Identifier: $2"
		status=1
	fi
}

for file in $(tests/lint/files.sh '*.c' '*.cc' '*.h' '*.def' '*.sh' '*.bats' '*.bash' '*.mk' '*.service' '*.scd' \
	Makefile run postinst prerm postrm .clang-format); do
	case $file in
	bpf/abi/* | bpf/*.bpf.[ch] | vmlinux.h) check "$file" GPL-2.0-only ;;
	*) check "$file" GPL-2.0-or-later ;;
	esac
done
exit $status
