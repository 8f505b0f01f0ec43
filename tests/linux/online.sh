# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Blocks come online: into which zone, and what then can be seen of it.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

plug dimm 512M 2

check plugged
nodes
blocks 32 33 34 35 36
zones 2
free_areas 2

check first-movable
state 32 online_movable
nodes
blocks 32 33 34
zones 2
free_areas 2
page_types 2

# The node has memory already, and now gets normal memory for the first time (T1, T3).
check first-normal-on-movable-node
state 34 online_kernel
memory_nodes
blocks 32 33 34 35
zones 2
page_types 2

check by-contiguity
state 33 online
state 35 online
blocks 32 33 34 35
zones 2

check already-online
state 32 online
state 32 online_kernel
state 32 online_movable
put $M/memory32/online 1
blocks 32

check all-of-it
zones 2
free_areas 2
page_types 2
meminfo 2 MemTotal MemFree MemUsed

for block in 32 33 34 35; do
	state $block offline
done

# Without memory in any zone, the default is the kernel's.
check by-default
state 32 online
blocks 32 33
memory_nodes
state 32 offline

check through-online-file
put $M/memory32/online 1
blocks 32
put $M/memory32/online 1
put $M/memory32/online 0
blocks 32
put $M/memory32/online 0
put $M/memory32/state offline
memory_nodes

check kernel-first
state 33 online_kernel
memory_nodes
tiers
zones 2
