-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Make internal steps fail and look at what is left.  Small on purpose: this is the script for
--
--     tidepool faults --all scenarios/faults.lua
--
-- What to look for: a failed step is refused as a whole, with the memory as it was; tried again, it
-- works.

local m = tp.machine { nodes = { { dram = "64M", cpus = 2 }, {} }, block_size = "16M" }
local dimm = assert(m:plug { name = "dimm", size = "32M", node = 1, online = "movable" })
local app = assert(m:load { kind = "mapping", name = "app", size = "8M", node = 1 })

local function survives(site, action)
	tp.fault.arm(site, 1)
	local ok, why = action()
	print(site .. ": " .. (ok and "got over it" or why))
	tp.fault.reset()
	assert(ok or action(), "the second attempt should work")
end

local function offline()
	local r = dimm:offline { deadline = "10s" }
	return r.ok, r.reason
end

local function online()
	local ok, why = dimm:online "movable"
	return ok, why
end

survives("mm/isolate", offline)
survives("mm/online-prepare", online)
survives("mm/migrate", offline)
assert(online())
app:stop()
