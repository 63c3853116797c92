#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Of "[ A ] && [ B ]" in the middle of a test only B can fail it: set -e does not look at A. At the end of a function or a test
# both count, by its status.
set -eu

# The names are a list on purpose.
# shellcheck disable=SC2046
awk '
FNR == 1 { line = "" }
line != "" && !/^[ \t]*}/ { print where ": only the last condition of the line can fail: give each a line"; failed = 1 }
{ line = "" }
/^[ \t]*\[.*\] && \[.*\]$/ { line = $0; where = FILENAME ":" FNR }
END { exit failed }
' $(tests/lint/files.sh '*.bats' '*.bash')
