#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes BUILD/memoir_VERSION_ARCH.deb of the installation in BUILD/deb/root.
#
#	build.sh BUILD VERSION
set -eu

build=$1
version=$2
here=$(realpath "$(dirname "$0")")
root=$(realpath "$build/deb/root")
arch=$(dpkg --print-architecture)
umask 022

strip --remove-section=.comment --remove-section=.note "$root/usr/sbin/memoird" "$root/usr/bin/memoir" \
	"$root/usr/lib/memoir/memoir-symbolizer"
find "$root/usr/share/man" -type f -exec gzip -9n {} +
install -D -m 0644 "$here/copyright" "$root/usr/share/doc/memoir/copyright"

mkdir -p "$root/DEBIAN" "$build/deb/debian"
printf 'Source: memoir\n\nPackage: memoir\nArchitecture: any\n' >"$build/deb/debian/control"
if ! depends=$(cd "$build/deb" &&
	dpkg-shlibdeps -O -e"$root/usr/sbin/memoird" -e"$root/usr/bin/memoir" \
		-e"$root/usr/lib/memoir/memoir-symbolizer" 2>shlibdeps.log); then
	cat "$build/deb/shlibdeps.log" >&2
	exit 1
fi

{
	sed -e '/^#/d' -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" "$here/control"
	echo "Depends: ${depends#shlibs:Depends=}, systemd | systemd-standalone-sysusers"
	echo "Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)"
} >"$root/DEBIAN/control"
(cd "$root" && find etc -type f -printf '/%p\n') >"$root/DEBIAN/conffiles"
(cd "$root" && find usr -type f -exec md5sum {} +) >"$root/DEBIAN/md5sums"
install -m 0755 "$here/postinst" "$here/prerm" "$here/postrm" "$root/DEBIAN/"
dpkg-deb --root-owner-group --build "$root" "$build/memoir_${version}_$arch.deb" >/dev/null
echo "$build/memoir_${version}_$arch.deb"
