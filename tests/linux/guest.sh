# SPDX-License-Identifier: LGPL-2.1-or-later
#
# guest.sh - the words of lib.sh inside a Linux guest; sourced by it.
#
# Hardware is asked for over the serial line that the answers go to: "@plug ..." is a request, and
# the driver of the virtual machine (guest.py) writes one line back when it is done.
# shellcheck shell=sh

request() {
	echo "@$*"
	read -r reply </dev/ttyS1
}

bytes() {
	case $1 in
	*K) echo $((${1%K} * 1024)) ;;
	*M) echo $((${1%M} * 1048576)) ;;
	esac
}

plug() {
	request plug "$@"
	if [ "$reply" = ok ]; then
		plugged="$plugged $1"
	else
		echo "plug $1: $reply"
	fi
}

unplug() {
	request unplug "$1"
	[ "$reply" = ok ] || echo "unplug $1: $reply"
}

unplugged() {
	request unplugged "$1" "$2"
	echo "$1: $reply"
	[ "$reply" = gone ] && plugged=$(without "$1" "$plugged")
}

hold() {
	pid=$("$HELPER" hold "$2" "$3" "$(bytes "$4")" </dev/null)
	case $pid in
	[0-9]*)
		echo "$pid" >"$T/use.$1"
		users="$users $1"
		;;
	*) echo "use $1: refused" ;;
	esac
}

use() {
	hold "$@"
}

pin() {
	hold "$1" pinned "$2" "$3"
}

release() {
	pid=$(cat "$T/use.$1")
	kill -KILL "$pid"
	# A parent must fetch its exit code before it is really gone; that is init.
	while grep -q '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" 2>/dev/null; do
		sleep 0.05
	done
	users=$(without "$1" "$users")
}

uevents_begin() {
	"$HELPER" uevents >"$T/uevents" </dev/null &
	echo $! >"$T/uevents.pid"
	while ! grep -q listening "$T/uevents"; do
		sleep 0.05
	done
}

uevents_end() {
	kill -TERM "$(cat "$T/uevents.pid")"
	wait "$(cat "$T/uevents.pid")"
	grep -E 'SUBSYSTEM=(memory|node|memory_tiering)$' "$T/uevents"
}

# The kernel says it in its log, anew for each node with memory whenever the tiers change.
demotion_targets() {
	for node in 0 1 2; do
		targets=$(dmesg | sed -n "s/.*Demotion targets for Node $node: //p" | tail -n 1)
		echo "node$node: ${targets:-null}"
	done
}

# Counters of a CPU are added to those of a node now and then; this does it now.
settle() {
	cat /proc/sys/vm/stat_refresh
}
