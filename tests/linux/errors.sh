# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is written wrong is refused, and how.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

plug dimm 256M 2

check state-of-an-offline-block
for word in junk offline "" ONLINE "online " " online" onlinex online-kernel 1 going-offline; do
	state 32 "$word"
done

check state-of-an-online-block
state 32 online_movable
for word in junk online online_kernel online_movable ONLINE "offline " 0; do
	state 32 "$word"
done
blocks 32
state 32 offline

check newline-is-optional
put_raw $M/memory32/state online_kernel
blocks 32
put_raw $M/memory32/state offline
blocks 32
put_raw $M/memory32/state "online_movable

"
blocks 32

check what-online-understands
for word in 1 0 y n Y N yes no true false T F on off ON oFf one; do
	put $M/memory32/online "$word"
	get $M/memory32/online
done

check what-online-does-not-understand
for word in 2 "" x o 1o -1 " 1"; do
	put $M/memory32/online "$word"
	get $M/memory32/online
done

state 32 offline

check auto-online-words
for word in online_movable bogus online_kernel "online " online "" offline OFFLINE; do
	put $M/auto_online_blocks "$word"
	get $M/auto_online_blocks
done

check policy-words
get $POLICY/online_policy
for word in auto-movable bogus contig-zones auto_movable ""; do
	put $POLICY/online_policy "$word"
	get $POLICY/online_policy
done

check policy-numbers
get $POLICY/auto_movable_ratio $POLICY/auto_movable_numa_aware $POLICY/memmap_on_memory
for word in 100 junk -1 0 301; do
	put $POLICY/auto_movable_ratio "$word"
	get $POLICY/auto_movable_ratio
done
for word in N 1 0 y junk; do
	put $POLICY/auto_movable_numa_aware "$word"
	get $POLICY/auto_movable_numa_aware
done
put $POLICY/memmap_on_memory Y

check demotion-words
for word in true false 1 0 y xyz "" on off; do
	put $NUMA/demotion_enabled "$word"
	get $NUMA/demotion_enabled
done

check read-only-files
for file in valid_zones removable phys_index phys_device; do
	put $M/memory32/$file 1
done
put $M/block_size_bytes 1
put $M/crash_hotplug 1
for file in meminfo numastat vmstat distance cpumap cpulist; do
	put $N/node2/$file 1
done
for file in online possible has_memory; do
	put $N/$file 1
done
put $TIERS/memory_tier4/nodelist 1

check write-only-files
get $M/soft_offline_page $M/hard_offline_page $N/node2/compact

check compact
put $N/node2/compact 1
state 32 online_movable
put $N/node2/compact 1
state 32 offline

check pages-to-take-offline
put $M/soft_offline_page junk
put $M/hard_offline_page junk
put $M/soft_offline_page 0xffffffffffff
put $M/hard_offline_page 0xffffffffffff

check absent
get $M/memory99/state
put $M/memory99/state online
get $M/probe
get $N/node7/meminfo

# A block that two zones share, or that has a hole, never goes.
check first-block-of-all
state 0 offline
blocks 0
