# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Memory devices come and go.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

check offline-device
plug dimm 256M 2
nodes
unplug dimm
unplugged dimm 10
nodes
blocks 32 33

check online-device
plug dimm 256M 2
state 32 online_movable
state 33 online_kernel
unplug dimm
unplugged dimm 10
nodes
blocks 32 33
tiers

check replug
plug dimm 256M 2
blocks 32 33
state 33 online_movable
memory_nodes
zones 2
free_areas 2
meminfo 2 MemTotal MemFree

check used-device
use app anon 2 16M
unplug dimm
unplugged dimm 10
nodes
settle
meminfo 1 AnonPages
release app

check one-of-two
plug one 256M 2
plug two 128M 2
blocks 32 33 34 35
state 32 online_movable
state 34 online_movable
unplug one
unplugged one 10
nodes
blocks 32 33 34
zones 2
free_areas 2

# The hole that the first left is filled.
check hole-is-filled
plug one 128M 2
blocks 32 33 34
unplug two
unplugged two 10
blocks 32 33 34
unplug one
unplugged one 10
nodes

check device-at-a-node-with-memory
plug dimm 256M 1
nodes
blocks 32 33
state 32 online_movable
state 33 online
blocks 32 33
zones 1
unplug dimm
unplugged dimm 10
nodes
zones 1

# Linux lives in that node's memory, so its counters are noise.
check device-at-the-first-node
plug dimm 128M 0
blocks 32
state 32 online_movable
blocks 32
nodes
unplug dimm
unplugged dimm 10
blocks 32
nodes

check pinned-device
plug dimm 256M 2
state 32 online_movable
pin nic 2 64K
state 33 online_movable
unplug dimm
unplugged dimm 2
await $M/memory32/state going-offline
nodes
get $M/memory33/state
release nic
unplugged dimm 10
nodes
blocks 32 33
