#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The example programs do what they show.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*"
	exit 1
}

# said WHAT PATTERN: the last program's output has such a line.
said() {
	grep -Eq "$2" "$work/out" || fail "$1: no line like '$2' in: $(cat "$work/out")"
}

examples=$TP_BUILD/examples
[ -x "$examples/embed" ] || { echo "the examples were not built"; exit 77; }
"$examples/embed" >"$work/out" || fail "embed: exit code $?"
said embed '^still here, 64 MiB moved$'

[ -x "$examples/sqlite_replug" ] || { echo "sqlite_replug was not built: no SQLite"; exit 77; }
"$examples/sqlite_replug" --seconds nonsense 2>"$work/out"
[ $? -eq 2 ] || fail "sqlite_replug: nonsense was accepted"
said sqlite_replug '^usage: '

TMPDIR=$work "$examples/sqlite_replug" --seconds 1 >"$work/out" 2>"$work/err"
status=$?
if [ "$status" -eq 3 ]; then
	cat "$work/err"
	exit 77
fi
[ "$status" -eq 0 ] || fail "sqlite_replug: exit code $status: $(cat "$work/err")"
said sqlite_replug '^integrity_check: +ok$'
said sqlite_replug '^transactions: +[1-9][0-9]* without replugging, [1-9][0-9]* with'
said sqlite_replug '^replugs: +[1-9]'
left=$(find "$work" -name 'sqlite_replug.*')
[ -z "$left" ] || fail "sqlite_replug left behind: $left"
