# SPDX-License-Identifier: GPL-2.0-or-later
# What memoir needs, by the names of Debian's packages. `make deps` is the only target that installs.

DEPS_BUILD := gcc libc6-dev make pkg-config clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libsystemd-dev \
	libmicrohttpd-dev libcap-ng-dev libdw-dev libiberty-dev libseccomp-dev libjansson-dev libncurses-dev scdoc bsdextrautils
DEPS_RUN := util-linux mount
DEPS_TEST := bats bpftrace busybox-static clang-format clang-tidy curl dpkg-dev elfutils g++ jq libclang-rt-14-dev libcmocka-dev \
	libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 libxml2-utils musl-tools xz-utils \
	libbpf-tools man-db mandoc procps prometheus rt-tests shellcheck socat stress-ng systemd tmux git
# For guests of the kernel lab.
DEPS_VM := cpio e2fsprogs kmod mmdebstrap numactl qemu-system-x86 xz-utils
# For building the debug kernel of the lab.
DEPS_KERNEL := bc bison dwarves flex libssl-dev xz-utils

DEPS ?= $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST)

.PHONY: deps
deps: ## install the Debian packages that are missing (as root)
	$(Q)packaging/install-deps.sh $(DEPS)
