# SPDX-License-Identifier: GPL-2.0-or-later
# Fallback allocations, migration and huge pages on this kernel, against its own trace and /proc/vmstat.

load daemon
load trace

teardown() {
	end_trace
	daemon_teardown
}

# From as many pages that cannot be moved as it takes: the free ones of that kind run out, and others are taken.
take_unmovable_pages() {
	local nr
	mkfifo "$dir/alive"
	exec {alive}<>"$dir/alive"
	for nr in 32 64 128 256 512; do
		mkfifo "$dir/filled"
		"$WORKLOAD" pipes "$nr" 256 <"$dir/alive" >"$dir/filled" 3>&- &
		pids+=("$!")
		read -r _ <"$dir/filled"
		rm "$dir/filled"
		[ "$(nr_traced)" -eq 0 ] || return 0
	done
	skip "this machine has free pages enough for unmovable ones"
}

# all_fallbacks: sums of what memoir counted: events, those of them that stole, those that did not.
all_fallbacks() {
	fresh /v1/fragmentation | jq -r '[([.fallbacks[].count] | add // 0),
		([.fallbacks[] | select(.stolen == "yes").count] | add // 0),
		([.fallbacks[] | select(.stolen == "no").count] | add // 0)] | @tsv'
}

@test "fallback allocations are as many as the kernel's own trace has, and steal where it says so" {
	start_daemon
	begin_trace kmem/mm_page_alloc_extfrag
	at_rest all_fallbacks
	read -r before yes_before no_before <"$dir/at_rest"
	traced_before=$nr_at_rest
	take_unmovable_pages
	at_rest all_fallbacks
	read -r after yes no <"$dir/at_rest"
	echo "memoir $((after - before)), trace $((nr_at_rest - traced_before)); stolen $((yes - yes_before)), not $((no - no_before))"
	[ "$nr_at_rest" -gt "$traced_before" ]
	[ $((after - before)) -eq $((nr_at_rest - traced_before)) ]
	# What memoir is sure of is in the kernel's account of the same events; it is not sure of all.
	[ $((yes - yes_before)) -le "$(traced_with change_ownership=1)" ]
	[ $((no - no_before)) -le "$(traced_with change_ownership=0)" ]
	[ $((yes - yes_before)) -eq "$(traced | tail -n "+$((traced_before + 1))" | awk '{ split($0, f, "fallback_order="); split(f[2], o, " ")
		split($0, p, "pageblock_order="); split(p[2], b, " "); nr += o[1] + 0 >= b[1] + 0 } END { print nr + 0 }')" ]
}

@test "a fallback is charged to its process and to its kernel stack" {
	start_daemon
	begin_trace kmem/mm_page_alloc_extfrag
	take_unmovable_pages
	fresh /v1/fragmentation >"$dir/reply"
	traced | awk '{ sub(/-[0-9]+$/, "", $1); print $1 }' | sort | uniq -c
	jq -c '.fallback_stacks[] | [.comm, .count, .frames[0]]' "$dir/reply"
	jq -e '[.fallback_stacks[].count] | add > 0' "$dir/reply"
	# Those that are listed are not more than those that are counted, and none is listed without a stack.
	jq -e '([.fallback_stacks[].count] | add) <= ([.fallbacks[].count] | add)' "$dir/reply"
	jq -e '[.fallback_stacks[] | select(.frames | length == 0)] == []' "$dir/reply"
	nr=$(traced | grep -c '^ *workload-' || true)
	[ "$(jq '[.fallback_stacks[] | select(.comm == "workload").count] | add // 0' "$dir/reply")" -eq "$nr" ]
	get /v1/groups | jq -e --argjson nr "$nr" \
		'[.groups[] | select(.comm == "workload").fallback_allocations] | add // 0 | . == $nr'
}

@test "pages that compaction moves are as many as /proc/vmstat says" {
	[ -w /proc/sys/vm/compact_memory ] || skip "this kernel cannot be made to compact"
	start_daemon
	before=$(quiet_status)
	for ((tries = 0; tries < 5; tries++)); do
		"$WORKLOAD" touch 20000 1 >/dev/null
		echo 1 >/proc/sys/vm/compact_memory
		after=$(quiet_status)
		moved=$(($(kernel "$after" pgmigrate_success) - $(kernel "$before" pgmigrate_success)))
		[ "$moved" -eq 0 ] || break
	done
	echo "$moved pages moved"
	[ "$moved" -gt 0 ] || skip "there was nothing to move"
	for item in pgmigrate_success pgmigrate_fail; do
		[ "$(remainder "$before" $item)" -eq "$(remainder "$after" $item)" ]
	done
	get /v1/fragmentation | jq -e --argjson moved "$moved" \
		'[.migrated[] | select(.reason == "compaction" and .result == "succeeded").count] | add >= $moved'
}

@test "huge pages and swap are what /proc/vmstat says, key by key" {
	start_daemon
	"$WORKLOAD" touch-huge 20480 1 >/dev/null
	fresh /v1/fragmentation >"$dir/before"
	awk '/^thp_|^pswp/ { print }' /proc/vmstat >"$dir/vmstat"
	fresh /v1/fragmentation >"$dir/after"
	grep -q '^thp_fault_alloc' "$dir/vmstat" || skip "this kernel has no huge pages"
	# The kernel may count while it is read: its figure is not less than the first answer, and not more than the second.
	while read -r key value; do
		case $key in
		thp_*) query=".huge_pages.events[] | select(.event == \"${key#thp_}\").count" ;;
		pswp*) query=".swap[] | select(.direction == \"${key#pswp}\").bytes / $(getconf PAGESIZE)" ;;
		esac
		first=$(jq "$query" "$dir/before") last=$(jq "$query" "$dir/after")
		echo "$key $value: $first $last"
		[ "$first" -le "$value" ]
		[ "$value" -le "$last" ]
	done <"$dir/vmstat"
	[ "$(jq '(.huge_pages.events | length) + (.swap | length)' "$dir/after")" -eq "$(wc -l <"$dir/vmstat")" ]
}
