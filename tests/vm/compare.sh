#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Holds what was seen of the probes on a kernel against what is kept of an earlier run. One line for each probe that was
# attached, or ready to be attached on request, and is not any more, whose verified instructions have grown by more than a
# tenth, or of which nothing is kept; then it fails.
#
#	compare.sh KEPT SEEN
set -eu

complaints=$(jq --raw-output --slurpfile seen "$2" '
	.release as $release | ($seen[0].probes | map({(.name): .}) | add) as $now | [.probes[].name] as $kept |
	(.probes[] | select(.state == "attached" or .state == "on_request") | $now[.name] as $probe |
		if $probe == null then "\(.name): it is gone"
		elif $probe.state != .state then "\(.name): \($probe.state): \($probe.reason)"
		elif $probe.instructions * 10 > .instructions * 11 then "\(.name): \($probe.instructions) instructions, were \(.instructions)"
		else empty end),
	($seen[0].probes[].name | select(IN($kept[]) | not) | "\(.): it is new") |
	"Linux \($seen[0].release), \(.); docs/kernels.md is of \($release); if that is as it should be: make kernels"' "$1")
[ -z "$complaints" ] || { echo "$complaints" && exit 1; }
