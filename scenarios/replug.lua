-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- The main job: take a memory device away from programs that are writing to it, ten times over,
-- and refuse cleanly when it cannot be had.
--
-- What to look for: every unplug moves the programs' pages elsewhere and gives the device's memory
-- back to the system (column "memory held"); no writer waits long (column "stall"); each refusal
-- names who is in the way and leaves everything as it was.
--
--     tidepool run scenarios/replug.lua [size=1G] [turns=10] [hold=userfaultfd|user-mode|mprotect]

local size = tp.size(arg.size or "1G")
local turns = tonumber(arg.turns or 10)
local half = size // 2

-- Two nodes with memory, and one with none: it lives from what is plugged in.
local m = tp.machine {
	nodes = { { dram = size, cpus = 2 }, { dram = size // 2 }, {} },
	distance = { { 10, 20, 40 }, { 20, 10, 40 }, { 40, 40, 10 } },
	block_size = math.min(tp.size "128M", size // 4),
	hold = arg.hold,
}

local function plug()
	return assert(m:plug { name = "dimm", size = size, node = 2, online = "movable" })
end

-- Half of the device, with two threads that write into it without pause and know every value.
local function start_app()
	return assert(m:load { kind = "mapping", name = "app", size = half, node = 2, threads = 2 })
end

local dimm = plug()

-- These work on, wherever their memory is, until the very end.
assert(m:load { kind = "mapping", name = "ledger", size = size // 16, node = 2 })
assert(m:load { kind = "churn", name = "pages", size = size // 32, node = 2 })
assert(m:load { kind = "slab", name = "objects", size = size // 256, node = 2 })

for turn = 1, turns do
	local app = start_app()
	local r = dimm:unplug { deadline = "20s" }

	assert(r.ok, r.reason)
	assert(r.returned > 0, "no memory went back to the system")
	assert(#m:nodes "memory" == 2, "node 2 still has memory")
	assert(app:stop())
	dimm = plug()
end

-- Three ways to be refused.  Each time everything must be as it was before.
local app = start_app()
local before = m:zone(2, "Movable").managed

local function refused(r, err)
	assert(not r.ok, "this should have been refused")
	assert(r.err == err, r.reason)
	assert(dimm:info().online == dimm:info().blocks, "some blocks stayed offline")
	assert(m:zone(2, "Movable").managed == before, "pages are missing in the zone")
	assert(#m:nodes "memory" == 3, "node 2 lost its memory")
end

-- Time is up long before all is moved: what has moved stays moved, the rest stays where it is.  (A
-- pass of under 5 ms is finished, late or not, and that is enough for a small device.)
if size >= tp.size "256M" then
	refused(dimm:unplug { deadline = "1ms" }, "ETIMEDOUT")
end

-- A driver that cannot do without says no before anything has moved.
local veto = assert(m:veto { name = "driver", event = "GOING_OFFLINE", errno = "EBUSY" })
local r = dimm:unplug { deadline = "5s" }

refused(r, "EBUSY")
assert(r.vetoed_by == "driver", "who was it?")
veto:remove()

-- A page that a device transfers into must stay.  The report says whose it is.  (It is one of a
-- mapping made anew: much of the old one has moved away by now.)
assert(app:stop())
app = start_app()
local pin = assert(m:pin { name = "rdma", mapping = app, offset = half // 2, length = "4K" })

local function owner_of_what(r, who)
	for _, blocker in ipairs(r.blockers) do
		if blocker.what:find(who) then
			return blocker.owner
		end
	end
end

r = dimm:unplug { deadline = "500ms" }
refused(r, "ETIMEDOUT")
assert(owner_of_what(r, "rdma") == "app", "who was it?")
pin:release()

-- And now it goes.
assert(dimm:unplug { deadline = "20s" }.ok)
