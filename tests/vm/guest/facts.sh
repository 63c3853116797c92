#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside a guest: installs memoir, puts a standard load on the machine, and says on the second serial line what became of
# the probes on this kernel, as "@facts JSON": each one's state and verified instructions, the agreement with /proc/vmstat, and
# what the tests before have compared with other ground truth. Everything but the state is asked of the kernel itself.
set -eu -o pipefail

# shellcheck source=../../system/daemon.bash
. /lab/tests/system/daemon.bash
daemon_setup
trap teardown EXIT

# By program: what the verifier has walked through.
instructions()
{
	local programs fdinfo
	programs=$(bpftool --json prog show)
	for fdinfo in "/proc/$daemon/fdinfo"/*; do
		awk '$1 == "prog_id:" { id = $2 } $1 == "verified_insns:" { nr = $2 }
			END { if (id && nr) printf "{\"id\": %d, \"nr\": %d}\n", id, nr }' "$fdinfo"
	done | jq --slurp --argjson programs "$programs" 'map(.id as $id | {($programs[] | select(.id == $id).name): .nr}) | add'
}

# shellcheck disable=SC2119
start_daemon >/dev/null
before=$(quiet_status)
"$WORKLOAD" touch 20000 3 >/dev/null
"$WORKLOAD" forks 200 >/dev/null
after=$(quiet_status)
# Its programs are loaded while it goes on.
get "/v1/leaks/trace?kernel=1&seconds=600" >/dev/null
touch "$TMPDIR/truth"
jq --compact-output --null-input --slurpfile truth "$TMPDIR/truth" --argjson before "$before" --argjson after "$after" --argjson instructions "$(instructions)" \
	--argjson probes "$(get /v1/probes)" '
	($before.agreement.items | map({(.item): .}) | add) as $first |
	{
		release: $after.kernel,
		probes: ($probes.probes | map({name, target, state, reason, instructions: $instructions[.name]})),
		agreement: ($after.agreement.items | map({item, kernel: (.kernel - $first[.item].kernel),
			memoir: (.memoir - $first[.item].memoir)})),
		truth: $truth
	}' | sed 's/^/@facts /' >/dev/ttyS1
