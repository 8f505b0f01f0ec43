#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A user's own scenario: built from what is installed only, explored by the installed command.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*"
	exit 1
}

meson install -C "$TP_BUILD" --no-rebuild --quiet --destdir "$work"
pc=$(find "$work" -name tidepool-sim.pc)
[ -n "$pc" ] || { echo "no simulated library in this configuration"; exit 77; }
prefix=$work$(PKG_CONFIG_PATH=${pc%/*} pkg-config --variable=prefix tidepool-sim)
tidepool=$prefix/bin/tidepool
[ -x "$tidepool" ] || { echo "no command in this configuration"; exit 77; }
sim=$(PKG_CONFIG_PATH=${pc%/*} pkg-config --define-variable=prefix="$prefix" --cflags --libs \
	tidepool-sim)

cp -r "$TP_SOURCE/examples/explore" "$work/ring"
cd "$work/ring"
make --silent CC="${CC:-cc}" CFLAGS="-g -O1 -Wall -Wextra -Werror" SIM="$sim"

# explore EXPECTED-EXIT-CODE SO [OPTION...]
explore() {
	expected=$1 so=$2
	shift 2
	status=0
	"$tidepool" explore --load "./$so" ring/push-vs-pop "$@" >out 2>err || status=$?
	[ "$status" -eq "$expected" ] || fail "$so $*: exit code $status: $(cat out err)"
}

explore 1 ring-bug.so
grep -q 'finding  ring.c:[0-9]*: value == expected' out || fail "another finding: $(cat out)"
token=$(sed -n 's/^  token *\([^ ]*\).*/\1/p' out)

status=0
"$tidepool" replay --load ./ring-bug.so ring/push-vs-pop "$token" --story >story || status=$?
[ "$status" -eq 1 ] || fail "the token $token does not bring it back: exit code $status"
grep -q 'sees an old value' story || fail "the story does not say why: $(cat story)"

explore 0 ring.so
grep -q COMPLETE out || fail "the ring that is right: $(cat out)"
explore 0 ring-bug.so --memory sc
grep -q COMPLETE out || fail "no search to the end: $(cat out)"

# The same header in a program.
cat >program.c <<'END'
#include "ring.h"

int main(void)
{
	static struct ring ring;
	int value = 0;

	if (!ring_push(&ring, 7) || !ring_pop(&ring, &value) || ring_pop(&ring, &value))
		return 1;
	return value;
}
END
${CC:-cc} -std=c17 -Wall -Wextra -Werror program.c -o program
status=0
./program || status=$?
[ "$status" -eq 7 ] || fail "the ring in a program: $status"
