# SPDX-License-Identifier: GPL-2.0-or-later
# The loads that system tests and benchmarks put on the machine, and what counts again what memoir counts.

WORKLOAD := $(B)/tests/workloads/workload
RECOUNT := $(B)/tests/workloads/recount
HEAP := $(B)/tests/workloads/heap
ALLOCATE := $(B)/tests/workloads/allocate
ALLOCATE_STATIC := $(ALLOCATE)-static
FAULT := $(B)/tests/workloads/fault
NUMA := $(B)/tests/workloads/numa
PLACES := $(B)/tests/workloads/places
SURVEY := $(B)/tests/workloads/survey
WORKLOADS := $(WORKLOAD) $(RECOUNT) $(HEAP) $(FAULT) $(NUMA) $(PLACES) $(SURVEY) $(ALLOCATE) $(ALLOCATE_STATIC)

$(WORKLOAD) $(RECOUNT) $(HEAP) $(FAULT) $(NUMA) $(PLACES) $(ALLOCATE): %: %.o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

$(ALLOCATE_STATIC): $(ALLOCATE).o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static $^ -o $@

$(SURVEY): %: %.o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs libbpf)

$(PLACES).o: override CFLAGS += -fno-omit-frame-pointer

test-programs: $(WORKLOADS)

include tests/workloads/leaks/leaks.mk
