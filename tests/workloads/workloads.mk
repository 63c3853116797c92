# SPDX-License-Identifier: GPL-2.0-or-later
# The loads that system tests and benchmarks put on the machine, and what counts again what memoir counts.

WORKLOAD := $(B)/tests/workloads/workload
RECOUNT := $(B)/tests/workloads/recount
HEAP := $(B)/tests/workloads/heap
MUTE := $(B)/tests/workloads/mute
HOLDINGS := $(B)/tests/workloads/holdings
MESSAGES := $(B)/tests/workloads/messages
RCUFREES := $(B)/tests/workloads/rcufrees
ALLOCATE := $(B)/tests/workloads/allocate
ALLOCATE_STATIC := $(ALLOCATE)-static
ALLOCATE_MUSL := $(ALLOCATE)-musl $(ALLOCATE)-musl-static
ENTRYPOINTS := $(B)/tests/workloads/entrypoints
THROWS := $(B)/tests/workloads/throws
# Its probes are described for one machine.
OFFER := $(if $(filter x86,$(ARCH)),$(B)/tests/workloads/offer)
OFFER_TWICE := $(addsuffix -twice,$(OFFER))
OFFER_ASTRAY := $(addsuffix -astray,$(OFFER))
FAULT := $(B)/tests/workloads/fault
NUMA := $(B)/tests/workloads/numa
PLACES := $(B)/tests/workloads/places
MANY := $(B)/tests/workloads/many
SURVEY := $(B)/tests/workloads/survey
# One whose code is known, in the ways that programs are built, and what asks for its names.
FRAMES := $(addprefix $(B)/tests/workloads/frames,-pie -static -stripped)
NAMES := $(B)/tests/workloads/names.so
OVER := $(B)/tests/workloads/over.so
# It finds the symbolizer beside itself, as memoird does.
ASK := $(B)/ask
WORKLOADS := $(WORKLOAD) $(RECOUNT) $(MUTE) $(HOLDINGS) $(MESSAGES) $(RCUFREES) $(HEAP) $(FAULT) $(NUMA) $(PLACES) $(MANY) $(SURVEY) $(ALLOCATE) $(ALLOCATE_STATIC) $(ALLOCATE_MUSL) $(ENTRYPOINTS) $(OFFER) $(OFFER_TWICE) $(OFFER_ASTRAY) $(FRAMES) $(NAMES) $(OVER) $(ASK)

$(WORKLOAD) $(RECOUNT) $(MUTE) $(HOLDINGS) $(MESSAGES) $(RCUFREES) $(HEAP) $(FAULT) $(NUMA) $(PLACES) $(MANY) $(ALLOCATE) $(ENTRYPOINTS) $(OFFER): %: %.o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

$(ALLOCATE_STATIC): $(ALLOCATE).o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static $^ -o $@

$(ALLOCATE_MUSL): tests/workloads/allocate.c tests/workloads/usage.h
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) -D_GNU_SOURCE -O2 -g -std=gnu11 $(if $(filter %-static,$@),-static) $< -o $@

$(OFFER_TWICE): OFFER_FLAGS = -DTWICE
$(OFFER_ASTRAY): OFFER_FLAGS = -DASTRAY
$(OFFER_TWICE) $(OFFER_ASTRAY): tests/workloads/offer.c
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(OFFER_FLAGS) $(LDFLAGS) $< -o $@

$(SURVEY): %: %.o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs libbpf)

$(PLACES).o $(MANY).o: override CFLAGS += -fno-omit-frame-pointer

FRAMES_CFLAGS := -g -O1 -fomit-frame-pointer -fasynchronous-unwind-tables -fno-optimize-sibling-calls
$(B)/tests/workloads/frames-pie: tests/workloads/frames.c
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(FRAMES_CFLAGS) -fPIE -pie $(LDFLAGS) $< -o $@
$(B)/tests/workloads/frames-static: tests/workloads/frames.c
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(FRAMES_CFLAGS) -static -no-pie $(LDFLAGS) $< -o $@
# Its symbols and lines in another file, which its build id names.
$(B)/tests/workloads/frames-stripped: $(B)/tests/workloads/frames-pie
	$(call msg,STRIP,$@)
	$(Q)objcopy --only-keep-debug $< $@.debug && strip -o $@ $<

$(NAMES) $(OVER): $(B)/%.so: %.c
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -O1 -fPIC -shared $(LDFLAGS) $< -o $@

$(ASK): $(B)/tests/workloads/ask.o $(call objects,$(filter-out daemon/main.c,$(DAEMON_SRC))) $(B)/libmemoir.a \
		$(B)/memoir-symbolizer
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o %.a,$^) -o $@ $(DAEMON_LIBS)

# Its allocator may be a library's, or be linked in.
$(THROWS) $(THROWS)-static: $(THROWS).o
	$(call msg,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $(if $(filter %-static,$@),-static) $^ -o $@

test-programs: $(WORKLOADS) $(THROWS) $(THROWS)-static

include tests/workloads/leaks/leaks.mk
