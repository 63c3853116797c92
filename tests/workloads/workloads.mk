# SPDX-License-Identifier: GPL-2.0-or-later
# The loads that system tests and benchmarks put on the machine.

WORKLOAD := $(B)/tests/workloads/workload

$(WORKLOAD): $(WORKLOAD).o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

test-programs: $(WORKLOAD)
