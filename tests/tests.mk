# SPDX-License-Identifier: GPL-2.0-or-later
# The tests: what is built for each tier, and the targets that run them. How a test is run, counted and
# reported is in run-tests.sh. A tier is a folder; a new test_*.c, fuzz_*.c or *.bats in it is picked up.

FUZZ_SECONDS ?= 60
TEST_FUZZ_SECONDS ?= 3

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
FUZZ_SANITIZE := $(SANITIZE) -fsanitize=fuzzer-no-link

CMOCKA_LIBS = $(shell $(PKG_CONFIG) --libs cmocka)
JANSSON_LIBS = $(shell $(PKG_CONFIG) --libs jansson)

asan_objects = $(patsubst %.c,$(B)/asan/%.o,$(1))
fuzz_objects = $(patsubst %.c,$(B)/fuzz/%.o,$(1))

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(patsubst %.c,$(B)/asan/%,$(UNIT_SRC))
MODEL_TESTS := $(filter $(B)/asan/tests/unit/test_model%,$(UNIT))
CLI_TESTS := $(filter $(B)/asan/tests/unit/test_cli_%,$(UNIT))
SYMBOLIZER_TESTS := $(B)/asan/tests/unit/test_confine $(B)/asan/tests/unit/test_jitmap \
	$(B)/asan/tests/unit/test_heap_functions $(B)/asan/tests/unit/test_usdt
OTHER_TESTS := $(filter-out $(MODEL_TESTS) $(CLI_TESTS) $(SYMBOLIZER_TESTS),$(UNIT))

REPLAY_TOOLS := $(patsubst %.c,$(B)/asan/%,$(wildcard tests/replay/*.c))
REPLAY := $(wildcard tests/replay/*.bats)

FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/tests/fuzz/%,$(FUZZ_SRC))

BPF_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/bpf/test_*.c))
SYSTEM := $(wildcard tests/system/*.bats)

# --- unit: everything under test is instrumented --------------------------------------------------

$(B)/asan/%.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -c $< -o $@

# The model alone: an undefined symbol here is an error in the layers.
$(B)/asan/libmodel.a: $(call asan_objects,$(MODEL_SRC))
$(B)/asan/libmemoir.a: $(call asan_objects,$(PURE_SRC))
# Beside the pure files, what tests reach without a kernel or an event loop.
$(B)/asan/libdaemon.a: $(call asan_objects,$(PURE_SRC) daemon/options.c daemon/log.c daemon/trace/files.c daemon/trace/heaprate.c daemon/trace/target.c daemon/usersymbols.c exporters/http_listen.c)
$(B)/asan/libcli.a: $(call asan_objects,$(filter-out cli/main.c,$(CLI_SRC)) $(PURE_SRC))
$(B)/asan/%.a:
	$(call msg,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

link_asan = $(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) $^ -o $@

$(MODEL_TESTS): %: %.o $(B)/asan/libmodel.a
	$(call msg,LINK,$@)
	$(link_asan) $(CMOCKA_LIBS)

$(CLI_TESTS): %: %.o $(B)/asan/libcli.a
	$(call msg,LINK,$@)
	$(link_asan) $(CMOCKA_LIBS) $(CLI_LIBS)

$(B)/asan/libsymbolizer.a: $(call asan_objects,$(filter-out %/main.c,$(SYMBOLIZER_SRC)))
$(SYMBOLIZER_TESTS): %: %.o $(B)/asan/libsymbolizer.a
	$(call msg,LINK,$@)
	$(link_asan) $(CMOCKA_LIBS) $(SYMBOLIZER_LIBS)

$(OTHER_TESTS): %: %.o $(B)/asan/libdaemon.a
	$(call msg,LINK,$@)
	$(link_asan) $(CMOCKA_LIBS) $(JANSSON_LIBS) -lm

# --- replay: a recording made by a program, and what is answered from it --------------------------

$(REPLAY_TOOLS): %: %.o $(B)/asan/libmemoir.a
	$(call msg,LINK,$@)
	$(link_asan)

# --- fuzz -----------------------------------------------------------------------------------------

$(B)/fuzz/%.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(CFLAGS) $(FUZZ_SANITIZE) -c $< -o $@

$(B)/fuzz/libfuzzed.a: $(call fuzz_objects,$(PURE_SRC) cli/allocators.c cli/allocinfo.c cli/arena.c cli/heap_walk.c \
		cli/http_response.c cli/numa_maps.c cli/page_owner.c cli/visible.c $(filter-out %/main.c %/confine.c,$(SYMBOLIZER_SRC)) \
		tests/fuzz/check.c)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

# Seeds are in tests/fuzz/seeds, except for what changes with the tables, and programs.
$(B)/fuzz/seeds/recfile/recording: $(B)/asan/tests/replay/make_recording
	@mkdir -p $(@D)
	$(Q)$< $@
$(B)/fuzz/tests/fuzz/fuzz_recfile: | $(B)/fuzz/seeds/recfile/recording

SYMBOLIZE_SEEDS := $(addprefix $(B)/fuzz/seeds/symbolize/,pie stripped compressed)
$(B)/fuzz/seeds/symbolize/%: $(B)/tests/workloads/frames-%
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(B)/fuzz/seeds/symbolize/compressed: $(B)/tests/workloads/frames-pie
	@mkdir -p $(@D)
	$(Q)objcopy --compress-debug-sections $< $@
$(B)/fuzz/tests/fuzz/fuzz_symbolize: | $(SYMBOLIZE_SEEDS)
$(B)/fuzz/tests/fuzz/fuzz_symbolize: FUZZ_LIBS = $(SYMBOLIZER_LIBS)

$(FUZZ): %: %.o $(B)/fuzz/libfuzzed.a
	$(call msg,LINK,$@)
	$(Q)$(CLANG) $(CFLAGS) $(FUZZ_SANITIZE) -fsanitize=fuzzer $(LDFLAGS) $^ -o $@ $(JANSSON_LIBS) $(FUZZ_LIBS)

# --- bpf: programs run in the kernel with arguments of the test's own -----------------------------

TRACE_TESTS := $(B)/tests/bpf/test_heap $(B)/tests/bpf/test_heap_refused $(B)/tests/bpf/test_heap_samples

$(patsubst %,%.o,$(BPF_TESTS)): $(B)/memoir.skel.h

$(filter-out $(TRACE_TESTS),$(BPF_TESTS)): %: %.o $(B)/daemon/skeleton.o $(B)/daemon/machine.o $(B)/daemon/dimensions.o $(B)/daemon/stacks.o \
		$(B)/daemon/symbols.o $(B)/daemon/log.o $(B)/libmemoir.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter-out %.a,$^) $(filter %.a,$^) -o $@ $(CMOCKA_LIBS) $(DAEMON_LIBS)
$(B)/tests/bpf/test_fault_mappings: $(B)/daemon/faultsites.o
$(B)/tests/bpf/test_nodecheck: $(B)/daemon/nodecheck.o
$(B)/tests/bpf/test_stacks: $(B)/daemon/userstacks.o
$(B)/tests/bpf/test_tracelink: $(call objects,$(addprefix daemon/,leaktrace.c tracelink.c usersymbols.c autotrace.c kerneltrace.c \
		kernelprograms.c kernelread.c privileges.c probes.c probes_load.c pins.c) $(wildcard daemon/trace/*.c))

# Programs of objects of their own, put to use as the tracer does.
$(TRACE_TESTS): %: %.o $(call objects,daemon/log.c daemon/privileges.c $(wildcard daemon/trace/*.c) \
		daemon/trace/symbolizer/functions.c daemon/trace/symbolizer/usdt.c) $(B)/libmemoir.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(CMOCKA_LIBS) $(DAEMON_LIBS) -lelf

# --- targets --------------------------------------------------------------------------------------

# Why a tier cannot be built here; empty where it can.
no_unit = $(shell $(PKG_CONFIG) --exists cmocka jansson || echo libcmocka-dev or libjansson-dev is missing)
no_bpf = $(no_unit)$(shell PATH=$$PATH:/usr/sbin command -v $(BPFTOOL) >/dev/null || echo bpftool is missing)
no_fuzz = $(shell echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	$(CLANG) -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null || \
	echo clang or libclang-rt-14-dev is missing)

# What run-tests.sh is to run, or that it is to skip a tier and why.
tier = $(if $(2),$(if $(3),'skip:$(1): $(3)',$(2)))
unit_tier = $(call tier,unit,$(UNIT),$(no_unit))
fuzz_tier = $(call tier,fuzz,$(FUZZ),$(no_fuzz))
bpf_tier = $(call tier,bpf,$(BPF_TESTS),$(no_bpf))

# As many jobs as there are CPUs, unless the caller has said how many.
MAKE_JOBS = $(MAKE) $(QUIET) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: test
test: ## install what is missing, build, and run every test that this machine allows (best as root)
	$(Q)$(MAKE) $(QUIET) deps DEPS='$(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST)' || \
		[ "$$(id -u)" -ne 0 ]
	$(Q)packaging/as-invoker.sh $(MAKE_JOBS) --keep-going test-programs || \
		echo 'what was not built fails below' >&2
	$(Q)$(MAKE) $(QUIET) test-run

# In steps of their own, because what is missing here is known only after `deps`.
.PHONY: test-programs test-run
test-programs:
	$(Q)$(MAKE) $(QUIET) all $(REPLAY_TOOLS) $(if $(no_unit),,$(UNIT)) \
		$(if $(no_fuzz),,$(FUZZ)) $(if $(no_bpf),,$(BPF_TESTS))
test-run:
	$(Q)FUZZ_SECONDS=$(TEST_FUZZ_SECONDS) tests/run-tests.sh $(B) $(unit_tier) $(REPLAY) $(fuzz_tier) \
		$(bpf_tier) $(SYSTEM)

.PHONY: unit-test
unit-test: $(UNIT) ## build and run the unit tests
	$(Q)tests/run-tests.sh $(B) $(UNIT)

.PHONY: fuzz
fuzz: $(FUZZ) ## build and run every fuzzer for FUZZ_SECONDS=60
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run-tests.sh $(B) $(FUZZ)

.PHONY: replay-test golden
replay-test: $(REPLAY_TOOLS) $(B)/memoird ## build and run the replay tests
	$(Q)tests/run-tests.sh $(B) $(REPLAY)
golden: $(REPLAY_TOOLS) $(B)/memoird ## write the expected answers of the replay tests again
	$(Q)tests/replay/golden.sh $(B)

.PHONY: leak-recording leak-verdicts
leak-recording: $(REPLAY_TOOLS) $(B)/memoird leak-programs ## record the leak corpus again, in eight minutes (as root)
	$(Q)tests/replay/record-leaks.sh $(B) tests/replay/leaks.series.xz
leak-verdicts: $(REPLAY_TOOLS) ## show what is said of each program of the leak corpus, beside what is true
	$(Q)tests/replay/leak-verdicts.sh $(B)
