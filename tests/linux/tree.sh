# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tree.sh - the words of lib.sh beside Tidepool's mounted tree; sourced by it.
#
# $R is the folder the machine is mounted at; devices and loads are asked for with `tidepool ctl`.
# shellcheck shell=sh

ctl() {
	"$TIDEPOOL" ctl "$R" "$@" </dev/null
}

plug() {
	if ctl plug name="$1" size="$2" node="$3" >"$T/said" 2>&1; then
		plugged="$plugged $1"
	else
		echo "plug $1: $(tail -n 1 "$T/said")"
	fi
}

# In the background, since the command waits; the guest's firmware does not.
unplug() {
	rm -f "$T/unplug.$1"
	{
		if ctl unplug name="$1" deadline=never >"$T/unplug.$1.said" 2>&1; then
			echo gone >"$T/unplug.$1"
		else
			echo refused >"$T/unplug.$1"
		fi
	} &
}

unplugged() {
	for _ in $(seq "${2}0"); do
		[ -s "$T/unplug.$1" ] && break
		sleep 0.1
	done
	reply=$(cat "$T/unplug.$1" 2>/dev/null || echo waiting)
	echo "$1: $reply"
	[ "$reply" = gone ] && plugged=$(without "$1" "$plugged")
}

load() {
	name=$1
	shift
	if ctl "$@" name="$name" >"$T/said" 2>&1; then
		users="$users $name"
	else
		echo "use $name: refused"
	fi
}

use() {
	case $2 in
	anon) load "$1" load kind=mapping node="$3" size="$4" policy=bind small_pages=true ;;
	kernel) load "$1" load kind=hog node="$3" size="$4" ;;
	esac
}

pin() {
	load "$1" pin node="$2" size="$3"
}

release() {
	ctl stop name="$1" >"$T/said" 2>&1 || echo "release $1: $(tail -n 1 "$T/said")"
	users=$(without "$1" "$users")
}

uevents_begin() {
	cat "$R/tidepool/uevents" >"$T/uevents" </dev/null &
	echo $! >"$T/uevents.pid"
	sleep 0.2
}

# The stream has no end: what came within a moment is what there is.
uevents_end() {
	sleep 0.3
	kill "$(cat "$T/uevents.pid")"
	wait "$(cat "$T/uevents.pid")" 2>/dev/null
	cat "$T/uevents"
}

demotion_targets() {
	"$HELPER" get "$R/tidepool/demotion_targets"
}

settle() {
	:
}
