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

# await COMMAND...: until it succeeds; no machine is so slow that it takes longer than a minute.
await() {
	tries=600
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || fail "it never came about: $*"
		sleep 0.1
	done
}

# begin_ready COMMAND...: go on once its script has said "ready".
begin_ready() {
	: >err # or what another said before this one begins would do
	"$@" >out 2>err &
	pid=$!
	await grep -q '^ready$' err
}

# interrupt SIGNAL: what has begun ends for that.
interrupt() {
	kill "-$1" "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 130 ] || fail "exit code $code after an interrupt"
}
