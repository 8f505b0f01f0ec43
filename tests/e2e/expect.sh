# SPDX-License-Identifier: LGPL-2.1-or-later
#
# expect.sh - running a command in a folder of its own and looking at what it said; to be sourced.
# shellcheck shell=sh
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"
: >out
: >err

fail() {
	echo "$*"
	echo "--- stdout"; cat out
	echo "--- stderr"; cat err
	exit 1
}

# expect CODE COMMAND...: run it with out and err as its output.
expect() {
	wanted=$1
	shift
	code=0
	"$@" >out 2>err </dev/null || code=$?
	[ "$code" -eq "$wanted" ] || fail "exit code $code instead of $wanted: $*"
}

says() {
	grep -q -e "$2" "$1" || fail "no '$2' in $1"
}

silent() {
	[ ! -s "$1" ] || fail "$1 should be empty"
}

# interrupted COMMAND...: press Ctrl-C after a second.
interrupted() {
	"$@" >out 2>err &
	pid=$!
	sleep 1
	kill -INT "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 130 ] || fail "exit code $code after an interrupt: $*"
}
