#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is installed is enough to embed the library: headers, pkg-config file, both libraries.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*"
	exit 1
}

meson install -C "$TP_BUILD" --no-rebuild --quiet --destdir "$work"
pc=$(find "$work" -name tidepool.pc)
[ -n "$pc" ] || fail "no tidepool.pc was installed"
prefix=$work$(PKG_CONFIG_PATH=${pc%/*} pkg-config --variable=prefix tidepool)

# The package as its user sees it, from where it was put for this test.
package() {
	PKG_CONFIG_PATH=${pc%/*} pkg-config --define-variable=prefix="$prefix" "$@" tidepool
}

for header in "$TP_SOURCE"/include/tidepool/*.h; do
	[ -f "$prefix/include/tidepool/${header##*/}" ] || fail "${header##*/} is not installed"
done
installed=$(find "$prefix/include" -name '*.h' | wc -l)
declared=$(find "$TP_SOURCE/include" -name '*.h' | wc -l)
[ "$installed" -eq "$declared" ] || fail "$installed headers installed, $declared are public"

if [ -x "$TP_BUILD/tidepool" ]; then
	schema=$prefix/share/tidepool/tidepool.schema.json
	cmp -s "$TP_SOURCE/docs/tidepool.schema.json" "$schema" ||
		fail "the schema of --json is not installed"
fi

libdir=$(package --variable=libdir)
soname=$(readelf --dynamic "$libdir/libtidepool.so" | sed -n 's/.*soname: \[\(.*\)\].*/\1/p')
[ "$soname" = libtidepool.so.0 ] || fail "the soname is '$soname'"

# Only the installed files may be seen from here on.  The flags are split into words on purpose.
cd "$work"
cp "$TP_SOURCE/examples/embed.c" .
# shellcheck disable=SC2046
${CC:-cc} -std=c17 -Wall -Wextra -Werror embed.c -o shared $(package --cflags --libs)
LD_LIBRARY_PATH=$libdir ./shared >shared.out
# shellcheck disable=SC2046
${CC:-cc} -std=c17 -Wall -Wextra -Werror embed.c -o static $(package --cflags) \
	"$libdir/libtidepool.a" $(package --static --libs-only-other) -pthread
./static >static.out
for out in shared.out static.out; do
	[ -s "$out" ] || fail "the example printed nothing (${out%.out})"
done

# Each public header stands on its own.
for header in "$prefix"/include/tidepool/*.h; do
	echo "#include <tidepool/${header##*/}>" >one.c
	# shellcheck disable=SC2046
	${CC:-cc} -std=c17 -Wall -Wextra -Werror -fsyntax-only one.c $(package --cflags) ||
		fail "${header##*/} needs another header before it"
done
