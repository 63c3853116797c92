# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon answers over TCP, and whether it does. `load serving` in a bats file, after `load daemon`.
# shellcheck shell=bash disable=SC2154

# is_serving: the daemon still answers, with a snapshot of now.
is_serving() {
	get '/v1/status?max_age_ms=0' | jq -e '.tasks > 0' >/dev/null
}

# tcp_port: where the daemon listens, which was told to take any port.
tcp_port() {
	local link address inode state rest
	while read -r _ address _ state _ _ _ _ _ inode rest; do
		[ "$state" = 0A ] || continue
		for link in /proc/"$daemon"/fd/*; do
			if [ "$(readlink "$link")" = "socket:[$inode]" ]; then
				echo $((16#${address#*:}))
				return 0
			fi
		done
	done </proc/net/tcp
	return 1
}

scrape() {
	curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{http_code}\n' "http://127.0.0.1:$port$1"
}

# is_healthy: the same over TCP, for whoever asks only that. To be called by soon: not at a moment when the last snapshot is old.
is_healthy() {
	[ "$(scrape /healthz)" = 200 ]
}
