#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes docs/kernels.md from what is kept of the kernels of the lab.
#
#	table.sh FACTS >docs/kernels.md
set -eu -o pipefail

# By version: 6.1 before 6.12.
mapfile -t files < <(find "$1" -name '*.json' | sort -V)

cat <<'END'
# Kernels

What became of memoir's probes on the kernels of the lab. Made by `make vm-test && make kernels`, which boots Debian's own
kernels in guests with two NUMA nodes; do not edit. `make vm-test` fails when a probe that is attached here is not any more,
or when its instructions grow by more than a tenth. Nanoseconds are not here, because the guests are emulated: see
[probes.md](probes.md#how-often-they-run-and-what-a-run-costs) for those of a real machine.

## Probes

The number is how many instructions the verifier walked through; a word is the state of a probe that is not attached.

END
jq --raw-output --slurp '
	("| program | " + (map(.release | split("-amd64")[0]) | join(" | ")) + " |"),
	("|---|" + (map("---|") | join(""))),
	(. as $kernels | [.[].probes[].name] | unique | .[] | . as $name |
		"| `\($name)` | " + ($kernels | map(.probes[] | select(.name == $name) |
			if .state == "attached" then .instructions else .state end | tostring) | join(" | ")) + " |")' "${files[@]}"
cat <<'END'

## Agreement with /proc/vmstat

What the kernel counted less what memoir counted, over the pages that the kernel counted, from one quiet moment to the
next, while `workload touch 20000 3` and `workload forks 200` ran. Why there is a remainder:
[probes.md](probes.md#held-against-procvmstat).

END
jq --raw-output --slurp '
	("| item | " + (map(.release | split("-amd64")[0]) | join(" | ")) + " |"),
	("|---|" + (map("---|") | join(""))),
	(. as $kernels | [.[].agreement[].item] | unique | .[] | . as $item |
		"| `\($item)` | " + ($kernels | map(.agreement[] | select(.item == $item) |
			"\(.kernel - .memoir) of \(.kernel)") | join(" | ")) + " |")' "${files[@]}"
cat <<'END'

## Agreement with what only a debug kernel tells

What `make vm-test KERNEL=debug NODES=2` compared on a kernel built with page_owner and allocation profiling, in pages. On the
same kernel lockdep, kmemleak, page poisoning and the other memory debugging were on while all tests ran, and said nothing.

END
jq --raw-output --slurp '
	"| ground truth | kernel | memoir | Linux |", "|---|---|---|---|",
	(.[] | .release as $release | .truth[] | "| \(.item) | \(.kernel) | \(.memoir) | \($release) |")' "${files[@]}"
