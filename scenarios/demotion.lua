-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Slow memory as a second tier: when fast memory runs out, pages move down instead of out.
--
-- What to look for: the tiers follow what is plugged in, and pages move to node 1
-- ("demoted") without anybody asking them to.

local m = tp.machine { nodes = { { dram = "96M", cpus = 2 }, {} }, block_size = "32M" }

assert(#m:tiers() == 1)

local cxl = assert(m:plug {
	name = "cxl", size = "128M", node = 1, online = "movable",
	latency_ns = 400, bandwidth_mbps = 20000,
})

for _, tier in ipairs(m:tiers()) do
	print("tier " .. tier.id .. ": nodes " .. table.concat(tier.nodes, ", "))
end
assert(#m:tiers() == 2, "the slow memory should be a tier of its own")
assert(m:demotion(0).preferred[1] == 1, "node 0 should demote to node 1")

-- More single pages than node 0 likes to give away.
local fast = assert(m:load {
	kind = "churn", name = "fast", size = "110M", node = 0, threads = 2, max_order = 0,
})

local demoted = 0

for _ = 1, 1000 do
	demoted = m:stat().demoted
	if demoted > 0 then
		break
	end
	tp.sleep "50ms"
end
print(demoted .. " pages moved down")
assert(demoted > 0, "nothing was demoted")

-- A tier goes with its last memory, and nobody demotes to it any more.
fast:stop()
assert(cxl:unplug { deadline = "10s" }.ok)
assert(#m:tiers() == 1 and #m:demotion(0).allowed == 0)
