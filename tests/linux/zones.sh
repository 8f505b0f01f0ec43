# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How zones grow, overlap and shrink, and which zones a block may go to meanwhile.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

plug dimm 1024M 2

# look: the zones, and every block with what it may become.
look() {
	zones 2
	blocks 32 33 34 35 36 37 38 39
}

check nothing-online
look

check first-block
state 33 online_movable
look

check gap
state 35 online_movable
look
free_areas 2

check kernel-memory-in-the-gap
state 34 online_kernel
look

check head-shrinks
state 33 offline
look

check tail-shrinks
state 35 offline
look
state 34 offline

check growing-downwards
state 38 online_movable
state 36 online_movable
look

check gap-fills-by-contiguity
state 37 online
state 39 online
look

check head-shrinks-over-a-gap
state 37 offline
state 36 offline
zones 2
state 39 offline
state 38 offline

check zones-that-interleave
for block in 32 34 36 38; do
	state $block online_kernel
done
for block in 33 35 37; do
	state $block online_movable
done
look
state 34 offline
state 35 offline
look
meminfo 2 MemTotal MemFree

check default-between-the-zones
state 34 online
state 35 online
state 39 online
blocks 34 35 39

check all-leave
for block in 32 33 34 35 36 37 38 39; do
	state $block offline
done
zones 2
nodes
