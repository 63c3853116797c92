# SPDX-License-Identifier: GPL-2.0-or-later
# memoir: `make help` lists what there is to make.

VERSION := 0.1.0
PREFIX ?= /usr/local
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
VMLINUX ?= vmlinux.h
B := build
ARCH := $(subst x86_64,x86,$(subst aarch64,arm64,$(shell uname -m)))

.DEFAULT_GOAL := all

Q := $(if $(V),,@)
QUIET := $(if $(V),,--silent --no-print-directory)
msg = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

include packaging/deps.mk

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion
CFLAGS ?= -O2 -g
override CPPFLAGS += -D_GNU_SOURCE -DMEMOIR_VERSION='"$(VERSION)"' -isystem $(B)
override CFLAGS += -std=gnu11 -fstack-protector-strong $(WARNINGS) $(if $(WERROR),-Werror) -MMD -MP
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Werror -I$(dir $(abspath $(VMLINUX))) -Ibpf -MMD -MP

DAEMON_LIBS = $(shell $(PKG_CONFIG) --libs libbpf libsystemd libmicrohttpd libcap-ng zlib) -lm
SYMBOLIZER_LIBS = $(shell $(PKG_CONFIG) --libs libdw libelf libseccomp) -liberty
CLI_LIBS = $(shell $(PKG_CONFIG) --libs jansson ncursesw)

# Objects of their own, which are loaded when somebody asks.
BPF_ON_REQUEST := bpf/heap.bpf.c
# Two objects that differ in how they read an address.
BPF_SRC := $(filter-out bpf/read_by_% $(BPF_ON_REQUEST),$(wildcard bpf/*.bpf.c))
MODEL_SRC := $(wildcard daemon/model/*.c)
# What needs no kernel, no loop and no privileges; unit tests, replay and fuzzers link these.
PURE_SRC := $(MODEL_SRC) daemon/autotrace.c daemon/kernelsites.c daemon/livesites.c daemon/mappings.c daemon/memcgtext.c daemon/meminfotext.c daemon/nodetext.c daemon/pageblocks.c daemon/processfolder.c daemon/procfs.c daemon/recfile.c daemon/replay.c \
	daemon/residency.c daemon/slabtext.c daemon/tally.c daemon/unitname.c daemon/weights.c daemon/zonetext.c \
	$(filter-out exporters/http%.c,$(wildcard exporters/*.c))
DAEMON_SRC := $(filter-out $(PURE_SRC),$(wildcard daemon/*.c daemon/trace/*.c exporters/*.c))
SYMBOLIZER_SRC := $(wildcard daemon/trace/symbolizer/*.c) daemon/trace/heapfunctions.c daemon/trace/message.c
CLI_SRC := $(wildcard cli/*.c)

objects = $(patsubst %.c,$(B)/%.o,$(1))

.PHONY: all
all: $(B)/memoird $(B)/memoir-symbolizer $(B)/memoir ## build everything (default)

.DELETE_ON_ERROR:
.SECONDARY:

# --- the BPF programs -----------------------------------------------------------------------------

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(VMLINUX)
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/memoir.bpf.o: $(patsubst bpf/%.c,$(B)/bpf/%.o,$(BPF_SRC) bpf/read_by_cast.bpf.c)
$(B)/memoir_by_helper.bpf.o: $(patsubst bpf/%.c,$(B)/bpf/%.o,$(BPF_SRC) bpf/read_by_helper.bpf.c)
$(B)/memoir.bpf.o $(B)/memoir_by_helper.bpf.o:
	$(call msg,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(B)/memoir.skel.h: $(B)/memoir.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name memoir_bpf > $@

$(B)/memoir_by_helper.skel.h: $(B)/memoir_by_helper.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name memoir_by_helper > $@

$(BPF_ON_REQUEST:bpf/%.bpf.c=$(B)/%.skel.h): $(B)/%.skel.h: $(B)/bpf/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

.PHONY: vmlinux
vmlinux: ## write vmlinux.h again from the running kernel's types
	$(Q)bpf/vmlinux-reduce.sh $(BPFTOOL) $(CLANG) > vmlinux.h.new && mv vmlinux.h.new vmlinux.h

# --- daemon and command ---------------------------------------------------------------------------

$(B)/daemon/kernelprograms.o $(B)/daemon/probes.o $(B)/daemon/probes_load.o $(B)/daemon/skeleton.o: $(B)/memoir.skel.h
$(B)/daemon/skeleton.o: $(B)/memoir_by_helper.skel.h
$(B)/daemon/trace/heaptrace.o: $(B)/heap.skel.h

$(B)/%.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(B)/libmemoir.a: $(call objects,$(PURE_SRC))
	$(call msg,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/memoird: $(call objects,$(DAEMON_SRC)) $(B)/libmemoir.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(DAEMON_LIBS)

$(B)/memoir-symbolizer: $(call objects,$(SYMBOLIZER_SRC))
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(SYMBOLIZER_LIBS)

$(B)/memoir: $(call objects,$(CLI_SRC)) $(B)/libmemoir.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(CLI_LIBS)

.PHONY: run
run: ## install what is missing, build, start the daemon in the foreground (as root)
	$(Q)$(MAKE) $(QUIET) deps DEPS='$(DEPS_BUILD) $(DEPS_RUN)'
	$(Q)packaging/as-invoker.sh $(MAKE) $(QUIET) all
	$(Q)exec packaging/run.sh $(B)/memoird

include packaging/install.mk
include packaging/lint.mk
include tests/tests.mk
include tests/workloads/workloads.mk
include tests/bench/bench.mk
include tests/vm/vm.mk

.PHONY: clean
clean: ## remove everything that was built
	$(Q)rm -rf $(B)

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' | column -t -s '|' | sort

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
