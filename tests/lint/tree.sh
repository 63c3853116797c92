#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the checks that are memoir's own: each prints file:line: message and fails, or is quiet.
set -eu

cd "$(dirname "$0")/../.."
status=0
for check in conditions layers lengths licences names; do
	"tests/lint/$check.sh" || status=1
done
exit $status
