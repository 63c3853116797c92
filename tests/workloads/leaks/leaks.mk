# SPDX-License-Identifier: GPL-2.0-or-later
# The programs of the leak corpus: what they do is in corpus.tsv, and the same patterns are built in several ways.

LEAKS_DIR := $(B)/tests/workloads/leaks
LEAKS_HEAP := tests/workloads/leaks/frame.c tests/workloads/leaks/heap_leaks.c
LEAKS_C := $(filter-out %/library.c,$(wildcard tests/workloads/leaks/*.c))
LEAKS_CXX := $(wildcard tests/workloads/leaks/*.cc)
LEAK_PROGRAMS := $(LEAKS_DIR)/leaks $(LEAKS_DIR)/leaks-cxx $(LEAKS_DIR)/leaks-static $(LEAKS_DIR)/leaks-musl \
	$(LEAKS_DIR)/lsan/leaks $(LEAKS_DIR)/lsan/leaks-cxx
CXX ?= g++
MUSL_CC ?= musl-gcc

# As a distribution builds: nothing but the tables says how to unwind.
$(LEAKS_DIR)/%.o: override CFLAGS += -fomit-frame-pointer
CXXFLAGS = -O2 -g -std=gnu++17 -Wall -Wextra -fomit-frame-pointer -MMD -MP

$(B)/%.o: %.cc
	$(call msg,CXX,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) -D_GNU_SOURCE $(CXXFLAGS) -c $< -o $@

$(LEAKS_DIR)/libmemoirleaks.so: tests/workloads/leaks/library.c
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fomit-frame-pointer -fPIC -shared $< -o $@

$(LEAKS_DIR)/leaks: $(patsubst %.c,$(B)/%.o,$(LEAKS_C)) $(LEAKS_DIR)/libmemoirleaks.so
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN' $^ -lm -o $@

$(LEAKS_DIR)/leaks-cxx: $(patsubst %.cc,$(B)/%.o,$(LEAKS_CXX)) $(LEAKS_DIR)/frame.o
	$(call msg,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $^ -o $@

$(LEAKS_DIR)/leaks-static: $(patsubst %.c,$(B)/%.o,$(LEAKS_HEAP))
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static $^ -o $@

$(LEAKS_DIR)/leaks-musl: $(LEAKS_HEAP) tests/workloads/leaks/frame.h
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) -D_GNU_SOURCE -O2 -g -std=gnu11 -static $(filter %.c,$^) -o $@

# With LeakSanitizer, which says at the end what is not given back, and where it was allocated.
$(LEAKS_DIR)/lsan/leaks: $(patsubst %.c,$(B)/%.o,$(LEAKS_C)) $(LEAKS_DIR)/libmemoirleaks.so
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=leak -Wl,-rpath,'$$ORIGIN/..' $^ -lm -o $@

$(LEAKS_DIR)/lsan/leaks-cxx: $(patsubst %.cc,$(B)/%.o,$(LEAKS_CXX)) $(LEAKS_DIR)/frame.o
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) -fsanitize=leak $^ -o $@

.PHONY: leak-programs
leak-programs: $(LEAK_PROGRAMS) ## build the programs of the leak corpus

test-programs: leak-programs
