#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The command as its user meets it: exit codes, what goes to stdout and what to stderr, bad input,
# interrupts, JSON, an ordinary user.
. "$TP_SOURCE/tests/e2e/expect.sh"
scenarios=$TP_SOURCE/scenarios

# script TEXT: write it to bad.lua.
script() {
	printf '%s\n' "$1" >bad.lua
}

# ---- wrong use -----------------------------------------------------------------------------------

expect 2 "$TIDEPOOL"
silent out
says err 'usage: tidepool'
expect 0 "$TIDEPOOL" --help
says out 'doctor'
silent err
expect 2 "$TIDEPOOL" swim
says err 'no command "swim"'
expect 0 "$TIDEPOOL" version
says out '^tidepool [0-9]'
for command in run faults doctor version; do
	expect 0 "$TIDEPOOL" "$command" --help
	silent err
	expect 2 "$TIDEPOOL" "$command" --no-such-option
	silent out
	says err "tidepool $command: unrecognized option"
done
expect 2 "$TIDEPOOL" run
says err 'which script'
expect 2 "$TIDEPOOL" run none.lua
says err 'none.lua'
expect 2 "$TIDEPOOL" run "$scenarios/veto.lua" --seed twelve
says err '"twelve" is no number'
expect 2 "$TIDEPOOL" run "$scenarios/veto.lua" --limit 5
says err 'no duration'
expect 2 "$TIDEPOOL" run "$scenarios/veto.lua" stray
says err 'NAME=VALUE'
expect 2 "$TIDEPOOL" run "$scenarios/veto.lua" --inject nowhere:1
says err 'no fault site is called "nowhere"'
expect 2 "$TIDEPOOL" run "$scenarios/veto.lua" --inject mm/isolate:0
says err 'hits count from 1'
expect 2 "$TIDEPOOL" run "$scenarios/veto.lua" --trace none/trace.json
says err 'cannot be written'
expect 2 "$TIDEPOOL" faults --all
says err 'which script'

# ---- wrong scripts: file, line and reason on stderr, nothing on stdout ---------------------------

wrong() {
	script "$1"
	expect 2 "$TIDEPOOL" run bad.lua
	silent out
	says err "bad.lua:1: .*$2"
}

machine='local m = tp.machine { nodes = { { dram = "32M" }, {} }, block_size = "8M" }'
wrong 'this is no Lua' 'syntax error'
wrong 'tp.machine { node = {} }' 'unknown option "node"; known are nodes, '
wrong 'tp.machine { nodes = { { dram = "lots" } } }' 'not "lots"'
wrong 'tp.machine { nodes = { { dram = "3M" } } }' 'no multiple of the block size'
wrong "$machine m:plug { size = '8M', node = 7 }" 'node 7'
wrong "$machine m:plug { size = '5M', node = 1 }" 'block size'
wrong "$machine local d = m:plug { size = '16M', node = 1 } m:plug { size = '8M', node = 1, \
start = d:info().start }" 'overlaps'
wrong "$machine local d = m:plug { size = '8M', node = 1 } d:unplug() d:unplug()" 'not plugged in'
wrong "$machine m:device('mem0'):unplug()" ''
wrong "$machine m:veto { event = 'OFFLINE' }" 'no event that may be refused'
wrong 'os.exit(0)' "global 'os'"
wrong 'while true do end' 'endless loop'

# ---- what did not hold: the answer, and how to see it again --------------------------------------

script "$machine assert(m:plug { size = '8M', node = 1 }:info().online == 1, 'it is offline')"
expect 1 "$TIDEPOOL" run bad.lua --seed 99
says out 'bad.lua:1: it is offline'
tail -n 1 out | grep -q '^replay: tidepool run bad.lua --seed 99$' || fail 'no replay command'
silent err

# What does not fit beside the figures goes on below them, and names keep their column.
script "$machine m:nic { name = 'longest' } m:nic { name = 'other' }
	local w = m:wire { from = 'longest', to = 'other' }
	w:mishap { lose_ppm = 10000, corrupt_ppm = 20000, duplicate_ppm = 5, reorder_ppm = 5 }"
expect 0 "$TIDEPOOL" run bad.lua
says out '^   [0-9]  nic      other    1 queue pair, interrupt '
says out '^   [0-9]  mishap   longest  lose 1%, corrupt 2%, duplicate '
says out '^  *0.0005%, reorder 0.0005%$'

# Memory the machine does not have is an answer to the script, memory the system lacks ends it.
script "$machine assert(m:load { kind = 'hog', size = '900M' })"
expect 1 "$TIDEPOOL" run bad.lua
says out 'ENOMEM'
script "$machine m:load { kind = 'mapping', size = '1000G' }"
expect 3 "$TIDEPOOL" run bad.lua
says err 'make it smaller'

# ---- what holds ----------------------------------------------------------------------------------

for scenario in quickstart veto pinned partial demotion faults; do
	expect 0 "$TIDEPOOL" run "$scenarios/$scenario.lua"
	says out '^HELD  all'
	if grep -q "$(printf '\033')" out err; then
		fail 'colours without a terminal'
	fi
	if [ "$(wc -L <out)" -gt 100 ]; then
		fail 'a line is over 100 columns'
	fi
done
expect 0 "$TIDEPOOL" run "$scenarios/replug.lua" size=64M turns=2
expect 0 "$TIDEPOOL" run "$scenarios/replug.lua" size=64M turns=2 hold=mprotect
says out 'held off by mprotect'
expect 0 "$TIDEPOOL" run "$scenarios/net.lua" seconds=0.02 brief=yes
says out '^HELD  all .* every page and frame accounted for'
says out 'traffic1  *avf0 to avf1, 1500 bytes each'
says out '^sent  *[0-9.]* .*frames$'
says err '^traffic1: [0-9]* frames sent, [0-9]* received$'
if [ "$(wc -L <out)" -gt 100 ]; then
	fail 'a line is over 100 columns'
fi
expect 0 "$TIDEPOOL" run --quiet "$scenarios/quickstart.lua"
[ "$(wc -l <out)" -eq 1 ] || fail '--quiet prints more than the verdict'
silent err

# The script's own words are messages.
script 'print("hello", 3)'
expect 0 "$TIDEPOOL" run bad.lua
says err '^hello 3$'

# ---- JSON ----------------------------------------------------------------------------------------

json_lines() {
	while IFS= read -r line; do
		printf '%s\n' "$line" | python3 -m json.tool >/dev/null || fail "no JSON: $line"
		case $line in
		'{"schema":2,"type":"'*) ;;
		*) fail "no schema or type: $line" ;;
		esac
	done <out
}

expect 0 "$TIDEPOOL" run --json --seed 5 "$scenarios/veto.lua"
json_lines
says out '"type":"begin".*"seed":5'
says out '"type":"step".*"vetoed_by":"driver"'
tail -n 1 out | grep -q '"type":"result","verdict":"held","exit":0' || fail 'no result at the end'
silent err
script 'error("no \xff text")'
expect 1 "$TIDEPOOL" run --json bad.lua
json_lines
expect 0 "$TIDEPOOL" faults --json
json_lines
expect 0 "$TIDEPOOL" doctor --json
json_lines

expect 0 "$TIDEPOOL" run --quiet --trace trace.json "$scenarios/quickstart.lua"
python3 - trace.json <<'PYTHON' || fail 'the trace is not what Perfetto reads'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
names = {event["name"] for event in events}
assert {"offline", "migrate", "memory_event"} <= names, names
assert any(event["ph"] == "X" and event["name"].endswith("unplug dimm") for event in events)
assert all("ts" in event for event in events if event["ph"] != "M")
PYTHON

# ---- interrupts ----------------------------------------------------------------------------------

script "$machine assert(m:plug { name = 'dimm', size = '8M', node = 1 })
print 'ready' tp.sleep '60s'"
begin_ready "$TIDEPOOL" run bad.lua
interrupt INT
says out 'dimm'
says err '^INTERRUPTED'

# In the middle of an offline that a pinned page keeps from ending.
script "$machine local d = assert(m:plug { size = '8M', node = 1, online = 'movable' })
assert(m:pin { name = 'ring', node = 1, size = '4K' })
print 'ready' d:offline { deadline = '60s' }"
begin_ready "$TIDEPOOL" run bad.lua
sleep 1
interrupt TERM
says out 'ECANCELED'

# A crash is no way to end, but even then it is said how to see it again.
script "$machine print 'ready' tp.sleep '60s'"
begin_ready "$TIDEPOOL" run bad.lua --seed 3
kill -ABRT "$pid"
wait "$pid" 2>/dev/null && fail 'an abort ended well'
says err 'replay: tidepool run bad.lua --seed 3'

# ---- faults --------------------------------------------------------------------------------------

expect 0 "$TIDEPOOL" faults
says out '^mm/isolate'
sort -c out || fail 'the sites are not sorted'
expect 0 "$TIDEPOOL" faults "$scenarios/quickstart.lua"
says out 'hits'
expect 0 "$TIDEPOOL" faults --all --hits 1 "$scenarios/quickstart.lua"
says out '^HELD  [0-9]* of'
expect 0 "$TIDEPOOL" faults --all --hits 1 "$scenarios/net.lua" seconds=0.01 brief=yes
says out '^net/avf-up .* held$'
script 'assert(false)'
expect 2 "$TIDEPOOL" faults --all bad.lua
says err 'does not even hold without a fault'

# A fault that is injected is named, and the same command injects it again.
expect 1 "$TIDEPOOL" run "$scenarios/quickstart.lua" --inject mm/online-prepare:2
says out 'fault injected'
says out '^replay: .*--inject mm/online-prepare:2'
expect 0 "$TIDEPOOL" run "$scenarios/quickstart.lua" --inject mm/online-prepare:2 --retry

# ---- an ordinary user, and a system that lacks something -----------------------------------------

sanitized=$(nm "$TIDEPOOL" 2>/dev/null | grep -c -e __asan_init -e __tsan_init || true)
if [ "$sanitized" -eq 0 ]; then
	confined() {
		# shellcheck disable=SC3045 # every sh that Linux has knows it
		(ulimit -v 4000000 && exec "$TIDEPOOL" "$@")
	}
	script 'tp.machine {}'
	expect 3 confined run bad.lua
	says err '^MISSING'
	expect 3 confined doctor
	says out '^missing  address space'
fi
expect 0 "$TIDEPOOL" doctor
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	cp "$TIDEPOOL" tidepool
	cp "${TIDEPOOL%/*}/libtidepool-sim.so.0" . # where the command looks for it
	cp "$scenarios/quickstart.lua" quickstart.lua
	chmod 755 tidepool
	as_nobody() {
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
	}
	expect 0 as_nobody ./tidepool run quickstart.lua
	says out '^HELD'
	expect 0 as_nobody ./tidepool doctor
	says out '^limited'
	says out 'to get:'
	script 'tp.machine { backing = "huge" }'
	chmod 644 bad.lua
	expect 3 as_nobody ./tidepool run bad.lua
	says err 'EPERM'
	script 'x'
	chmod 600 bad.lua
	expect 2 as_nobody ./tidepool run bad.lua
	says err 'Permission denied'
fi

# ---- one table of options ------------------------------------------------------------------------

expect 0 "$TP_SOURCE/man/update" --check "$TIDEPOOL"
cat >complete.bash <<'BASH'
. "$1/src/cli/tidepool.bash"
COMP_WORDS=("$2" fau) COMP_CWORD=1
_tidepool
[ "${COMPREPLY[*]}" = faults ] || { echo "commands: ${COMPREPLY[*]}"; exit 1; }
COMP_WORDS=("$2" run --se) COMP_CWORD=2
_tidepool
[ "${COMPREPLY[*]}" = --seed ] || { echo "options: ${COMPREPLY[*]}"; exit 1; }
BASH
expect 0 bash complete.bash "$TP_SOURCE" "$TIDEPOOL"
