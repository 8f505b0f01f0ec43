# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Blocks go offline: what is left of the node, where pages go, and what stays in the way.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

plug dimm 512M 2

check last-normal-leaves
state 32 online_movable
state 33 online_kernel
memory_nodes
state 33 offline
memory_nodes
blocks 32 33
zones 2

check last-memory-leaves
state 32 offline
nodes
blocks 32 33
zones 2
tiers
free_areas 2
page_types 2
meminfo 2 MemTotal MemFree MemUsed

check movable-leaves-normal-stays
state 32 online_movable
state 33 online_kernel
state 32 offline
memory_nodes
blocks 32 33
zones 2
state 33 offline

# moved: how many pages have been so far.
moved() {
	awk '$1 == "pgmigrate_success" { print $2 }' "$R/proc/vmstat"
}

# No memory of the node stays: what is in use goes to the nearest other node.
check used-memory-moves-away
state 32 online_movable
use app anon 2 16M
settle
meminfo 2 AnonPages
meminfo 1 AnonPages
before=$(moved)
state 32 offline
echo "$(($(moved) - before)) pages moved"
settle
meminfo 2 AnonPages MemTotal
meminfo 1 AnonPages
memory_nodes

check moved-memory-stays-there
state 32 online_movable
settle
meminfo 2 AnonPages
meminfo 1 AnonPages
release app
settle
meminfo 1 AnonPages

# Another block of the node stays.
check where-pages-go
use app anon 2 16M
state 33 online_movable
state 32 offline
settle
meminfo 2 AnonPages
meminfo 1 AnonPages
release app
state 33 offline

check kernel-memory-is-in-the-way
state 32 online_kernel
use hog kernel 2 1M
state 32 offline
put $M/memory32/online 0
blocks 32
memory_nodes
zones 2 Movable
state 33 online_movable
state 33 offline
release hog
state 32 offline
memory_nodes

# Application memory in a kernel zone can move.
check application-memory-in-a-kernel-zone
state 32 online_kernel
use app anon 2 8M
state 32 offline
release app
memory_nodes

# What a failed attempt leaves of the kinds of pageblocks (T15).
check kinds-of-pageblocks-after-failure
state 32 online_kernel
use hog kernel 2 1M
release hog
page_types 2 | grep -v type
put $INJECT/MEM_GOING_OFFLINE/error -16
state 32 offline
put $INJECT/MEM_GOING_OFFLINE/error 0
page_types 2 | grep -v type
state 32 offline
