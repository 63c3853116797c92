# SPDX-License-Identifier: GPL-2.0-or-later
# On the debug kernel: what processes are estimated to hold, against page_owner, which knows who asked for each page.

load ../../system/daemon
load ../../system/expect
load ../../system/holders
load machine

min_estimates=160
estimates=$BATS_FILE_TMPDIR/estimates

# owned PID...: JSON of the pages by migratetype that each of these processes has asked for and that are not free.
owned() {
	page_owner | awk -v pids="$*" '
		BEGIN { split(pids, all, " "); for (i in all) wanted[all[i]] = 1 }
		END {
			for (pid in wanted)
				printf "{\"pid\": %d, \"movable\": %d, \"unmovable\": %d, \"reclaimable\": %d}\n",
					pid, pages[pid, "Movable"], pages[pid, "Unmovable"], pages[pid, "Reclaimable"]
		}
		# What came by the list gets no event.
		/^Page allocated via order/ { pid = $11 in wanted ? $11 : 0; nr = 2 ^ (substr($5, 1, length($5) - 1)) }
		/^PFN/ { type = $4; pages[pid, type] += nr }
		/alloc_pages_bulk/ { pages[pid, type] -= nr; nr = 0 }'
}

estimate_batch() {
	local moved
	moved=$(moved)
	start_batch 400 3
	read_holders
	owned "${batch[@]}" >"$dir/truths"
	end_batch
	# A page that was moved meanwhile is not followed any more.
	[ "$(moved)" -ne "$moved" ] || compare_owners "$dir/truths" >>"$estimates"
}

@test "what processes hold is estimated with errors that are right, by page_owner" {
	local tries
	echo 0 >/proc/sys/kernel/numa_balancing
	: >"$estimates"
	start_daemon
	for ((tries = 0; tries < min_estimates / batch_size; tries++)); do
		estimate_batch
		[ "$(wc -l <"$estimates")" -lt "$min_estimates" ] || break
	done
	[ "$(wc -l <"$estimates")" -ge "$min_estimates" ]
	for kind in movable unmovable; do
		errors_are_right "$kind" 0.15 1.5 25
		awk -v kind="$kind" '$1 == kind { truth += $4; memoir += $2 } END { printf "%.0f %.0f\n", truth / 4096, memoir / 4096 }' "$estimates" |
			while read -r truth memoir; do
				compared "page_owner: $kind pages that 20 processes hold, added up over all batches, and their estimates" "$truth" "$memoir"
			done
	done
	within_three_errors
}
