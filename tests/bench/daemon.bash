# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon takes for itself, idle and among many processes, and how long a scrape is; and the same of
# the exporters that tell of processes or the machine, where they are installed.
# shellcheck shell=bash

CROWDS=(0 2000 10000)
CROWD_KIB=120 # of memory, for each process of the crowd, at most
IDLE_SECONDS=15
SCRAPES=21
SCRAPE_SECONDS=6 # exporters that would need longer for that many are asked less often, but 3 times

free_port()
{
	local port
	for port in $(shuf -i 20000-29999 -n 50); do
		# shellcheck disable=SC2188
		if ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return 0
		fi
	done
	return 1
}

rss_bytes()
{
	awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$1/status"
}

# The time that a process has had a CPU, finer than the ticks of /proc/PID/stat.
cpu_ns()
{
	awk '{ ns += $1 } END { printf "%.0f\n", ns }' /proc/"$1"/task/*/schedstat
}

# cpu_percent PID SECONDS: its share of one CPU in the time to come.
cpu_percent()
{
	local start_ns start_cpu_ns
	start_ns=$(date +%s%N)
	start_cpu_ns=$(cpu_ns "$1")
	sleep "$2"
	jq -n "($(cpu_ns "$1") - $start_cpu_ns) / ($(date +%s%N) - $start_ns) * 100"
}

# scrape URL [OPTION...]: {ms, bytes, scrapes} with the median time.
scrape()
{
	local i url=$1
	shift
	SECONDS=0
	for ((i = 0; i < SCRAPES && (i < 3 || SECONDS < SCRAPE_SECONDS); i++)); do
		curl --silent --fail --max-time 60 --output /dev/null \
			--write-out '[%{time_total}, %{size_download}]\n' "$@" "$url" || return 1
	done | jq -L "$here" -c --slurp 'include "statistics";
		{ms: (map(.[0] * 1000) | median), bytes: .[-1][1], scrapes: length}'
}

# weigh NAME PID URL PROCESSES [CPU_PERCENT]: a row.
weigh()
{
	local rss_bytes plain gzip
	rss_bytes=$(rss_bytes "$2")
	plain=$(scrape "$3")
	gzip=$(scrape "$3" --compressed)
	jq -n --arg name "$1" --argjson processes "$4" --argjson cpu_percent "${5:-null}" \
		--argjson rss_bytes "$rss_bytes" --argjson plain "$plain" \
		--argjson gzip "$gzip" \
		'{name: $name, processes: $processes, cpu_percent: $cpu_percent, rss_bytes: $rss_bytes,
		  scrape: $plain, scrape_gzip: $gzip}' >>"$work/rows"
}

# weigh_exporter PROCESSES COMMAND OPTION...: a row, of the exporter after it has been asked.
weigh_exporter()
{
	local processes=$1 port pid name=$2
	shift
	have "$name" || return 0
	port=$(free_port)
	"$@" "--web.listen-address=127.0.0.1:$port" >/dev/null 2>"$work/errors" &
	pid=$!
	pids+=("$pid")
	if curl --silent --fail --max-time 60 --retry 20 --retry-connrefused --retry-delay 1 \
		--output /dev/null "http://127.0.0.1:$port/metrics"; then
		weigh "$name" "$pid" "http://127.0.0.1:$port/metrics" "$processes"
	else
		note "$name: $(grep -m 1 -iE 'panic|error|fatal' "$work/errors" || echo 'it gave no answer')"
	fi
	end "$pid"
}

# Whether so many processes more have room here.
has_room()
{
	local limit
	limit=$(sort -n /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max | head -n 1)
	if [ "$limit" -lt $(($1 + 2000)) ]; then
		note "$1 processes: kernel.pid_max or kernel.threads-max is $limit"
		return 1
	fi
	if [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -lt $(($1 * CROWD_KIB)) ]; then
		note "$1 processes: they need $(($1 * CROWD_KIB / 1024)) MiB of memory"
		return 1
	fi
}

# One crowd, and all who watch it.
weigh_all()
{
	local port=$1 processes cpu_percent
	cpu_percent=$(cpu_percent "$daemon" "$IDLE_SECONDS")
	# A snapshot later than the crowd: while it came, the time was too short for one with all of it.
	ask /v1/status >"$work/status"
	processes=$(jq .processes "$work/status")
	weigh memoird "$daemon" "http://127.0.0.1:$port/metrics" "$processes" "$cpu_percent"
	weigh_exporter "$processes" prometheus-process-exporter -config.path "$work/process-exporter.yml"
	weigh_exporter "$processes" prometheus-node-exporter
}

measure_daemon()
{
	local port crowd
	echo "The daemon at its default interval, and exporters beside it: $IDLE_SECONDS s idle, then scrapes"
	: >"$work/rows"
	printf 'process_names:\n  - cmdline: [".*"]\n    name: "{{.Comm}}"\n' >"$work/process-exporter.yml"
	for exporter in prometheus-process-exporter prometheus-node-exporter; do
		have "$exporter" || note "$exporter: is not installed"
	done
	port=$(free_port)
	start_daemon --listen "127.0.0.1:$port"
	for crowd in "${CROWDS[@]}"; do
		if [ "$crowd" -eq 0 ]; then
			weigh_all "$port"
		elif has_room "$crowd" && hold "$workload" crowd "$crowd"; then
			weigh_all "$port"
			release
		fi
	done
	end "$daemon"
	jq --slurp '{daemon: .}' "$work/rows" >"$work/daemon.part"
	jq -L "$here" -r 'include "statistics";
		["name", "processes", "CPU %", "RSS MiB", "scrape ms", "KiB", "gzip ms", "KiB"],
		(.daemon | sort_by(.name) | .[] | [.name, .processes, (.cpu_percent | fixed(2)),
			(.rss_bytes / 1048576 | fixed(1)),
			(.scrape.ms | fixed(1)), (.scrape.bytes / 1024 | fixed(0)),
			(.scrape_gzip.ms | fixed(1)), (.scrape_gzip.bytes / 1024 | fixed(0))])
		| @tsv' "$work/daemon.part" | table 8
}
