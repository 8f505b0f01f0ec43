# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Memory of other speed is a tier of its own, from its first block to its last.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

check at-boot
tiers
names $TIERS | grep memory_tier
for tier in "$R$TIERS"/memory_tier*; do
	echo "${tier##*/}:"
	names "$TIERS/${tier##*/}"
done
get $TIERS/memory_tier4/nodelist

plug dimm 384M 2

check plugged
tiers

check demotion-at-boot
demotion_targets

check first-block
state 32 online_movable
tiers
memory_nodes

check demotion-to-new-memory
demotion_targets

check second-block
state 33 online_kernel
tiers

check some-leave
state 32 offline
tiers

check last-leaves
state 33 offline
tiers
get $TIERS/memory_tier540/nodelist

check demotion-when-it-has-gone
demotion_targets

check refused
put $INJECT/MEM_GOING_ONLINE/error -12
state 32 online_movable
tiers
put $INJECT/MEM_GOING_ONLINE/error 0
state 32 online_movable
put $INJECT/MEM_GOING_OFFLINE/error -16
state 32 offline
tiers
put $INJECT/MEM_GOING_OFFLINE/error 0

check unplugged
unplug dimm
unplugged dimm 10
tiers

check at-another-node
plug dimm 128M 1
state 32 online_movable
tiers
unplug dimm
unplugged dimm 10
tiers

check demotion-setting
names $NUMA
get $NUMA/demotion_enabled
put $NUMA/demotion_enabled true
get $NUMA/demotion_enabled
put $NUMA/demotion_enabled false
