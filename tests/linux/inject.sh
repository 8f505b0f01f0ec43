# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A notifier refuses at each step: what the writer sees, and that nothing of the attempt stays.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

plug dimm 256M 2

# all: everything that an attempt might have changed.
all() {
	nodes
	blocks 32 33
	zones 2
	tiers
	free_areas 2
}

veto_online() {
	put $INJECT/MEM_GOING_ONLINE/error "$1"
}

veto_offline() {
	put $INJECT/MEM_GOING_OFFLINE/error "$1"
}

check files
names $INJECT
names $INJECT/MEM_GOING_ONLINE
get $INJECT/MEM_GOING_ONLINE/error $INJECT/MEM_GOING_OFFLINE/error

check error-is-clamped
for number in -12 3 -1 -4095 -4096 -99999 99999 0 junk "" -0x10 "-5 "; do
	veto_offline "$number"
	get $INJECT/MEM_GOING_OFFLINE/error
done
veto_offline 0

check first-movable-is-refused
veto_online -12
state 32 online_movable
all

check first-normal-is-refused
state 32 online_kernel
put $M/memory32/online 1
all

check errno-is-passed-on
for number in -1 -5 -16 -22 -28 -110; do
	veto_online $number
	state 32 online
done

check works-after-refusals
veto_online 0
state 32 online_movable
all

# The node has memory, and would get normal memory.
check second-block-is-refused
veto_online -12
state 33 online_kernel
all
veto_online 0

check last-memory-is-kept
veto_offline -16
state 32 offline
all
meminfo 2 MemTotal MemFree

check last-memory-is-kept-through-online-file
veto_offline -5
put $M/memory32/online 0
blocks 32
veto_offline 0

check one-of-two-is-kept
state 33 online_kernel
veto_offline -16
state 33 offline
state 32 offline
all
page_types 2
veto_offline 0

check leaves-after-refusals
state 33 offline
memory_nodes
state 32 offline
memory_nodes
zones 2

# In use, and refused before anything moves.
check used-memory-stays
state 32 online_movable
use app anon 2 4M
veto_offline -16
state 32 offline
veto_offline 0
settle
meminfo 2 AnonPages
meminfo 1 AnonPages
release app

check unplug-is-refused
state 33 online_movable
veto_offline -16
unplug dimm
unplugged dimm 10
all
veto_offline 0

check unplug-works-then
unplug dimm
unplugged dimm 10
nodes

check auto-online-is-refused
put $M/auto_online_blocks online_movable
veto_online -12
plug dimm 256M 2
all
veto_online 0
put $M/auto_online_blocks offline
state 32 online
blocks 32
