# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The machine before anything is plugged in.  Counters of nodes that Linux lives in are noise, so
# of those only the form is compared.
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

check nodes
nodes

check blocks
blocks 0 1 2 3 4 5 6 7 8 32

check tiers
tiers

check node-meminfo
columns $N/node0/meminfo
columns $N/node1/meminfo

check node-numastat
shape $N/node0/numastat
shape $N/node1/numastat

check node-vmstat
shape $N/node0/vmstat

check buddyinfo
columns /proc/buddyinfo

check pagetypeinfo
columns /proc/pagetypeinfo

check zoneinfo
shape /proc/zoneinfo

check vmstat
shape /proc/vmstat

check meminfo
columns /proc/meminfo

check empty-node
get $N/node2/meminfo
