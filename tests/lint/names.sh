#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing in the tree names the machine that it was written on, or leaves work for a later day.
set -eu

status=0
# deny PATTERN MESSAGE: no file but the licence, documents, fuzzers' seeds and this one holds the pattern.
deny()
{
	# The names are a list on purpose.
	# shellcheck disable=SC2046
	if grep -nHIE "$1" $(tests/lint/files.sh '*' | grep -vE '^(LICENSE|docs/.*|tests/fuzz/seeds/.*|tests/lint/names\.sh)$') |
		sed -E "s/^([^:]*:[0-9]+:).*/\1 $2/" | grep .; then
		status=1
	fi
}

deny '(^|[^a-zA-Z0-9_.~-])/(work|home|Users|root)/[a-zA-Z]' 'an absolute path of one machine'
deny '(^|[^a-zA-Z0-9_.-])/tmp/[a-zA-Z]([^X]|X[^X])*$' 'a fixed name in \/tmp: use mktemp'
deny '\b(TODO|FIXME|XXX)\b' 'work that is left undone'
exit $status
