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

The number is how many instructions the verifier walked through; a word is the state of a probe that is not attached. `slab_*`
are attached, and `leak_*` loaded and attached, on request only.

END
jq --raw-output --slurp '
	("| program | " + (map(.release | split("-amd64")[0]) | join(" | ")) + " |"),
	("|---|" + (map("---|") | join(""))),
	(. as $kernels | [.[].probes[].name] | unique | .[] | . as $name |
		"| `\($name)` | " + ($kernels | map([.probes[] | select(.name == $name) |
			if .state == "attached" or .state == "on_request" then .instructions else .state end | tostring][0] // "") | join(" | ")) + " |")' "${files[@]}"
cat <<'END'

## What differs between kernels

Each entry of `bpf/compat.bpf.h`, a kernel on each side of it, and the test that fails if it is told apart wrongly.

| difference | since | before | after | test |
|---|---|---|---|---|
| `mm->rss_stat` is per CPU | 6.2 | 6.1 | 6.12 | lab/nodes: resident memory |
| `bpf_rdonly_cast()` | 6.2 | 6.1 | 6.12 | bpf/test_interrupts; service |
| `__preempt_count` is in `pcpu_hot` | 6.2 to 6.14 | 6.1, 6.18 | 6.12 | bpf/test_interrupts |
| `page->flags` is a struct | 6.18 | 6.12 | 6.18 | lab/nodes: pages by node |
| the order of a reclaim is the second argument | 7.1 | 6.18 | 7 | lab/pressure: the order of a reclaim |
| a deferred compaction is no stall | 7.2 | 6.18 | 7 | lab/pressure: compact_stall |
| disabled interrupts are in the preemption count | 7.3 | 6.18 | 7 | bpf/test_interrupts |
| changing a map returns a long | 6.4 | 6.1 | 6.12 | bpf/test_live: what was not followed is no loss |
| `zswap_load()` tells by an error number | by 6.18 | 6.12 | 6.18 | lab/swap: who reads memory back |
| frontswap became `zswap_load()` | 6.6 | 6.1 | 6.12 | lab/swap: what zswap has in memory |
| `numa_migrate_prep()` became `numa_migrate_check()` | 6.12 | 6.1 | 6.12 | lab/numa: hint faults and migrations |
| the order of a folio had a byte of its own | 6.6 | 6.1 | 6.12 | lab/numa: faults of huge pages |
| `kvfree_call_rcu()` is told an address | 6.3 | 6.1 | 6.12 | system/leaks_kernel: what kfree_rcu() frees |
| `mark_victim` has a task | 6.8, and stable kernels | none that Debian still has | all | bpf/test_oom |

The programs that see the results of direct compaction and the reads from swap are tracing programs on functions. The first
has to attach on all of these, and of the latter those for the kernel's functions; where they are refused, their state is
`optional`, a stall is counted for each attempt, and who reads from swap is not visible.

## Agreement with /proc/vmstat

What the kernel counted less what memoir counted, over the pages that the kernel counted, from one quiet moment to the
next, while `workload touch 20000 3` and `workload forks 200` ran. Why there is a remainder:
[probes.md](probes.md#held-against-procvmstat).

END
jq --raw-output --slurp '
	("| item | " + (map(.release | split("-amd64")[0]) | join(" | ")) + " |"),
	("|---|" + (map("---|") | join(""))),
	(. as $kernels | [.[].agreement[].item] | unique | .[] | . as $item |
		"| `\($item)` | " + ($kernels | map([.agreement[] | select(.item == $item) |
			"\(.kernel - .memoir) of \(.kernel)"][0] // "") | join(" | ")) + " |")' "${files[@]}"
cat <<'END'

## Agreement with what only a debug kernel tells

What `make vm-test KERNEL=debug NODES=2` compared on a kernel built with page_owner and allocation profiling, in pages. On the
same kernel lockdep, kmemleak, page poisoning and the other memory debugging were on while its tests ran, and said nothing.

END
jq --raw-output --slurp '
	"| ground truth | kernel | memoir | Linux |", "|---|---|---|---|",
	(.[] | .release as $release | .truth[] | "| \(.item) | \(.kernel) | \(.memoir) | \($release) |")' "${files[@]}"
