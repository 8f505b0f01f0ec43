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

# A node without memory of its own from the start gets no movable memory, unless told otherwise.
check by-ratio-of-the-node
put $POLICY/online_policy auto-movable
plug dimm 512M 2
blocks 32 33
state 32 online
blocks 32 33
state 32 offline

check by-ratio-of-all
put $POLICY/auto_movable_numa_aware N
blocks 32 33
state 32 online
state 33 online
blocks 32 33 34
zones 2
state 33 offline
state 32 offline

check by-small-ratio
put $POLICY/auto_movable_ratio 20
state 32 online
state 33 online
state 34 online
blocks 32 33 34 35
for block in 34 33 32; do
	state $block offline
done
put $POLICY/auto_movable_ratio 301
put $POLICY/auto_movable_numa_aware Y

check explicit-zone-all-the-same
state 32 online_movable
state 33 online_kernel
blocks 32 33 34
state 32 offline
state 33 offline
unplug dimm
unplugged dimm 10

check by-ratio-on-arrival
put $M/auto_online_blocks online
put $POLICY/auto_movable_numa_aware N
plug dimm 256M 2
blocks 32 33
unplug dimm
unplugged dimm 10
put $POLICY/auto_movable_numa_aware Y

check by-ratio-at-a-node-with-memory
plug dimm 256M 1
blocks 32 33
unplug dimm
unplugged dimm 10
put $POLICY/online_policy contig-zones
put $M/auto_online_blocks offline
