# SPDX-License-Identifier: GPL-2.0-or-later
# NUMA nodes that are really there, and memory and a CPU that come while the daemon runs. The kernel's own numbers are those of
# numastat and statm.

load ../../../system/daemon
load ../../../system/expect
load ../machine
load ../numastat

balancing=/proc/sys/kernel/numa_balancing

teardown() {
	[ ! -e "$balancing" ] || echo 0 >"$balancing"
	daemon_teardown
}

# allocations NODE NAME: those that memoir saw there, of whatever order
allocations() {
	awk -v label="node=\"$1\"" '/^memoir_allocated_bytes_total/ && index($0, label) {
			match($0, /order="[0-9]+"/)
			sum += $NF / 4096 / 2 ^ substr($0, RSTART + 7, RLENGTH - 8)
		}
		END { printf "%.0f\n", sum }' "$dir/$2.metrics"
}

# agrees NODE LEAST: with numastat, in the allocations there from before to after, of which a load had at least so many
agrees() {
	local allocations
	allocations=$(($(allocations "$1" after) - $(allocations "$1" before)))
	as_in_numastat "$1" "$allocations" numa_hit numa_miss
	[ $((allocations + $(missed ^page_alloc))) -ge "$2" ]
}

# nodes_with cpu, nodes_with memory
nodes_with() {
	local node
	for node in /sys/devices/system/node/node*; do
		case $1 in
		cpu) [ -z "$(<"$node/cpulist")" ] || echo "${node##*node}" ;;
		memory) awk '$3 == "MemTotal:" && $4 > 0 { print $2 }' "$node/meminfo" ;;
		esac
	done
}

@test "pages are counted for the node that they come from" {
	start_daemon
	local node
	for node in $(nodes_with memory); do
		metered before
		numactl --membind="$node" "$WORKLOAD" touch 20000 2 >/dev/null
		metered after
		agrees "$node" 40000
	done
}

@test "resident memory is what statm says" {
	start_daemon
	lay "$WORKLOAD" hold 20000
	local pid=$!
	read -r -t "$silence_s" _ <&"$reports"
	memoir=$(fresh "/v1/process?pid=$pid" | jq '.process | .rss_anon_bytes + .rss_file_bytes + .rss_shmem_bytes')
	read -r _ kernel _ <"/proc/$pid/statm"
	echo "memoir $((memoir / 4096)), statm $kernel"
	# The kernel keeps a batch of pages on every CPU before it adds them.
	apart=$((kernel - memoir / 4096))
	[ "${apart#-}" -le $((3 * 64 * $(nproc))) ]
}

are_migrated() {
	[ "$(vmstat numa_pages_migrated)" -ge "$1" ]
}

@test "totals agree while NUMA balancing moves pages" {
	[ "$(nodes_with cpu | wc -l)" -ge 2 ] || skip "one node"
	echo 1 >"$balancing"
	start_daemon
	before=$(quiet_status)
	migrated=$(vmstat numa_pages_migrated)
	# Memory of node 1, and then its only user on node 0.
	lay taskset --cpu-list 1 "$WORKLOAD" use 20000
	read -r -t "$silence_s" _ <&"$reports"
	taskset --pid --cpu-list 0 "$!" >/dev/null
	soon are_migrated $((migrated + 10000))
	after=$(quiet_status)
	faults_agree "$before" "$after"
}

# cpu_comes CPU: a new one where the kernel has room for it. Since 6.8 it has none (acpi_is_processor_usable()) unless it
# knows the hypervisor, and translation is none: there, one comes back that was away when the daemon started.
cpu_comes() {
	local folder=/sys/devices/system/cpu/cpu$1
	[ -e "$folder/online" ] ||
		echo "@monitor device_add max-x86_64-cpu,id=late,socket-id=$1,core-id=0,thread-id=0" >/dev/ttyS1
	soon [ -e "$folder/online" ]
	echo 1 >"$folder/online"
}

@test "a CPU that comes later is counted like the others" {
	local cpu
	cpu=$(sed 's/.*-//' /sys/devices/system/cpu/possible)
	[ ! -e "/sys/devices/system/cpu/cpu$cpu/online" ] || echo 0 >"/sys/devices/system/cpu/cpu$cpu/online"
	start_daemon
	cpu_comes "$cpu"
	before=$(quiet_status)
	taskset -c "$cpu" "$WORKLOAD" touch 20000 3 >/dev/null
	after=$(quiet_status)
	[ $(($(kernel "$after" pgfault) - $(kernel "$before" pgfault))) -ge 60000 ]
	faults_agree "$before" "$after" 0 61000
	# Its allocations were counted on that CPU; the rest is what is allocated in bulk.
	echo "pgalloc: remainder grew by $(grown pgalloc)"
	[ "$(grown pgalloc)" -ge 0 ] && [ "$(grown pgalloc)" -le 1500 ]
}

memory_blocks() {
	find /sys/devices/system/memory -maxdepth 1 -name 'memory*' | wc -l
}
block_has_come() {
	[ "$(memory_blocks)" -gt "$1" ]
}

@test "memory that comes later is counted for its node" {
	start_daemon
	local before free
	before=$(memory_blocks)
	free=$(awk '$3 == "MemFree:" { print $4 / 4 }' /sys/devices/system/node/node0/meminfo)
	[ ! -e /sys/devices/system/node/node3 ] || skip "this machine has no room for it"
	echo "@monitor object_add memory-backend-ram,id=later,size=128M" >/dev/ttyS1
	echo "@monitor device_add pc-dimm,id=dimm,memdev=later,node=0" >/dev/ttyS1
	soon block_has_come "$before"
	for state in /sys/devices/system/memory/memory*/state; do
		[ "$(<"$state")" = online ] || echo online >"$state"
	done
	metered before
	# More than there was room for without it.
	numactl --membind=0 "$WORKLOAD" touch $((free + 8192)) 1 >/dev/null
	metered after
	agrees 0 $((free + 8192))
	quiet_status | jq -e '.lost.out_of_range == 0'
}
