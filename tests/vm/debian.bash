# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's packages, without installing any: the package lists are read with a configuration of the lab's own, from the
# mirrors that this machine uses; its own configuration is left alone. Everything is in the folder $cache.
# shellcheck shell=bash

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

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
	local uri
	# shellcheck disable=SC2016
	uri=$(apt-get indextargets --format '$(REPO_URI)' | awk -v end="/$1/?\$" '$0 ~ end && !found { print; found = 1 }')
	echo "${uri:-http://deb.debian.org/$1}"
}

# apt COMMAND...: with the lab's own lists, and no installed packages.
apt()
{
	local command=$1
	shift
	"$command" -o Dir::Etc::SourceList="$cache/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Dir::State="$cache/apt" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none \
		-qq "$@"
}

# hold_cache: from now on until this shell ends, or closes $lock, nobody else makes anything in $cache.
hold_cache()
{
	exec {lock}>"$cache/lock"
	flock "$lock"
}

# read_lists: holds the cache, and makes sure that there are lists, and that they are not older than a day.
read_lists()
{
	hold_cache
	[ -z "$(find "$cache/lists-are-read" -mtime -1 2>/dev/null)" ] || return 0
	suites | while read -r archive suite; do
		echo "deb [arch=amd64 signed-by=$keyring] $(mirror_of "$archive") $suite main"
	done >"$cache/sources.list"
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
	apt apt-get update --error-on=any
	touch "$cache/lists-are-read"
}

# fetch PACKAGE: unpacks what guests need of it below $cache/unpacked, if there is such a package.
fetch()
{
	# Of a name that others merely depend on it says nothing, and that it went well.
	[ -n "$(apt apt-cache show "$1" 2>/dev/null)" ] || return 0
	# Lists that name what the mirror has replaced are read again the next time.
	(cd "$cache" && apt apt-get download "$1") || { rm -f "$cache/lists-are-read" && return 1; }
	mkdir -p "$cache/unpacked"
	local deb
	for deb in "$cache/$1"_*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$cache/unpacked" --exclude=./usr/share
		rm "$deb"
	done
}
