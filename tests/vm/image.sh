#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packs what every guest of the lab has into an archive of the kind that a kernel unpacks as its first file system: busybox,
# memoir, the tests and their loads, the tools that tests call, and the libraries of all of them.
#
#	image.sh BUILD ARCHIVE
#
# The tools are copied from this machine. What is big and seldom used is not in it: see disk.sh.
set -eu -o pipefail

build=$(realpath "$1")
archive=$(realpath -m "$2")
source=$(realpath "$(dirname "$0")/../..")
# Tools come as whole packages: whatever a test calls of them is there.
packages="bash bats bpftool coreutils curl dash diffutils findutils grep jq libc-bin libjemalloc2 libxml2-utils mawk mount numactl procps sed socat tar tmux util-linux bsdutils"
# A guest finds the tree where it finds everything of its own.
home=/lab

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# Files of the machine, at their places.
copy()
{
	tar -C / --create --no-recursion "$@" | tar -C "$root" --extract --skip-old-files --keep-directory-symlink
}

files_of_packages()
{
	# shellcheck disable=SC2086
	dpkg-query -L $packages | grep -vE '^/\.$|^/usr/share/(doc|man|locale|info|lintian|bash-completion|bug)/' | sort -u |
		while read -r file; do
			if [ -f "$file" ] || [ -L "$file" ]; then
				echo "${file#/}"
			fi
		done
}

# The libraries that the programs and libraries in the image need, by their names and by what those point to.
libraries()
{
	# It fails for what is no dynamic program.
	{ find "$root" -type f \( -perm -u+x -o -name "*.so.*" \) -exec ldd {} + 2>/dev/null || true; } |
		sed -nE 's,^\s+(\S+ => )?(/\S+) \(0x.*,\2,p' | sort -u |
		while read -r library; do
			echo "${library#/}"
			realpath "$library" | cut -c2-
		done | sort -u
}

# Debian 12 has merged /bin, /sbin and /lib into /usr.
merge_usr()
{
	local folder
	mkdir -p "$root"/{dev,disk,etc,proc,root,run,sys,tmp,usr/{bin,sbin,lib,lib64},var}
	for folder in bin sbin lib lib64; do
		ln -s "usr/$folder" "$root/$folder"
	done
}

tree()
{
	local target=$root$home
	mkdir -p "$target/build/tests" "$target/packaging"
	cp "$build/memoird" "$build/memoir-symbolizer" "$build/memoir" "$target/build/"
	cp -r "$build/tests/bpf" "$build/tests/workloads" "$target/build/tests/"
	mkdir "$target/tests"
	cp -r "$source"/tests/{run-tests.sh,failures.awk,system,vm} "$target/tests/"
	cp "$source/packaging/as-invoker.sh" "$target/packaging/"
	cp "$build"/memoir_*.deb "$target/build/"
	find "$target" -name '*.[od]' -delete
	cp "$source/tests/vm/guest/init" "$root/init"
}

# Somebody to be who is not root.
accounts()
{
	echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
	echo 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' >>"$root/etc/passwd"
	printf 'root:x:0:\nmemoir:x:900:\nnogroup:x:65534:\n' >"$root/etc/group"
	echo 'passwd: files' >"$root/etc/nsswitch.conf"
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
}

merge_usr
files_of_packages | copy --files-from=-
copy bin/busybox
ln -s mawk "$root/usr/bin/awk"
tree
accounts
libraries | copy --files-from=-
ldconfig -r "$root"
copy lib/terminfo/x/xterm lib/terminfo/s/screen
mkdir -p "$(dirname "$archive")"
(cd "$root" && find . -print0 | cpio --quiet --null --create --format=newc --owner=0:0) >"$archive.new"
mv "$archive.new" "$archive"
