#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One direction of dependence: bpf/abi <- daemon/model <- exporters, daemon <- main, and bpf/abi <- bpf. The linker
# sees undefined symbols; this sees what is included.
set -eu

status=0

# Reads file:line:include lines and says of each that it is wrong.
complain()
{
	if sed -E "s/^([^:]*:[0-9]+:)[^\"<]*([\"<].*)/\1 \2 $1/" | grep .; then
		status=1
	fi
}

# allow QUOTED ANGLED FILE...: these files may only include "QUOTED" and <ANGLED> (extended expressions).
allow()
{
	wanted="(\"($1)\"|<($2)>)"
	shift 2
	grep -nHE '^[[:space:]]*#[[:space:]]*include' "$@" | grep -vE "include[[:space:]]+$wanted" >"$found" || true
	complain 'is not for this layer' <"$found"
}

# forbid ANGLED FILE...: these files may not include <ANGLED...>.
forbid()
{
	unwanted=$1
	shift
	grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]+<($unwanted)" "$@" >"$found" || true
	complain 'is not for a pure file' <"$found"
}

found=$(mktemp)
trap 'rm -f "$found"' EXIT
pure_libc='errno\.h|inttypes\.h|limits\.h|std[a-z]+\.h|string\.h|strings\.h|linux/types\.h|endian\.h'

allow '[a-z_]+\.(h|def)' 'linux/types\.h|std[a-z]+\.h' bpf/abi/*
allow 'vmlinux\.h|[a-z]+\.bpf\.h|abi/[a-z]+\.(h|def)' 'vmlinux\.h|bpf/[a-z_]+\.h' bpf/*.bpf.[ch]
allow '(\.\./\.\./bpf/abi/)?[a-z_]+\.(h|def)|\.\./(util|hash)\.h' "$pure_libc" daemon/model/*.[ch]

for file in exporters/*.[ch] daemon/autotrace.c daemon/mappings.c daemon/memcgtext.c daemon/meminfotext.c daemon/processfolder.c daemon/procfs.c daemon/recfile.c daemon/replay.c daemon/slabtext.c daemon/unitname.c daemon/zonetext.c; do
	case $file in
	exporters/http*) ;;
	*) forbid 'bpf/|systemd/|microhttpd|cap-ng|sys/socket|sys/epoll' "$file" ;;
	esac
done
forbid 'bpf/|systemd/|microhttpd|cap-ng' cli/*.[ch]
# Files of strangers are parsed by the symbolizer only, which has nothing else.
forbid 'bpf/|systemd/|microhttpd|cap-ng' daemon/trace/symbolizer/*.[ch]
forbid 'elfutils/|dwarf\.h|gelf\.h|libiberty/' daemon/*.[ch] daemon/trace/*.[ch] exporters/*.[ch] cli/*.[ch]

# Which kernel is told apart is known in one file.
for file in bpf/*.bpf.[ch]; do
	[ "$file" != bpf/compat.bpf.h ] || continue
	if grep -nHE 'LINUX_(KERNEL_)?VERSION|KERNEL_VERSION|^struct [a-z_]+___[a-z_]+ \{' "$file" |
		sed -E 's/^([^:]*:[0-9]+:).*/\1 what differs between kernels belongs into bpf\/compat.bpf.h/' | grep .; then
		status=1
	fi
done
exit $status
