# SPDX-License-Identifier: GPL-2.0-or-later
# What the benchmark makes of its numbers, by made ones: that what is above its bound is said to be.

BENCH=$BATS_TEST_DIRNAME/../bench

@test "a number of the benchmark is held against its bound" {
	run jq -L "$BENCH" -nr 'include "statistics";
		[(0.05 | against(0.05)), (0.051 | against(0.05)), (null | against(0.05)), (3 | against(null))] | join(",")'
	[ "$status" -eq 0 ]
	[ "$output" = "held,MISSED,," ]
}
