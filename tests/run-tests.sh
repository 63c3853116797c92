#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs tests that are built, one line each, and shows at the end what failed, and how many passed, failed and were skipped.
#
#	run-tests.sh BUILD TEST...
#
# BUILD is the build folder; tests find its absolute path in $BUILD. A TEST is
#	a program      passes with status 0, is skipped with 77 (the reason is its last line), else fails
#	a fuzzer       a program named fuzz_*: runs for $FUZZ_SECONDS from its seeds and what it found before
#	a .bats file   each test in it counts
#	skip:NAME: WHY counts as skipped
# The tiers bpf and system need root; the others run as the user who called sudo. Builds nothing.
set -eu

BUILD=$(realpath "$1")
export BUILD
shift
source=$(dirname "$0")/..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
: >"$work/results"

# report RESULT NAME [REASON]
report()
{
	printf '%-4s  %s%s\n' "$1" "$2" "${3:+: $3}"
	printf '%-4s  %s%s\n' "$1" "$2" "${3:+: $3}" >>"$work/results"
}

run()
{
	case $tier in
	bpf | system) "$@" ;;
	*) "$source/packaging/as-invoker.sh" "$@" ;;
	esac
}

run_program()
{
	status=0
	run "$@" >"$work/output" 2>&1 </dev/null || status=$?
	case $status in
	0) report ok "$name" ;;
	77) report skip "$name" "$(tail -n 1 "$work/output")" ;;
	*)
		report FAIL "$name" "exit status $status"
		awk '{ print "      " $0 }' "$work/output" | tee -a "$work/results"
		;;
	esac
}

run_fuzzer()
{
	corpus=$BUILD/fuzz/corpus/${name##*/}
	seeds=$source/tests/fuzz/seeds/${name##*/fuzz_}
	[ -d "$seeds" ] || seeds=$BUILD/fuzz/seeds/${name##*/fuzz_}
	run mkdir -p "$corpus" "$seeds" "$BUILD/fuzz/found"
	# Its own status for a crash is 77, which means "skipped" here.
	run_program "$test" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=30 -max_len=65536 -verbosity=0 \
		-error_exitcode=1 -artifact_prefix="$BUILD/fuzz/found/${name##*/}-" "$corpus" "$seeds"
}

# Reads TAP; a file that ends before its plan is fulfilled has failed.
report_tap()
{
	planned=-1
	seen=0
	while IFS= read -r line; do
		case $line in
		[0-9]*..[0-9]*) planned=${line#*..} ;;
		"ok "*"# skip"*)
			seen=$((seen + 1))
			title=${line#ok * }
			reason=${line##*# skip}
			report skip "$name: ${title% # skip*}" "${reason# }"
			;;
		"ok "*)
			seen=$((seen + 1))
			report ok "$name: ${line#ok * }"
			;;
		"not ok "*)
			seen=$((seen + 1))
			report FAIL "$name: ${line#not ok * }"
			;;
		# Nothing is forked: the next test is on its way, and may count what is.
		*)
			printf '      %s\n' "${line#\# }"
			printf '      %s\n' "${line#\# }" >>"$work/results"
			;;
		esac
	done
	[ "$seen" -eq "$planned" ] || report FAIL "$name" "it ended early: $seen of $planned tests were run"
}

run_bats()
{
	if ! command -v bats >/dev/null; then
		report skip "$name" "bats is missing"
		return
	fi
	{ run bats --tap "$test" 2>&1 </dev/null || true; } | report_tap
}

is_without_rights()
{
	case $tier in
	bpf | system) [ "$(id -u)" -ne 0 ] ;;
	*) false ;;
	esac
}

for test; do
	tier=$(basename "$(dirname "$test")")
	name=$tier/$(basename "$test" .bats)
	case $test in
	skip:*)
		report skip "${test#skip:}"
		continue
		;;
	esac
	if is_without_rights; then
		report skip "$name" "needs root"
	elif [ ! -e "$test" ]; then
		report FAIL "$name" "was not built"
	else
		case $test in
		*.bats) run_bats ;;
		*/fuzz_*) run_fuzzer ;;
		*) run_program "$test" ;;
		esac
	fi
done

count()
{
	grep -c "^$1  " "$work/results" || true
}
awk -f "$source/tests/failures.awk" "$work/results"
failed=$(count FAIL)
echo "$(count ok) passed, $failed failed, $(count skip) skipped"
[ "$failed" -eq 0 ]
