# SPDX-License-Identifier: GPL-2.0-or-later
# The state of free memory against the kernel's own: the indices that it computes in debugfs, and its pageblocks. Programs of
# jq are in single quotes.
# shellcheck disable=SC2016

load daemon
load expect

# Of files in /proc and debugfs: "Node 0, zone   Normal  1 2 3" by "0 Normal", from lines with a ";" behind each. The kernel
# writes an index of -500 as 0.-500.
rows='def rows: [split(";")[] | capture("^Node (?<node>[0-9]+), zone +(?<zone>[^ ]+) +(?<values>.*[^ ]) *$") |
	{key: "\(.node) \(.zone)", value: [.values | splits(" +") |
		if test("\\.-") then "-" + sub("-"; "") else . end | tonumber]}] | from_entries;'

# watch_zones N: that many answers of the daemon, each with what the kernel says right behind it, a line of JSON each. One
# client asks, and nothing is forked meanwhile: a new process takes memory. Where that takes longer than a connection may last,
# the last answer is torn.
watch_zones() {
	local answer before unusable index after client
	mkfifo "$dir/answers"
	curl --silent --show-error --no-buffer --rate 50/s --unix-socket "$socket" \
		"http://localhost/v1/fragmentation?max_age_ms=0#[1-$1]" >"$dir/answers" 3>&- &
	client=$!
	exec {answers}<"$dir/answers"
	rm "$dir/answers"
	local IFS=';'
	while read -r -t "$silence_s" answer <&"$answers"; do
		mapfile -t before </proc/buddyinfo
		mapfile -t unusable <"$dir/debug/extfrag/unusable_index"
		mapfile -t index <"$dir/debug/extfrag/extfrag_index"
		mapfile -t after </proc/buddyinfo
		printf '{"answer":%s,"before":"%s","unusable":"%s","index":"%s","after":"%s"}\n' \
			"$answer" "${before[*]}" "${unusable[*]}" "${index[*]}" "${after[*]}"
	done
	exec {answers}<&-
	wait "$client" || true
}

# Of each zone that was the same in the answer and around the kernel's indices: whether both are equal, and how many
# allocations would fail. An index of -1 means that the allocation would succeed.
compare='(.before | rows) as $before | (.after | rows) as $after | (.unusable | rows) as $unusable | (.index | rows) as $index |
	.answer.zones[] | "\(.node) \(.zone)" as $zone |
	select($before[$zone] == $after[$zone] and [.orders[].free_blocks] == $before[$zone]) |
	{zone: $zone, failing: [.orders[].fragmentation_index | numbers] | length,
	equal: ([.orders[].unusable] == $unusable[$zone] and
		[.orders[] | .fragmentation_index // -1] == $index[$zone] and
		all(.orders[]; (.available_blocks == 0) == (.fragmentation_index != null)))}'

@test "indices are the kernel's own, of every zone and order" {
	mkdir "$dir/debug"
	mount -t debugfs none "$dir/debug" || skip "debugfs cannot be mounted here"
	[ -r "$dir/debug/extfrag/extfrag_index" ] || skip "this kernel does not show its indices"
	start_daemon
	zones=$(wc -l </proc/buddyinfo)
	for ((tries = 0; tries < 20; tries++)); do
		watch_zones 50 >>"$dir/watched"
		jq -cR "$rows fromjson? | $compare" "$dir/watched" >"$dir/compared"
		[ "$(jq -r .zone "$dir/compared" | sort -u | wc -l)" -lt "$zones" ] || break
	done
	jq -sc 'group_by(.zone)[] | {zone: .[0].zone, compared: length, failing: map(.failing) | max, equal: all(.equal)}' \
		"$dir/compared" | tee "$dir/result"
	[ "$(wc -l <"$dir/result")" -eq "$zones" ]
	jq -se 'all(.equal)' "$dir/result"
}

@test "zones and pageblocks are those of /proc" {
	start_daemon
	fresh /v1/fragmentation >"$dir/zones"
	# Pageblocks change their type now and then, their number only with the memory.
	awk -F '[:,]? +' '/^Page block order/ { order = $4; is_in = 0 }
		/^Number of/ { is_in = /blocks type/; next }
		/^Node/ && is_in { nr = 0; for (i = 5; i <= NF; i++) nr += $i; print $2, $4, order, nr }' /proc/pagetypeinfo >"$dir/kernel"
	jq -r '.page_block_order as $order | .zones[] |
		"\(.node) \(.zone) \($order) \([.pageblocks.types[].count] | add)"' "$dir/zones" >"$dir/memoir"
	diff -u "$dir/kernel" "$dir/memoir"
	soon watermarks_agree
}

# For a moment after a fallback allocation they are higher (watermark_boost).
watermarks_agree() {
	fresh /v1/fragmentation >"$dir/zones" || return
	awk -v page="$(getconf PAGESIZE)" '/^Node/ { node = $2 + 0; zone = $4 }
		$1 ~ /^(min|low|high|managed)$/ { value[$1] = $2 * page }
		$1 == "present" { is_populated = $2 > 0 }
		$1 == "protection:" && is_populated {
			printf "%s %s %.0f %.0f %.0f %.0f\n", node, zone, value["managed"], value["min"], value["low"], value["high"]
		}' \
		/proc/zoneinfo >"$dir/kernel"
	jq -r '.zones[] | "\(.node) \(.zone) \(.managed_bytes) \(.watermarks | "\(.min_bytes) \(.low_bytes) \(.high_bytes)")"' \
		"$dir/zones" >"$dir/memoir"
	diff -u "$dir/kernel" "$dir/memoir"
}

@test "/metrics and the command show the same state" {
	start_daemon --interval 3600
	get /v1/fragmentation >"$dir/zones"
	get /metrics >"$dir/metrics"
	promtool check metrics <"$dir/metrics"
	"$MEMOIR" --socket "$socket" fragmentation >"$dir/text"
	[ "$(wc -L <"$dir/text")" -le 80 ]
	jq -r '.zones[] | "Node \(.node), zone \(.zone): "' "$dir/zones" | while read -r zone; do
		grep -qF "$zone" "$dir/text"
	done
	# The command asks for a snapshot of its own; the metrics are of the same one as the answer.
	jq -r '.zones[] | .node as $node | .zone as $zone | .orders[] |
		"{node=\"\($node)\",zone=\"\($zone)\",order=\"\(.order)\"} \(.available_blocks)"' "$dir/zones" >"$dir/wanted"
	sed -n 's/^memoir_available_blocks//p' "$dir/metrics" | diff -u "$dir/wanted" -
	[ "$(grep -c '^memoir_fragmentation_index{' "$dir/metrics")" -eq \
		"$(jq '[.zones[].orders[].fragmentation_index | numbers] | length' "$dir/zones")" ]
}
