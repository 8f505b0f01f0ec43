# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens to memory as it arrives, by policy.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

# arrival POLICY: a device comes under it and goes.
arrival() {
	put $M/auto_online_blocks "$1"
	plug dimm 256M 2
	blocks 32 33
	memory_nodes
	tiers
	unplug dimm
	unplugged dimm 10
}

check offline
arrival offline

check online
arrival online

check online-kernel
arrival online_kernel

check online-movable
arrival online_movable
put $M/auto_online_blocks offline

check beside-other-memory
plug one 128M 2
state 32 online_movable
put $M/auto_online_blocks online
plug two 256M 2
blocks 32 33 34
zones 2
unplug two
unplugged two 10
unplug one
unplugged one 10
put $M/auto_online_blocks offline

# A node without memory of its own from the start gets no movable memory from this policy.
check by-ratio-of-a-node-without-memory
put $POLICY/online_policy auto-movable
plug dimm 256M 2
blocks 32 33
state 32 online
blocks 32 33
state 32 offline

check explicit-zone-all-the-same
state 32 online_movable
state 33 online_kernel
blocks 32 33
state 32 offline
state 33 offline

# ... but does if the nodes count together.
check by-ratio-of-all-nodes
put $POLICY/auto_movable_numa_aware N
blocks 32
put $POLICY/auto_movable_numa_aware Y
blocks 32
unplug dimm
unplugged dimm 10

# As much movable memory as the node had in the beginning, which is two blocks.
check by-ratio
put $POLICY/auto_movable_ratio 100
plug dimm 512M 1
blocks 32 33 34 35
for block in 32 33 34 35; do
	state $block online
done
blocks 32 33 34 35
memory_nodes

check by-ratio-after-some-left
state 33 offline
blocks 33
state 33 online
blocks 33 34
for block in 35 34 33 32; do
	state $block offline
done

check by-small-ratio
put $POLICY/auto_movable_ratio 40
blocks 32
state 32 online
blocks 32
state 32 offline

check by-ratio-of-nothing
put $POLICY/auto_movable_ratio 0
blocks 32
put $POLICY/auto_movable_ratio 301
blocks 32
unplug dimm
unplugged dimm 10

check by-ratio-on-arrival
put $M/auto_online_blocks online
plug dimm 256M 1
blocks 32 33
unplug dimm
unplugged dimm 10
plug dimm 256M 2
blocks 32 33
unplug dimm
unplugged dimm 10
put $POLICY/online_policy contig-zones
put $M/auto_online_blocks offline
