#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes the golden files: what is answered today becomes what is expected. `make golden` calls it.
set -eu

BUILD=$1
folder=$(dirname "$0")
# shellcheck source=tests/replay/answers.sh
. "$folder/answers.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILD/asan/tests/replay/make_recording" "$work/recording"
mkdir "$work/golden"
for name in $ANSWERS; do
	answer "$name" "$work/recording" >"$work/golden/$name"
done
rm -rf "$folder/golden"
cp -r "$work/golden" "$folder/golden"
echo "written to $folder/golden; read the difference before it is committed"
