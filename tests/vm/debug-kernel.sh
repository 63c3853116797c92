#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds a kernel with the ground truth that Debian's own kernels leave out: page_owner, allocation profiling, kmemleak,
# lockdep, and what the kernel has to find misuse of memory. Prints its folder, as kernel.sh does.
#
#	debug-kernel.sh CACHE
#
# The source is that of Debian's newest linux-source-6.12, the configuration is tinyconfig and debug.config. What CACHE has of
# the same source and configuration is not built again.
set -eu -o pipefail

cache=$(mkdir -p "$1" && realpath "$1")
here=$(realpath "$(dirname "$0")")
package=linux-source-6.12
config=$here/debug.config

# shellcheck source=debian.bash
. "$here/debian.bash"

# configure: in the source; every line of debug.config has to be there at the end.
configure()
{
	make -s tinyconfig
	scripts/kconfig/merge_config.sh -m .config "$config" >/dev/null
	make -s olddefconfig
	local missing
	missing=$(grep -E '^(# )?CONFIG_' "$config" | grep -vxFf .config || true)
	[ -z "$missing" ] || { echo "$config: what this source does not do:" "$missing" >&2 && return 1; }
}

# build FOLDER
build()
{
	local folder=$1 tree=$cache/unpacked
	rm -rf "$tree" "$folder.new"
	fetch "$package"
	mkdir -p "$tree/source"
	tar -C "$tree/source" --strip-components=1 -xf "$tree/usr/src/$package.tar.xz"
	(cd "$tree/source"; configure; make -s -j "$(nproc)" bzImage) >&2
	mkdir -p "$folder.new/modules/usr/lib/modules"
	cp "$tree/source/arch/x86/boot/bzImage" "$folder.new/vmlinuz"
	cp "$tree/source/.config" "$folder.new/config"
	make -s -C "$tree/source" kernelrelease >"$folder.new/release"
	# What has no effect until it is asked for.
	echo "page_owner=on kmemleak=on debug_pagealloc=on page_poison=1 log_buf_len=8M" >"$folder.new/append"
	rm -r "$tree"
	mv "$folder.new" "$folder"
}

read_lists
version=$(apt apt-cache show "$package" | awk '$1 == "Version:" { print $2; exit }')
[ -n "$version" ] || { echo "no $package is in the package lists of Debian; the lists are in $cache/apt" >&2 && exit 1; }
folder=$cache/debug-${version//[:~]/-}-$(cat "$config" "$0" | sha256sum | cut -c1-8)
[ -e "$folder/release" ] || { echo "building a debug kernel of $package $version" >&2 && build "$folder"; }
echo "$folder"
