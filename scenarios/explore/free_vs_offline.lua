-- A page is freed while its block goes offline: the library itself, on a machine of two nodes.
--
--     tidepool explore scenarios/explore/free_vs_offline.lua
--
-- The page may be in use, moving, in a per-CPU list or free when the isolation, the drain or the
-- walk comes by; the block ends offline without it, whoever was first.

local s = tp.scenario {
	name = "lua/free-vs-offline",
	summary = "a page is freed while its block goes offline",
}

-- Sizes are in blocks.  Node 0 has the memory that everything can fall back to, node 1 a device.
s:machine { nodes = { { dram = 1, cpus = 2 }, {} }, hotplug = 2 }

local dimm, page

s:prepare(function(m)
	dimm = assert(m:plug { name = "dimm", node = 1, size = 1, online = "movable" })
	page = assert(m:page { node = 1 })
end)

s:task("free", function()
	assert(page:free())
end)

s:task("offline", function()
	assert(dimm:offline())
end)

s:check(function(m)
	m:check()
	assert(dimm:info().online == 0)
end)
