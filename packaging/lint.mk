# SPDX-License-Identifier: GPL-2.0-or-later
# What must hold of the sources without running them. Quiet when it does; else file:line: message, and failure.

C_FILES = $(shell find bpf cli daemon exporters tests -name '*.[ch]' -o -name '*.cc' | sort)
SCRIPTS = $(shell grep -rlE '^\#!(/usr/bin/env |/bin/|/usr/bin/)(ba|da)?sh' .ci bpf packaging tests | sort)
BATS_FILES = $(shell find tests -name '*.bats' -o -name '*.bash' | sort)
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
# Without the checks that are noise here: macros that are tables, indices that are small, and stores into
# variables and memory that a cleanup attribute takes care of (ASan finds leaks).
TIDY_CHECKS := -*,clang-analyzer-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,$\
	-bugprone-reserved-identifier,-bugprone-assignment-in-if-condition,-bugprone-macro-parentheses,$\
	-bugprone-implicit-widening-of-multiplication-result,-clang-analyzer-deadcode.DeadStores,$\
	-clang-analyzer-security.insecureAPI.*,-clang-analyzer-unix.Malloc

.PHONY: lint
lint: ## check format, layers, lengths, licences, scripts and C without running anything
	$(Q)$(MAKE) $(QUIET) --keep-going lint-format lint-c lint-scripts lint-tree

.PHONY: lint-format lint-c lint-scripts lint-tree
lint-format:
	$(Q)tests/lint/format.sh $(CLANG_FORMAT) $(C_FILES)
lint-c: $(B)/memoir.skel.h $(B)/memoir_by_helper.skel.h $(B)/heap.skel.h
	$(Q)tests/lint/tidy.sh $(CLANG_TIDY) '$(TIDY_CHECKS)' $(filter cli/%.c daemon/%.c exporters/%.c,$(C_FILES)) \
		-- $(CPPFLAGS) -std=gnu11
lint-scripts:
	$(Q)shellcheck -x --source-path=SCRIPTDIR --format=gcc $(SCRIPTS)
	$(Q)shellcheck -x --source-path=SCRIPTDIR --exclude=SC2030,SC2031,SC2034,SC2154 --format=gcc $(BATS_FILES)
lint-tree:
	$(Q)tests/lint/tree.sh

.PHONY: format
format: ## write all C sources in the form of .clang-format
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)
