# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Going offline while a page is pinned: it waits, can be seen, and keeps nobody else waiting
# that need not wait.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

plug dimm 512M 2
state 32 online_movable
pin nic 2 64K
state 33 online_movable

# In MiB: pages that are being moved are not counted for a moment.
anon_pages() {
	awk '$3 == "AnonPages:" { print int($4 / 1024 + 0.5) }' "$R$N/node2/meminfo"
}

check writer-waits
put_later writer $M/memory32/state offline
await $M/memory32/state going-offline
sleep 0.5
answered writer

check going-offline
get $M/memory32/state
get $M/memory32/valid_zones
get $M/memory32/removable
memory_nodes
blocks 33

check going-offline-counts
free_areas 2
page_types 2
zones 2 Movable
meminfo 2 MemTotal MemFree
awk '$1 == "nr_free_pages"' "$R$N/node2/vmstat"

# (T16)
check reader-of-online
get_later reader $M/memory32/online
sleep 1
answered reader

check reader-of-other-blocks
get $M/memory33/online
get $M/memory33/state

# (T17)
check second-writer-waits
put_mortally second $M/memory33/state offline
sleep 0.5
answered second
get $M/memory33/state
interrupt second
answer second
blocks 33

check other-settings-do-not-wait
put $M/auto_online_blocks online
put $M/auto_online_blocks offline
put $NUMA/demotion_enabled true
put $NUMA/demotion_enabled false

# (T19)
check memory-of-other-blocks
settle
before=$(anon_pages)
use app anon 2 16M
settle
echo "$(($(anon_pages) - before)) MiB more"
release app

check interrupted
interrupt writer
answer writer
answer reader
blocks 32
memory_nodes

check interrupted-counts
free_areas 2
zones 2 Movable
meminfo 2 MemTotal
page_types 2 | grep -v type

check interrupted-through-online-file
put_later writer $M/memory32/online 0
await $M/memory32/state going-offline
interrupt writer
answer writer
blocks 32

check stopped-by-timeout
timeout -s INT 1 sh -c "echo offline >'$R$M/memory32/state'"
echo "exit code $?"
blocks 32

check succeeds-when-released
put_later writer $M/memory32/state offline
await $M/memory32/state going-offline
release nic
answer writer
blocks 32 33
zones 2 Movable
free_areas 2

check second-writer-succeeds-when-it-may
state 32 online_movable
pin nic 2 64K
put_later first $M/memory32/state offline
put_later second $M/memory33/state offline
sleep 1
release nic
answer first
answer second
memory_nodes

# A system call that is to be tried again is, whatever a handler did.
check second-writer-that-catches-signals
state 32 online_movable
pin nic 2 64K
state 33 online_movable
put_later first $M/memory32/state offline
await $M/memory32/state going-offline
put_later second $M/memory33/state offline
sleep 0.5
interrupt second
sleep 0.5
answered second
release nic
answer first
answer second
blocks 32 33
