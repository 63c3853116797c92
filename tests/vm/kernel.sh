#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches a Debian kernel for the lab, and prints the folder it is in: vmlinuz, release, and modules/, which is
# what a guest's /lib/modules would be, with the few modules that guests need.
#
#	kernel.sh CACHE SERIES
#
# SERIES is the beginning of a version: 6.1, 6.12, or 7 for the newest of all 7.x; the newest package of the series is
# found now. Nothing is installed, and what is in CACHE already, with the same modules, is not fetched again. The series "debug" is the lab's own: see
# debug-kernel.sh.
set -eu -o pipefail

cache=$(mkdir -p "$1" && realpath "$1")
series=$2
here=$(dirname "$0")
modules="virtio_pci virtio_blk ext4 zram"

[ "$series" != debug ] || exec "$here/debug-kernel.sh" "$cache"
# shellcheck source=debian.bash
. "$here/debian.bash"

# The release of the newest plain kernel of the series. From 6.19 on linux-image-* is empty, and linux-binary-* has the kernel.
newest_release()
{
	apt apt-cache pkgnames | sed -nE 's/^linux-(image|binary)-([0-9][0-9.]*(-[0-9]+|\+deb[0-9]+)-amd64)$/\2/p' |
		grep -E "^${series//./\\.}[.]" | sort -uV | tail -n 1
}

# with_dependencies FOLDER RELEASE: the files of $modules and of what they need, relative to FOLDER
with_dependencies()
{
	local module
	for module in $modules; do
		modprobe --dirname="$1" --set-version="$2" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
	done | sort -u | sed "s,^$1/,,"
}

# arrange RELEASE FOLDER: what was unpacked, in the lab's own order.
arrange()
{
	local release=$1 folder=$2 tree=$cache/unpacked
	mkdir -p "$folder.new/modules/lib/modules/$release"
	# Since 7.2 everything is below /usr/lib/modules.
	cp "$(find "$tree" -type f -name 'vmlinuz*' | grep -m1 .)" "$folder.new/vmlinuz"
	[ ! -d "$tree/usr/lib/modules" ] || { mkdir -p "$tree/lib" && mv "$tree/usr/lib/modules" "$tree/lib/"; }
	find "$tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
	depmod -b "$tree" "$release"
	with_dependencies "$tree" "$release" | (cd "$tree" && cpio --quiet -pd "$folder.new/modules")
	cp "$tree/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} "$folder.new/modules/lib/modules/$release/"
	depmod -b "$folder.new/modules" "$release"
	# In the image /lib is a link to /usr/lib.
	mkdir "$folder.new/modules/usr"
	mv "$folder.new/modules/lib" "$folder.new/modules/usr/"
	echo "$release" >"$folder.new/release"
	echo "$modules" >"$folder.new/wanted"
	mv "$folder.new" "$folder"
}

read_lists
release=$(newest_release) || true
[ -n "$release" ] || { echo "no kernel $series is in the package lists of Debian; the lists are in $cache/apt" >&2 && exit 1; }
if [ "$(cat "$cache/$release/wanted" 2>/dev/null)" != "$modules" ]; then
	echo "fetching Linux $release" >&2
	rm -rf "$cache/unpacked" "$cache/${release:?}" "$cache/$release.new"
	for package in "linux-image-$release" "linux-binary-$release" "linux-modules-$release" "linux-base-$release"; do
		fetch "$package"
	done
	arrange "$release" "$cache/$release"
	rm -rf "$cache/unpacked"
fi
echo "$cache/$release"
