#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside a guest: one set of tests, and then the facts about this kernel.
#
#	job.sh SET
#
# SET is all; short, without the tests that say little about a kernel; debug, for the debug kernel; or floor, for a kernel that
# memoir refuses.
set -eu

# What takes long and says little about a kernel is skipped but for "all".
export TEST_SET="$1"
export NR_SHORT_LIVES=10000
[ "$1" = all ] || export BLAME_RUNS=2

run()
{
	tests/run-tests.sh build "$@"
}

case $1 in
all) run build/tests/bpf/test_* tests/system/*.bats tests/vm/guest/lab/*.bats ;;
short) run build/tests/bpf/test_* tests/system/exact.bats tests/system/stalls.bats tests/system/fragmentation.bats tests/system/slab.bats \
	tests/vm/guest/lab/*.bats ;;
debug) run build/tests/bpf/test_* tests/system/exact.bats tests/system/fragmentation.bats tests/vm/guest/lab/pressure.bats tests/vm/guest/owners.bats \
	tests/vm/guest/debug.bats ;;
floor) run tests/vm/guest/floor.bats; exit ;;
*) echo "$1: no set of tests" && exit 2 ;;
esac
tests/vm/guest/facts.sh
