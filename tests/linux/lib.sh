# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lib.sh - the words that the scripts of this folder are written in; to be sourced.
#
# A script runs unchanged in a Linux guest and beside Tidepool's mounted tree, under the same
# busybox shell.  What differs between the two stands in guest.sh and tree.sh, chosen by $SIDE:
#
#	plug NAME SIZE NODE	a memory device arrives; returns when it is there
#	unplug NAME		ask for it to go, and do not wait
#	unplugged NAME SECONDS	say what became of that: gone, refused or waiting
#	use NAME KIND NODE SIZE	memory of a node is in use from now on (KIND: anon, kernel)
#	pin NAME NODE SIZE	likewise, and it cannot move
#	release NAME		and now it is not
#	uevents_begin, uevents_end	print the events in between that are about memory
#	demotion_targets	where pages of each node go
#	settle			counters and caches come to rest
#
# and $R, the prefix of all paths.  SIZE is 128M or 64K.  `check NAME` begins a check: what is
# printed up to the next one is its answer, and the answers of both sides are compared.
# shellcheck shell=sh
set -u

M=/sys/devices/system/memory
N=/sys/devices/system/node
TIERS=/sys/devices/virtual/memory_tiering
NUMA=/sys/kernel/mm/numa
POLICY=/sys/module/memory_hotplug/parameters
INJECT=/sys/kernel/debug/notifier-error-inject/memory/actions
: "$M $N $TIERS $NUMA $POLICY $INJECT"

T=$(mktemp -d)
plugged= # the devices and the users there are, for the end
users=

# shellcheck source=tests/linux/guest.sh
. "$LIB/$SIDE.sh"

check() {
	echo "@check $1"
}

# without WORD LIST
without() {
	for item in $2; do
		[ "$item" = "$1" ] || printf ' %s' "$item"
	done
}

# label PATH: the part of it that says enough.
label() {
	rest=${1%/*}
	echo "${rest##*/}/${1##*/}"
}

# ---- reading and writing -------------------------------------------------------------------------

# put FILE VALUE: with a newline, as echo writes it.  The answer is "ok" or the name of the errno.
put() {
	put_raw "$1" "$2
"
}

put_raw() {
	printf '%s <- %s: ' "$(label "$1")" "$(printf %s "$2" | cut -c 1-40)"
	"$HELPER" put "$R$1" "$2"
}

# state BLOCK VALUE: write it, and say what the block is then.
state() {
	printf 'memory%s <- %s: %s' "$1" "$2" "$("$HELPER" put "$R$M/memory$1/state" "$2
")"
	echo ", now $("$HELPER" get "$R$M/memory$1/state")"
}

get() {
	for file; do
		printf '%s: ' "$(label "$file")"
		"$HELPER" get "$R$file"
	done
}

# later WORD COMMAND...: run the helper in the background; `answered`, `interrupt` and `answer` get
# the same WORD.
later() {
	word=$1
	shift
	rm -f "$T/$word"
	{
		"$HELPER" "$@" >"$T/$word.part" </dev/null &
		echo $! >"$T/$word.pid"
		wait $! || echo killed >>"$T/$word.part"
		mv "$T/$word.part" "$T/$word"
	} &
	while [ ! -s "$T/$word.pid" ]; do
		sleep 0.05
	done
}

put_later() {
	later "$1" put "$R$2" "$3"
}

# As put_later, but `interrupt` kills.
put_mortally() {
	later "$1" put-mortally "$R$2" "$3"
}

get_later() {
	later "$1" get "$R$2"
}

# answered WORD: whether it has been by now.
answered() {
	if [ -e "$T/$1" ]; then
		echo "$1: answered"
	else
		echo "$1: waits"
	fi
}

interrupt() {
	kill -INT "$(cat "$T/$1.pid")"
}

# answer WORD: what the answer was, after ten seconds at most.
answer() {
	for _ in $(seq 100); do
		[ -e "$T/$1" ] && break
		sleep 0.1
	done
	echo "$1: $(cat "$T/$1" 2>/dev/null || echo still waits)"
}

# await FILE VALUE: until it reads so; says so only if it does not.
await() {
	for _ in $(seq 100); do
		[ "$(cat "$R$1" 2>/dev/null)" = "$2" ] && return
		sleep 0.05
	done
	echo "$(label "$1") is not $2 but $(cat "$R$1" 2>&1)"
}

# ---- the machine, in few lines -------------------------------------------------------------------

nodes() {
	for mask in online possible has_cpu has_memory has_normal_memory has_generic_initiator; do
		echo "$mask: $("$HELPER" get "$R$N/$mask")"
	done
}

memory_nodes() {
	echo "has_memory: $(cat "$R$N/has_memory")," \
		"has_normal_memory: $(cat "$R$N/has_normal_memory")"
}

# blocks NUMBER...
blocks() {
	for number; do
		if [ ! -d "$R$M/memory$number" ]; then
			echo "memory$number: none"
			continue
		fi
		(
			cd "$R$M/memory$number" || exit
			echo "memory$number: $(cat state) $(cat online), [$(cat valid_zones)]," \
				node[0-9]*
		)
	done
}

tiers() {
	for tier in "$R$TIERS"/memory_tier[0-9]*; do
		[ -d "$tier" ] && echo "${tier##*/}: $(cat "$tier/nodelist")"
	done
}

# zones NODE [ZONE...]: the figures of a zone that hotplug decides.
zones() {
	node=$1
	shift
	for zone in "${@:-Normal Movable}"; do
		awk -v node="$node," -v wanted=" $zone " '
			$1 == "Node" {
				mine = $2 == node && index(wanted, " " $4 " ")
				zone = $4
				next
			}
			!mine { next }
			$1 == "pages" && $2 == "free" { printf "%s: free %s", zone, $3 }
			$1 == "spanned" || $1 == "present" { printf " %s %s", $1, $2 }
			$1 == "managed" { printf " %s %s", $1, $2; if (!$2) print "" }
			$1 == "start_pfn:" { print " start", $2 }
		' "$R/proc/zoneinfo"
	done
}

# free_areas NODE: its lines of buddyinfo.
free_areas() {
	grep "^Node $1," "$R/proc/buddyinfo" || echo "node $1: no zone with memory"
}

# page_types NODE: its lines of pagetypeinfo; headings are printed for every node.
page_types() {
	grep "^Node *$1," "$R/proc/pagetypeinfo" || echo "node $1: no zone with memory"
}

# meminfo NODE KEY...
meminfo() {
	node=$1
	shift
	for key; do
		grep "^Node $node $key:" "$R$N/node$node/meminfo"
	done
}

# ---- the shape of files --------------------------------------------------------------------------

# names DIR: what it holds, with modes; links with their targets.
names() {
	(
		cd "$R$1" 2>/dev/null || { echo "$1: none"; exit; }
		for name in *; do
			if [ -L "$name" ]; then
				echo "link       $name -> $(readlink "$name")"
			elif [ -e "$name" ]; then
				stat -c '%A %n' "$name"
			fi
		done
	)
}

# shape FILE: every number is N, whatever its width.
shape() {
	sed -E 's/-?[0-9]+/N/g' "$R$1"
}

# columns FILE: every number with the blanks before it is its width; right-aligned ones have one.
columns() {
	awk '{
		line = ""
		while (match($0, / *-?[0-9]+/)) {
			line = line substr($0, 1, RSTART - 1) "<" RLENGTH ">"
			$0 = substr($0, RSTART + RLENGTH)
		}
		print line $0
	}' "$R$1"
}

# ---- the end -------------------------------------------------------------------------------------

# Whatever a script left is taken away, so that the next one finds the machine as this one did.
leave() {
	check end
	for name in $users; do
		release "$name"
	done
	for name in $plugged; do
		unplug "$name"
		unplugged "$name" 10
	done
	rm -rf "$T"
	nodes
}

trap leave EXIT
