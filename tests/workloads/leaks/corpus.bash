# SPDX-License-Identifier: GPL-2.0-or-later
# Starts the programs of the leak corpus. Sourced, with $BUILD set.
# shellcheck shell=bash

CORPUS=${BASH_SOURCE[0]%/*}/corpus.tsv
LEAKS=$BUILD/tests/workloads/leaks

# corpus COMMAND...: runs it for every row of the table, whose columns are then in $name, $program, ...
corpus() {
	local name program how pattern bytes hour truth kind verdict site
	while IFS=$'\t' read -r name program how pattern bytes hour truth kind verdict site <&9; do
		[[ $name == \#* ]] || "$@" || return
	done 9<"$CORPUS"
}

# corpus_row NAME COMMAND...: the same for one row.
corpus_row() {
	corpus of_name "$@"
}
of_name() {
	[ "$name" != "$1" ] || "${@:2}"
}

# The shared library of an allocator.
allocator() {
	ldconfig -p | awk -v name="$1" 'index($1, name) == 1 { print $NF; exit }'
}

# Whether what the program of the row needs is installed.
can_start() {
	case $how in
	jemalloc) [ -n "$(allocator libjemalloc.so)" ] ;;
	tcmalloc) [ -n "$(allocator libtcmalloc_minimal.so)" ] ;;
	mimalloc) [ -n "$(allocator libmimalloc.so)" ] ;;
	esac && ! ldd "$LEAKS/$program" 2>&1 | grep -q 'not found'
}

# elsewhere PROGRAM ARGUMENT...: becomes it, in a mount namespace where it lies in a file system that nobody else sees.
elsewhere() {
	# shellcheck disable=SC2016
	exec unshare --mount sh -c 'mount -t tmpfs none /mnt && cp "$1" /mnt/program && shift && exec /mnt/program "$@"' sh "$@"
}

# start_leak SCALE [NAME]: becomes the program of the row, perhaps by another name. It answers on standard output.
start_leak() {
	local preload=
	set -- "$LEAKS/$program" "${2:-$name}" "$pattern" "$bytes" "$1"
	case $how in
	jemalloc) preload=$(allocator libjemalloc.so) ;;
	tcmalloc) preload=$(allocator libtcmalloc_minimal.so) ;;
	mimalloc) preload=$(allocator libmimalloc.so) ;;
	namespace) elsewhere "$@" ;;
	-) exec "$@" ;;
	esac
	[ -n "$preload" ] || {
		echo "$how is not installed" >&2
		exit 1
	}
	LD_PRELOAD=$preload exec "$@"
}
