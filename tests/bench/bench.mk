# SPDX-License-Identifier: GPL-2.0-or-later
# What memoir costs, measured in one run on this machine. Nothing is asserted.
#
#	make bench [BENCH=programs|ratios|daemon|leaks] [BENCH_JSON=FILE]

BENCH ?= programs ratios daemon leaks
BENCH_JSON ?=

BENCH_PROGRAMS := $(B)/tests/bench/empty_programs $(B)/tests/bench/pairs

$(BENCH_PROGRAMS): %: %.o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs libbpf)

.PHONY: bench
bench: ## measure what memoir costs (as root; BENCH=programs, ratios, daemon or leaks; BENCH_JSON=FILE)
	$(Q)packaging/as-invoker.sh $(MAKE) $(QUIET) all $(BENCH_PROGRAMS) $(WORKLOAD)
	$(Q)tests/bench/bench.sh $(B) '$(BENCH_JSON)' $(BENCH)
