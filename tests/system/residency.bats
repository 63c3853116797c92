# SPDX-License-Identifier: GPL-2.0-or-later
# memoir process PID --numa against numa_maps of a process that is stopped, and where there is nothing to read.

load daemon
load expect

NUMA=$BUILD/tests/workloads/numa

# A process of the workload whose memory is laid out and that waits; its pid is in $laid.
lay_numa() {
	[ -e /proc/self/numa_maps ] || skip "this kernel has no numa_maps"
	lay "$NUMA" "$@"
	read -r laid <&"$reports"
	fresh /v1/status >/dev/null
}

# Bytes by node, and by policy and node, as numa_maps has them, in the form of by_node and by_policy below.
recount() {
	awk -v by_policy="$2" '{
			policy = $2 == "weighted" || $2 == "prefer" && $3 ~ /^\(many/ ? $2 " " $3 : $2
			size = 0
			for (i = 3; i <= NF; i++)
				if (sub(/^kernelpagesize_kB=/, "", $i))
					size = $i * 1024
			for (i = 3; i <= NF; i++)
				if ($i ~ /^N[0-9]+=[0-9]+$/ && split(substr($i, 2), part, "="))
					sum[(by_policy ? policy " " : "") part[1]] += part[2] * size
		}
		END { for (key in sum) printf "%s %.0f\n", key, sum[key] }' "/proc/$1/numa_maps" | sort
}

by_node() {
	jq -r '.nodes[] | "\(.node) \(.bytes)"' "$dir/member" | sort
}

by_policy() {
	jq -r '.policies[] | .policy as $policy | .nodes[] | "\($policy) \(.node) \(.bytes)"' "$dir/member" | sort
}

is_same_as_numa_maps() {
	diff <(recount "$laid" 0) <(by_node)
	diff <(recount "$laid" 1) <(by_policy)
	holds '.end == "complete" and .mappings_changed == false and .seen_bytes == .mapped_bytes'
	holds ".mappings == $(grep -cv '^f\{8\}' "/proc/$laid/numa_maps")"
	holds '.nodes | all(.bytes == .anonymous_bytes + .file_bytes + .shared_bytes + .hugetlb_bytes)'
}

@test "what is resident on each node, by policy, is what numa_maps says" {
	start_daemon
	lay_numa base 0 0 2048
	kill -STOP "$laid"
	member numa_maps process "$laid" --numa
	is_same_as_numa_maps
	holds '[.nodes[].anonymous_bytes] | add >= 2048 * 4096'
	holds '[.nodes[].file_bytes] | add > 0'
	kill -CONT "$laid"
}

@test "memory that is mapped shared is told from files" {
	start_daemon
	lay_numa shared 0 0 2048
	member numa_maps process "$laid" --numa
	is_same_as_numa_maps
	holds '[.nodes[].shared_bytes] | add >= 2048 * 4096'
}

@test "a mapping with a policy of its own is told" {
	start_daemon
	lay_numa mbind 0 0 2048
	member numa_maps process "$laid" --numa
	is_same_as_numa_maps
	holds '.policies[] | select(.policy == "bind:0") | .mappings == 1 and .largest.bytes == 2048 * 4096'
	address=$(jq -r '.policies[] | select(.policy == "bind:0").largest.address' "$dir/member")
	grep -q "^$address bind:0 " "/proc/$laid/numa_maps"
	LC_ALL=C memoir process "$laid" --numa >"$dir/output"
	grep -Eq "^bind:0 +1 +8.00MiB +100% on 0 +$address \(anonymous\)$" "$dir/output"
	grep -q 'mbind(2)' "$dir/output"
}

@test "huge pages of hugetlbfs count as large as they are" {
	nr=/proc/sys/vm/nr_hugepages
	before=$(<$nr)
	echo $((before + 4)) >$nr
	[ "$(<$nr)" -ge 4 ] || skip "the kernel found no memory for huge pages"
	start_daemon
	lay_numa hugetlb 0 0 1024
	member numa_maps process "$laid" --numa
	is_same_as_numa_maps
	holds '[.nodes[].hugetlb_bytes] | add == 4194304'
	kill -KILL "$laid"
	echo "$before" >$nr
}

@test "the view fits 80 columns, and without the option there is none of it" {
	start_daemon
	lay_numa interleave 0 0 1024
	LC_ALL=C memoir process "$laid" --numa >"$dir/output" 2>"$dir/complaint"
	[ ! -s "$dir/complaint" ]
	awk 'length > 80 { print; wide = 1 } END { exit wide }' "$dir/output"
	grep -Eq '^NODE +RESIDENT +SHARE +ANONYMOUS +FILE +SHARED +HUGETLB$' "$dir/output"
	grep -Eq '^ +0 +[0-9.]+MiB +[0-9.]+% ' "$dir/output"
	grep -Eq '^interleave:[-0-9,]+ +[0-9]+ +[0-9.]+MiB ' "$dir/output"
	grep -Eq '^Read        all .* of addresses in .* of CPU$' "$dir/output"
	memoir process "$laid" >"$dir/plain"
	never grep -q 'numa_maps\|POLICY' "$dir/plain"
	memoir --json process "$laid" | jq -e 'has("numa_maps") | not' >/dev/null
}

@test "without the right to look into a process the rest is shown, with one line and status 1" {
	start_daemon
	lay_numa base 0 0 1024
	chmod 755 "$dir" "$dir/run"
	chmod 666 "$socket"
	less=(setpriv --reuid 65534 --clear-groups "$MEMOIR" --socket "$socket")
	refused 1 'memoir: NUMA residency: *CAP_SYS_PTRACE is missing; run as root' "${less[@]}" process "$laid" --numa
	grep -q "^Process     $laid numa$" "$dir/output"
	refused 1 'memoir: NUMA residency: *CAP_SYS_PTRACE*' "${less[@]}" --json process "$laid" --numa
	jq -e ".process.pid == $laid and has(\"numa_maps\") and .numa_maps == null" "$dir/output"
}

@test "a kernel thread, no process, and options that are none are one line" {
	start_daemon
	fresh /v1/status >/dev/null
	thread=$(get /v1/processes | jq '[.processes[] | select(.kernel_thread).pid][0] // empty')
	[ -z "$thread" ] || refused 1 "memoir: NUMA residency: $thread is a kernel thread, *" "$MEMOIR" --socket "$socket" process "$thread" --numa
	refused 1 'memoir: no such process*' "$MEMOIR" --socket "$socket" process 2147483647 --numa
	refused 2 'memoir: --numa: not an option of status*' "$MEMOIR" --socket "$socket" status --numa
	refused 2 'memoir: --numa: cannot be answered from a record file' "$MEMOIR" replay "$dir/none" process 1 --numa
	refused 2 'memoir: --seconds 0: must be *' "$MEMOIR" --socket "$socket" process 1 --numa --seconds 0
}

@test "a process that ended after the last snapshot is one line, and the rest is shown" {
	# No snapshot but those that are asked for; the command asks for one that is at most a second old.
	start_daemon --interval 3600
	lay_numa base 0 0 1024
	ends_before_it_is_looked_at() {
		fresh /v1/status >/dev/null
		kill -KILL "$laid"
		wait "$laid" || true
		memoir --json process "$laid" --numa >"$dir/answer" 2>"$dir/complaint"
	}
	never ends_before_it_is_looked_at
	cat "$dir/complaint"
	[ "$(wc -l <"$dir/complaint")" -eq 1 ]
	grep -q "process $laid has ended\|no such process" "$dir/complaint"
}

# More mappings than are read in a moment.
maps_many() {
	lay_numa pieces 0 0 50000
}

@test "many mappings are read" {
	start_daemon
	maps_many
	member numa_maps process "$laid" --numa
	is_same_as_numa_maps
	holds '.mappings > 50000'
}

# is_half_way: $walker has read some of a file, and still has it open. Without a command of its own, to be quick.
is_half_way() {
	local info key value
	for info in "/proc/$walker/fdinfo/"*; do
		while read -r key value; do
			if [ "$key" = pos: ] && [ "$value" -gt 4096 ]; then
				return
			fi
		done <"$info"
	done 2>/dev/null
	return 1
}

# walks_half: memoir has begun to read numa_maps and is stopped before it is at its end; its pid is in $walker.
walks_half() {
	"$MEMOIR" --socket "$socket" --json process "$laid" --numa >"$dir/answer" 2>"$dir/complaint" 3>&- &
	walker=$!
	pids+=("$walker")
	until is_half_way; do
		kill -0 "$walker" 2>/dev/null || return 1
	done
	kill -STOP "$walker"
	until grep -q '^State:.*stopped' "/proc/$walker/status"; do
		kill -0 "$walker" 2>/dev/null || return 1
	done
	is_half_way
}

@test "it ends when it is interrupted, and shows what it knows" {
	start_daemon
	maps_many
	is_interrupted() {
		walks_half || return 1
		kill -INT "$walker"
		kill -CONT "$walker"
		wait "$walker"
		jq -e '.numa_maps | .end == "interrupted" and .seen_bytes < .mapped_bytes' "$dir/answer" >/dev/null
	}
	soon is_interrupted
	[ ! -s "$dir/complaint" ]
}

@test "a process that ends while it is looked at is one line, and what was seen is shown" {
	start_daemon
	maps_many
	soon walks_half
	kill -KILL "$laid"
	wait "$laid" || true
	kill -CONT "$walker"
	never wait "$walker"
	cat "$dir/complaint"
	grep -q "^memoir: NUMA residency: process $laid ended, or executed another program" "$dir/complaint"
	[ "$(wc -l <"$dir/complaint")" -eq 1 ]
	jq -e '.numa_maps.end == "gone" and .process.pid > 0' "$dir/answer" >/dev/null
}
