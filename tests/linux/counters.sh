# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The counters of a node that memory is added to, to the byte.  The node must be fresh.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

total() {
	awk '$1 == "MemTotal:" { print $2 }' "$R/proc/meminfo"
}

everything() {
	cat "$R$N/node2/meminfo"
	cat "$R$N/node2/numastat"
	cat "$R$N/node2/vmstat"
	free_areas 2
	page_types 2
	zones 2 DMA DMA32 Normal Movable Device
}

plug dimm 512M 2
before=$(total)

check without-memory
everything

check one-movable-block
state 32 online_movable
everything
echo "total: $(($(total) - before)) kB more"

check movable-and-normal
state 33 online_kernel
everything
echo "total: $(($(total) - before)) kB more"

check numbers-of-zoneinfo
awk '$1 == "Node" { mine = $2 == "2," } mine' "$R/proc/zoneinfo" |
	grep -E '^Node|spanned|present|managed|free|cma|protection|start_pfn'

# Pages of a CPU's own list are free but not counted; they return when a block of the zone leaves.
check memory-in-use
state 33 offline
use app anon 2 8M
state 33 online_movable
state 33 offline
settle
meminfo 2 MemTotal MemFree MemUsed AnonPages
grep -E '^(nr_free_pages|nr_anon_pages) ' "$R$N/node2/vmstat"
zones 2 Movable

check numastat-of-memory-in-use
cat "$R$N/node2/numastat"
grep '^numa' "$R$N/node2/vmstat"

check after-use
release app
state 33 online_movable
state 33 offline
settle
meminfo 2 MemTotal MemFree MemUsed AnonPages
zones 2 Movable
free_areas 2

check all-gone
state 32 offline
echo "total: $(($(total) - before)) kB more"
meminfo 2 MemTotal MemFree MemUsed AnonPages
free_areas 2
page_types 2
zones 2 DMA DMA32 Normal Movable Device
