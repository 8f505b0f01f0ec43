# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which files there are, with which modes, and what they say.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

plug dimm 256M 2

# sizes FILE...
sizes() {
	for file; do
		echo "$(label "$file"): $(stat -c '%s bytes, %u:%g' "$R$file")"
	done
}

check memory
names $M

check block
names $M/memory32

check block-at-boot
names $M/memory1

check nodes
names $N

check node
names $N/node2

check node-at-boot
names $N/node1

check node-with-cpu
names $N/node0

check node-parts
for part in hugepages hugepages/hugepages-2048kB memory_failure; do
	echo "$part:"
	names $N/node2/$part
done
get $N/node2/hugepages/hugepages-2048kB/nr_hugepages
for file in total delayed failed ignored recovered; do
	get $N/node2/memory_failure/$file
done

check tiers
names $TIERS

check tier
names $TIERS/memory_tier4

check demotion
names $NUMA

check policies
names $POLICY
get $POLICY/online_policy $POLICY/auto_movable_ratio $POLICY/auto_movable_numa_aware
get $POLICY/memmap_on_memory

check cpu
for file in online possible present; do
	get /sys/devices/system/cpu/$file
done
for file in core_id physical_package_id; do
	get /sys/devices/system/cpu/cpu0/topology/$file
done
readlink "$R/sys/devices/system/cpu/cpu0/node0"

check proc
for file in buddyinfo pagetypeinfo zoneinfo vmstat meminfo; do
	echo "$(stat -c '%A' "$R/proc/$file") $file"
done

check sizes
sizes $M/block_size_bytes $M/auto_online_blocks $M/memory32/state $M/memory32/valid_zones
sizes $N/online $N/node2/meminfo $N/node2/distance $TIERS/memory_tier4/nodelist

check settings
get $M/block_size_bytes $M/auto_online_blocks $M/crash_hotplug

check block-says
for file in state online phys_index phys_device removable valid_zones; do
	get $M/memory32/$file $M/memory33/$file
done
get $M/memory32/uevent

check block-at-boot-says
for file in state online phys_index phys_device removable; do
	get $M/memory0/$file $M/memory1/$file $M/memory7/$file
done

check zone-of-a-block-at-boot
get $M/memory0/valid_zones $M/memory1/valid_zones $M/memory7/valid_zones

check node-says
for file in cpulist cpumap distance; do
	get $N/node0/$file $N/node1/$file $N/node2/$file
done
get $N/node2/uevent

check distance-of-a-node-that-went
unplug dimm
unplugged dimm 10
get $N/node0/distance $N/node1/distance
