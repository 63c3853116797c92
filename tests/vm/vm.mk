# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel lab: the tests on other kernels and other machines than this one, in guests of QEMU.
#
#	make vm-test [KERNEL="5.10 6.1 6.12 6.18 7 debug"] [NODES="2 1 4 service"] [VM_TESTS=short] [VM_JOBS=2]

KERNEL ?= 5.10 6.1 6.12 6.18 7
NODES ?= 2 1 4 service
# Kernels are fetched once.
VM_CACHE ?= .cache/vm
# Guests at a time: each takes one processor to two, and 2 GiB.
VM_JOBS ?= 1

.PHONY: vm-test kernels
vm-test: ## run the tests on Debian's kernels in guests (as root; KERNEL=6.1 NODES=2 chooses)
	$(Q)$(MAKE) $(QUIET) deps DEPS='$(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST) $(DEPS_VM) $(if $(filter debug,$(KERNEL)),$(DEPS_KERNEL))'
	$(Q)packaging/as-invoker.sh $(MAKE_JOBS) all $(BPF_TESTS) $(WORKLOADS)
	$(Q)$(MAKE) $(QUIET) deb >/dev/null
	$(Q)packaging/as-invoker.sh mkdir -p $(B)/vm $(VM_CACHE)
	$(Q)trap 'chown -R --reference=$(B) $(B)/vm $(VM_CACHE)' EXIT; \
		tests/vm/image.sh $(B) $(B)/vm/image.cpio && tests/vm/disk.sh $(B)/vm && \
		tests/vm/lab.sh $(B) $(VM_CACHE) '$(KERNEL)' '$(NODES)' '$(VM_JOBS)'

kernels: ## keep what the last `make vm-test` saw, and write docs/kernels.md from it
	$(Q)mkdir -p tests/vm/facts && cp $(B)/vm/facts/*.json tests/vm/facts/
	$(Q)tests/vm/table.sh tests/vm/facts > $(B)/vm/kernels.md && mv $(B)/vm/kernels.md docs/kernels.md
