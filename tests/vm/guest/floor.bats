# SPDX-License-Identifier: GPL-2.0-or-later
# On a kernel that is too old: the daemon says so, in one line, and leaves nothing behind.

load ../../system/daemon

@test "a kernel below the floor is refused in one line" {
	local status=0
	"$MEMOIRD" --listen none --socket "$socket" --pin "$pins" 2>"$dir/messages" || status=$?
	cat "$dir/messages"
	[ "$status" -eq 1 ]
	[ "$(wc -l <"$dir/messages")" -eq 1 ]
	grep -q 'Linux 6\.1 or newer' "$dir/messages"
	[ ! -e "$socket" ]
	[ "$(bpftool --json prog show | jq 'map(select(.type == "raw_tracepoint" or .type == "tracing")) | length')" -eq 0 ]
	[ -z "$(find "$pins" -type f 2>/dev/null)" ]
}
