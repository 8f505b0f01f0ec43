-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- A machine to look at with Linux's own tools: a node with CPUs, a slower one without, and an empty
-- one for what is plugged in later.
--
--     mkdir m; tidepool mount m scenarios/mount.lua & sleep 1
--     lsmem --sysroot m
--     tidepool ctl m plug name=dimm size=512M node=2
--     echo online_movable > m/sys/devices/system/memory/memory32/state
--     tidepool exec m numactl --hardware
--
-- What to look for: blocks appear with the device, memory with the block that goes online, and
-- node 2 in a memory tier of its own.

local m = tp.machine {
	nodes = { { dram = "1G", cpus = 2 }, { dram = "512M" }, {} },
	distance = { { 10, 20, 40 }, { 20, 10, 40 }, { 40, 40, 10 } },
}

m:hmat { node = 0, latency_ns = 10, bandwidth_mbps = 10240 }
m:hmat { node = 1, latency_ns = 40, bandwidth_mbps = 2048 }
m:hmat { node = 2, latency_ns = 120, bandwidth_mbps = 1024 }
