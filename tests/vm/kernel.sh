#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches a Debian kernel for the lab, and prints the folder it is in: vmlinuz, release, and modules/, which is
# what a guest's /lib/modules would be, with the few modules that guests need.
#
#	kernel.sh CACHE SERIES
#
# SERIES is the beginning of a version: 6.1, 6.12, or 7 for the newest of all 7.x; the newest package of the series is
# found now. Nothing is installed. The package lists are read with a configuration of the lab's own, from the mirrors that this
# machine uses; its own configuration is left alone. What is in CACHE already is not fetched again.
set -eu -o pipefail

cache=$(mkdir -p "$1" && realpath "$1")
series=$2
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
modules="virtio_pci virtio_blk ext4 veth"

# The suites with kernels in them, oldest first.
suites()
{
	cat <<-END
		debian-security bullseye-security
		debian bookworm
		debian-security bookworm-security
		debian trixie-backports
		debian sid
	END
}

# mirror_of ARCHIVE: where this machine gets debian or debian-security from.
mirror_of()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' | grep -E "/$1/?\$" | head -n 1 | grep . || echo "http://deb.debian.org/$1"
}

# apt COMMAND...: with the lab's own lists, and no installed packages.
apt()
{
	local command=$1
	shift
	"$command" -o Dir::Etc::SourceList="$cache/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State="$cache/apt" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none \
		-qq "$@"
}

# The lists are good for a day.
read_lists()
{
	[ -z "$(find "$cache/lists-are-read" -mtime -1 2>/dev/null)" ] || return 0
	suites | while read -r archive suite; do
		echo "deb [arch=amd64 signed-by=$keyring] $(mirror_of "$archive") $suite main"
	done >"$cache/sources.list"
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
	apt apt-get update
	touch "$cache/lists-are-read"
}

# The release of the newest plain kernel of the series. From 6.19 on linux-image-* is empty, and linux-binary-* has the kernel.
newest_release()
{
	apt apt-cache pkgnames | sed -nE 's/^linux-(image|binary)-([0-9][0-9.]*(-[0-9]+|\+deb[0-9]+)-amd64)$/\2/p' |
		grep -E "^${series//./\\.}[.]" | sort -uV | tail -n 1
}

# fetch PACKAGE: unpacks what guests need of it below $cache/unpacked, if there is such a package.
fetch()
{
	apt apt-cache show "$1" >/dev/null 2>&1 || return 0
	(cd "$cache" && apt apt-get download "$1")
	mkdir -p "$cache/unpacked"
	local deb
	for deb in "$cache/$1"_*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$cache/unpacked" --exclude=./usr/share
		rm "$deb"
	done
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
	mv "$folder.new" "$folder"
}

read_lists
release=$(newest_release)
[ -n "$release" ] || { echo "no kernel $series is in the package lists of Debian; the lists are in $cache/apt" >&2 && exit 1; }
if [ ! -e "$cache/$release/release" ]; then
	echo "fetching Linux $release" >&2
	rm -rf "$cache/unpacked" "$cache/$release.new"
	for package in "linux-image-$release" "linux-binary-$release" "linux-modules-$release" "linux-base-$release"; do
		fetch "$package"
	done
	arrange "$release" "$cache/$release"
	rm -rf "$cache/unpacked"
fi
echo "$cache/$release"
