# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a node says of the speed of its memory, as soon as it has some.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

# speed NODE: its access classes, with their figures and links.
speed() {
	for class in "$R$N/node$1"/access[0-9]*; do
		[ -d "$class" ] || { echo "node$1: no access classes"; return; }
		for side in initiators targets; do
			echo "node$1/${class##*/}/$side:"
			names "$N/node$1/${class##*/}/$side"
		done
		for figure in "$class"/initiators/*_*; do
			[ -f "$figure" ] && echo "${figure##*/}: $(cat "$figure")"
		done
	done
}

# targets: the nodes whose memory node 0 is the best initiator of.
targets() {
	for class in 0 1; do
		echo "node0/access$class/targets:"
		names $N/node0/access$class/targets
	done
}

check at-boot
for node in 0 1 2; do
	speed $node
done

check plugged
plug dimm 256M 2
speed 2
targets

check first-block
state 32 online_movable
speed 2
targets

check read-only
put $N/node2/access0/initiators/read_latency 1

check second-block
state 33 online_movable
speed 2

check refused
put $INJECT/MEM_GOING_OFFLINE/error -16
state 33 offline
put $INJECT/MEM_GOING_OFFLINE/error 0
speed 2

check last-leaves
state 32 offline
state 33 offline
speed 2
targets

check online-again
state 33 online_kernel
speed 2

check unplugged
unplug dimm
unplugged dimm 10
targets

# (T13)
check replugged
plug dimm 256M 2
state 32 online_movable
speed 2
targets
