# SPDX-License-Identifier: GPL-2.0-or-later
# memoird as a service: what is installed, how far the unit confines it, what it tells the service manager, how it ends.
# Programs of sh and jq are in single quotes.
# shellcheck disable=SC2016

load daemon
load expect

# make in the source tree, with what is built already. Nothing of the user's own make reaches it.
install_to() {
	command -v scdoc >/dev/null || skip "scdoc is missing"
	env -u MAKEFLAGS -u MAKELEVEL make --silent --no-print-directory -C "$BATS_TEST_DIRNAME/../.." B="$BUILD" \
		install DESTDIR="$1" 3>&-
}

# What a service manager would be told from here on comes to $dir/notes, a line each.
receive_notes() {
	"$WORKLOAD" receive "$dir/notify" >"$dir/notes" 3>&- &
	pids+=("$!")
	soon grep -q '^ready$' "$dir/notes"
	export NOTIFY_SOCKET=$dir/notify
}

@test "install puts the unit, the programs and their defaults in place, and keeps what was changed" {
	install_to "$dir/root"
	[ -x "$dir/root/usr/local/sbin/memoird" ]
	[ -x "$dir/root/usr/local/bin/memoir" ]
	[ "$("$dir/root/usr/local/sbin/memoird" --version | cut -d' ' -f2)" = "$("$dir/root/usr/local/bin/memoir" --version | cut -d' ' -f2)" ]
	unit=$dir/root/usr/local/lib/systemd/system/memoird.service
	grep -q '^ExecStart=/usr/local/sbin/memoird \$MEMOIRD_OPTIONS$' "$unit"
	grep -q '^EnvironmentFile=-/etc/default/memoird$' "$unit"
	# What the comments recommend is what the daemon takes.
	sed -n 's/^# Example: MEMOIRD_OPTIONS="\(.*\)"$/\1/p' "$dir/root/etc/default/memoird" >"$dir/example"
	[ -s "$dir/example" ]
	# shellcheck disable=SC2046
	"$MEMOIRD" $(cat "$dir/example") --describe-metrics >/dev/null
	echo 'MEMOIRD_OPTIONS="--interval 7"' >"$dir/root/etc/default/memoird"
	install_to "$dir/root"
	grep -q 'interval 7' "$dir/root/etc/default/memoird"
}

@test "the unit is valid, and exposed to at most 4.0" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
	install_to "$dir/root"
	unit=$dir/memoird.service
	# The installed unit, with the program where it is now.
	sed "s,^ExecStart=/usr/local/sbin/,ExecStart=$dir/root/usr/local/sbin/," \
		"$dir/root/usr/local/lib/systemd/system/memoird.service" >"$unit"
	systemd-analyze verify --man=no "$unit" >"$dir/verdict" 2>&1
	cat "$dir/verdict"
	never grep memoird "$dir/verdict"
	systemd-analyze security --offline=true --no-pager --threshold=40 "$unit" >"$dir/exposure" 2>&1
	tail -n 1 "$dir/exposure"
}

@test "readiness comes when the daemon can be asked, then its state and signs of life" {
	receive_notes
	WATCHDOG_USEC=1000000 start_daemon --interval 0.2
	soon grep -qx 'READY=1' "$dir/notes"
	get /v1/status | jq -e '.snapshot.sequence >= 1' >/dev/null
	soon grep -Eqx 'STATUS=[0-9]+ processes, [0-9]+ tasks; snapshots every 0\.2 s take [0-9.]+ ms' "$dir/notes"
	signs() {
		[ "$(grep -cx 'WATCHDOG=1' "$dir/notes")" -ge 3 ]
	}
	soon signs
	[ "$(grep -n -m 1 -x 'READY=1' "$dir/notes" | cut -d: -f1)" -lt "$(grep -n -m 1 STATUS= "$dir/notes" | cut -d: -f1)" ]
}

@test "SIGTERM and SIGINT end it with status 0, and the socket is gone" {
	for signal in TERM INT; do
		start_daemon
		[ -S "$socket" ]
		end_daemon "$signal"
		[ ! -e "$socket" ]
	done
}

@test "it says that it stops, and SIGHUP does not stop it" {
	receive_notes
	start_daemon
	soon grep -qx 'READY=1' "$dir/notes"
	kill -HUP "$daemon"
	get '/v1/status?max_age_ms=0' | jq -e '.tasks > 0' >/dev/null
	never grep STOPPING "$dir/notes"
	end_daemon
	soon grep -qx 'STOPPING=1' "$dir/notes"
}

@test "a daemon that cannot start never says that it is ready" {
	mkdir -m 0777 "$dir/open"
	receive_notes
	refused 1 'memoird: *' "$MEMOIRD" --listen none --pin none --socket "$dir/open/memoir.sock"
	# Behind what it would have said, in the order of sending.
	printf 'last' | socat -u - "UNIX-SENDTO:$dir/notify"
	soon grep -qx last "$dir/notes"
	never grep READY "$dir/notes"
}

@test "in the journal every message has its priority" {
	export JOURNAL_STREAM=1:2
	mkdir -m 0777 "$dir/open"
	refused 1 '<3>* can be written by others, *' "$MEMOIRD" --listen none --pin none --socket "$dir/open/memoir.sock"
	start_daemon >"$dir/messages"
	grep -q '^<6>installed probes' "$dir/messages"
	never grep -v '^<[3-7]>' "$dir/messages"
}

@test "privileges that are not needed any more are dropped" {
	start_daemon
	capabilities=$(awk '$1 == "CapEff:" { print $2 }' "/proc/$daemon/status")
	# CAP_DAC_READ_SEARCH, CAP_PERFMON and CAP_BPF.
	[ $((16#$capabilities)) -eq $((1 << 2 | 1 << 38 | 1 << 39)) ]
	[ "$(awk '$1 == "CapPrm:" { print $2 }' "/proc/$daemon/status")" = "$capabilities" ]
	[ "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$daemon/status")" -eq 1 ]
}
