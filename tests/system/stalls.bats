# SPDX-License-Identifier: GPL-2.0-or-later
# Shortage of memory that is really there: a memory cgroup with a limit, an OOM kill in it, compaction by request.
# It stays inside the cgroup; the machine as a whole is never short, so nothing here stalls in direct reclaim.
# Programs of sh and jq are in single quotes.
# shellcheck disable=SC2016

load daemon
load shortage

oom_kills() {
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

metric() {
	get /metrics | awk -v series="$1" '$1 == series { print $2 }'
}

@test "reclaim in a memory cgroup is the stall of whoever reached the limit" {
	# All answers are of one snapshot: none is taken that is not asked for.
	start_daemon --interval 600
	make_cgroup
	read_too_much
	fresh "/v1/process?pid=$reader" >"$dir/process"
	get /v1/stalls >"$dir/stalls"
	jq -c '.process | with_entries(select(.key | startswith("memcg")))' "$dir/process"
	jq -c '.stalls, .reclaimed' "$dir/stalls"
	jq -e '.process | .memcg_reclaims > 0 and .memcg_reclaim_stall_ns >= .memcg_reclaim_stall_self_ns and
		.memcg_reclaim_stall_self_ns > 0 and .comm == "workload"' "$dir/process"
	# What the machine stalled is what this process stalled, and those who may be in other cgroups with a limit. The
	# histogram counts it in another program's cells than the ledger.
	get /v1/groups >"$dir/groups"
	jq -e --slurpfile process "$dir/process" --slurpfile groups "$dir/groups" '[.stalls[] | select(.kind == "memcg_reclaim")] as $all |
		$process[0].process as $one | def of_groups(stalls): [($groups[0].groups[] | select(.exported)), $groups[0].retired | stalls] | add;
		([$all[].count] | add) == of_groups(.memcg_reclaims) and ([$all[].buckets[]] | add) == of_groups(.memcg_reclaims) and
		([$all[].total_ns] | add) == of_groups(.memcg_reclaim_stall_ns) and
		([$all[].self_ns] | add) == of_groups(.memcg_reclaim_stall_self_ns) and
		([$groups[0].groups[] | select(.comm == "workload")] | map(.memcg_reclaims, .memcg_reclaim_stall_ns, .memcg_reclaim_stall_self_ns)) ==
			($one | [.memcg_reclaims, .memcg_reclaim_stall_ns, .memcg_reclaim_stall_self_ns])' "$dir/stalls"
	# It got seven eighths of the file back, or it would not have come to its end.
	jq -e --argjson limit "$limit_bytes" '[.reclaimed[] | select(.kind == "memcg_reclaim").bytes] | add >= 6 * $limit' "$dir/stalls"
}

@test "/metrics and the command show the same stalls" {
	start_daemon
	make_cgroup
	read_too_much
	fresh "/v1/stalls" >"$dir/stalls"
	get /metrics >"$dir/metrics"
	"$MEMOIR" --socket "$socket" stalls >"$dir/text"
	"$MEMOIR" --socket "$socket" process "$reader" >"$dir/process"
	promtool check metrics <"$dir/metrics"
	count=$(jq '[.stalls[] | select(.kind == "memcg_reclaim").count] | add' "$dir/stalls")
	[ "$count" -gt 0 ]
	awk -v count="$count" '/^memoir_stall_seconds_count\{kind="memcg_reclaim"/ { sum += $2 }
		/^memoir_stall_seconds_bucket\{kind="memcg_reclaim".*le="\+Inf"/ { infinite += $2 }
		/^memoir_group_memcg_reclaims_total\{/ { groups += $2 }
		END { print sum, infinite, groups, count; exit !(sum == count && infinite == count && groups == count) }' "$dir/metrics"
	grep -Eq '^memcg_reclaim +[0-9]+ +[0-9]' "$dir/text"
	grep -q "^ *$reader  *workload " "$dir/text"
	# The kernel itself may have had a part in it.
	mine=$(awk '$1 == "memcg_reclaim" { print $2 }' "$dir/process")
	[ "$mine" -le "$count" ] && [ "$mine" -ge $((count * 9 / 10)) ]
}

@test "an OOM kill is an event, and counted once" {
	start_daemon
	make_cgroup
	kernel_before=$(oom_kills)
	before=$(metric memoir_oom_kills_total)
	touch_too_much
	touch_too_much
	fresh /v1/status >/dev/null
	kernel_after=$(oom_kills)
	after=$(metric memoir_oom_kills_total)
	echo "kernel $kernel_before to $kernel_after, memoir $before to $after"
	[ $((kernel_after - kernel_before)) -ge 2 ]
	[ $((after - before)) -eq $((kernel_after - kernel_before)) ]
	get /v1/events >"$dir/events"
	jq -c '.events[]' "$dir/events"
	jq -e --argjson limit "$limit_bytes" '[.events[] | select(.event == "oom_kill" and .victim_comm == "workload")] | length == 2 and
		all(.victim_pid > 1 and .anon_rss_bytes > $limit / 2 and .anon_rss_bytes <= $limit and .total_vm_bytes > $limit)' "$dir/events"
	victim=$(jq '[.events[] | select(.event == "oom_kill")][0].victim_pid' "$dir/events")
	"$MEMOIR" --socket "$socket" events | grep -F " oom_kill workload[$victim] anon "
	[ "$(get /v1/stalls | jq .oom_kills)" -eq "$after" ]
}

@test "an OOM kill while no daemon runs is counted all the same" {
	start_daemon --pin "$pins"
	make_cgroup
	kernel_before=$(oom_kills)
	before=$(metric memoir_oom_kills_total)
	end_daemon
	touch_too_much
	start_daemon --pin "$pins"
	fresh /v1/status >/dev/null
	grown=$(($(metric memoir_oom_kills_total) - before))
	kernel_grown=$(($(oom_kills) - kernel_before))
	end_daemon
	echo "memoir $grown, kernel $kernel_grown"
	[ "$kernel_grown" -ge 1 ]
	[ "$grown" -eq "$kernel_grown" ]
}

@test "compaction by request is counted with its result, once for each zone" {
	[ -w /proc/sys/vm/compact_memory ] || skip "this kernel does not compact by request"
	runs() {
		fresh /v1/stalls | jq '[.compactions[] | select(.mode == "other").count] | add // 0'
	}
	start_daemon
	zones=$(awk '$1 == "present" && $2 > 0 { nr++ } END { print nr }' /proc/zoneinfo)
	before=$(runs)
	echo 1 >/proc/sys/vm/compact_memory
	echo 1 >/proc/sys/vm/compact_memory
	after=$(runs)
	echo "$zones zones, runs $before to $after"
	[ $((after - before)) -eq $((2 * zones)) ]
	get /v1/stalls | jq -c .compactions
	get /v1/stalls | jq -e '[.compactions[] | select(.mode == "other")] | all(.result | IN("complete", "partial_skipped", "contended"))'
	# Nobody waited for memory meanwhile: it is no stall.
	get /v1/stalls | jq -e '.direct_compactions == [] and .compact_stalls == 0'
}
