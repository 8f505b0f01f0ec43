-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Who may say no to what, and that nobody is told half a story.
--
-- What to look for: the legend of events.  After a refusal everyone who had accepted is told that
-- it is cancelled, newest announcement first, and the memory is as it was.

local m = tp.machine { nodes = { { dram = "128M" }, {} }, block_size = "32M" }
local dimm = assert(m:plug { name = "dimm", size = "64M", node = 1, online = "none" })

local function try(event, action)
	local veto <close> = assert(m:veto { name = "driver", event = event, errno = "EBUSY" })
	local before = dimm:info().online
	local ok, why = action()

	assert(not ok and veto:refused() == 1, event .. " should have been refused")
	assert(dimm:info().online == before, "blocks changed")
	print(event .. " refused: " .. why)
end

local function online()
	local ok, why = dimm:online "movable"
	return ok, why
end

local function offline()
	local r = dimm:offline { deadline = "10s" }
	return r.ok, r.reason
end

try("BECOMING_MEM_AWARE", online)
try("GOING_ONLINE", online)
assert(dimm:online "movable")
try("BECOMING_MEMORYLESS", offline)
try("GOING_OFFLINE", offline)
assert(offline())
