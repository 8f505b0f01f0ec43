-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- The machine of the group "performance": node 1 is slower than node 0, and what comes to node 2
-- is slower still.  groups.py tells the guest's firmware the same.

local m = tp.machine {
	nodes = {
		{ dram = "512M", cpus = 1, latency_ns = 10, bandwidth_mbps = 10240 },
		{ dram = "256M", latency_ns = 40, bandwidth_mbps = 2048 },
		{},
	},
	block_size = "128M",
}

m:hmat { node = 0, latency_ns = 10, bandwidth_mbps = 10240 }
m:hmat { node = 1, latency_ns = 40, bandwidth_mbps = 2048 }
m:hmat { node = 2, latency_ns = 120, bandwidth_mbps = 1024 }
