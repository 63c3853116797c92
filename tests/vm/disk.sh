#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the disks of a guest: one with a file system for tests to work in, on which are the tools that are too big for the
# image, and one to swap to. Guests write to neither: what they write is dropped at their end.
#
#	disk.sh FOLDER
set -eu

folder=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$folder" "$root/bin" "$root/lib"
for tool in promtool stress-ng; do
	path=$(command -v "$tool")
	cp "$path" "$root/bin/"
	ldd "$path" 2>/dev/null | sed -nE 's,^\s+\S+ => (/\S+) \(0x.*,\1,p' | xargs -r cp -L -t "$root/lib/"
done
rm -f "$folder/disk.new" "$folder/swap.new"
truncate -s 2G "$folder/disk.new"
mke2fs -q -t ext4 -d "$root" "$folder/disk.new"
truncate -s 512M "$folder/swap.new"
chmod 600 "$folder/swap.new"
mkswap -q "$folder/swap.new" 2>/dev/null
mv "$folder/swap.new" "$folder/swap.img"
mv "$folder/disk.new" "$folder/disk.img"
