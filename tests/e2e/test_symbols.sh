#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each library exports what its headers declare, and nothing else; and the check itself can fail.
set -eu

"$TP_SOURCE/tools/check-symbols" "$TP_BUILD/libtidepool.so"
if [ -e "$TP_BUILD/libtidepool-sim.so" ]; then
	"$TP_SOURCE/tools/check-symbols" "$TP_BUILD/libtidepool-sim.so"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tools" "$work/src"
cp "$TP_SOURCE/tools/check-symbols" "$work/tools/"
cp "$TP_SOURCE/src/tidepool.map" "$work/src/"
cp -r "$TP_SOURCE/include" "$work/"
echo 'TP_API int tp_never_written(void);' >>"$work/include/tidepool/types.h"
if "$work/tools/check-symbols" "$TP_BUILD/libtidepool.so" >"$work/out"; then
	echo "a declared function that is not exported went unnoticed"
	exit 1
fi
grep -q '^tp_never_written: declared, not exported' "$work/out"
