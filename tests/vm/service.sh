#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The service, in a guest where systemd is the first process and a Prometheus server scrapes: installs memoir's package there,
# and has tests/vm/service/service.bats run.
#
#	service.sh BUILD CACHE KERNEL OUT
#
# BUILD has the package (`make deb`) and the image of the lab. KERNEL and OUT are as in guest.sh. The root file system is made
# of Debian's packages once, and kept in CACHE.
set -eu -o pipefail

build=$1
cache=$(mkdir -p "$2" && realpath "$2")
kernel=$3
out=$4
here=$(realpath "$(dirname "$0")")
# What memoir's package depends on is among them: a guest has no package host.
packages=systemd-sysv,init-system-helpers,prometheus,bats,bpftool,curl,jq,procps,libbpf1,libcap-ng0,libdw1,libseccomp2,libjansson4,libmicrohttpd12,libncursesw6
root=$cache/service-$(cat "$0" "$here"/service/*.service | sha256sum | cut -c1-8).img

# shellcheck source=debian.bash
. "$here/debian.bash"

# make_root IMAGE
make_root()
{
	tree=$(mktemp -d "$cache/root.XXXXXX")
	trap 'rm -rf "$tree"' EXIT
	chmod 755 "$tree"
	mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Apt::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --format=directory \
		bookworm "$tree" "deb [signed-by=$keyring] $(mirror_of debian) bookworm main"
	cp "$here"/service/lab.service "$tree/etc/systemd/system/"
	mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
	ln -s ../lab.service "$tree/etc/systemd/system/multi-user.target.wants/"
	# It is the test that starts it.
	rm -f "$tree"/etc/systemd/system/multi-user.target.wants/prometheus*
	rm -f "$1.new"
	truncate -s 2G "$1.new"
	mke2fs -q -t ext4 -d "$tree" "$1.new"
	mv "$1.new" "$1"
	rm -rf "$tree"
}

hold_cache
if [ ! -e "$root" ]; then
	rm -f "$cache"/service-*.img
	echo "making a root file system with systemd and Prometheus" >&2
	make_root "$root"
fi
exec {lock}>&-
# There is no udev to say that the serial line is there, and what a timer starts would leave files behind.
VM_DISK=$root VM_APPEND="rdinit=/lab/job systemd.mask=serial-getty@ttyS0.service systemd.mask=timers.target ${VM_APPEND:-}" \
	"$here/guest.sh" "$build" "$kernel" 1 "$out" "$here/service/init"
