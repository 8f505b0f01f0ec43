-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- A GPU remembers where pages are: its engines cache translations until they are told to forget
-- them.  So memory that is taken away under a running GPU has to be forgotten first, by every
-- engine that may remember it; and that costs tens of microseconds each time.
--
--     tidepool run scenarios/gpu_tlb.lua [seconds=0.3] [platform=dg2]
--     mkdir m; tidepool mount m scenarios/gpu_tlb.lua & sleep 8
--     tidepool gpu show m; tidepool gpu stats m gpu0
--
-- What to look for: most releases need no invalidation of their own; memory goes while batches run,
-- and no batch meets anybody else's; and what happens when the hardware does not do as it is told.

local seconds = tonumber(arg.seconds or 0.3)
local platform = arg.platform or "dg2"

local function pause()
	tp.sleep(string.format("%dms", seconds * 1000 // 1))
end

local function wait(condition)
	for _ = 1, 1000 do
		if condition() then
			return
		end
		tp.sleep "50ms"
	end
	error("it never came")
end

local function row(what, format, ...)
	print(string.format("%-18s " .. format, what, ...))
end

local function tell(what, s)
	row(what, "%d releases: %d forgotten already, %d invalidated all, %d a range, %d met sleep",
		s.requested, s.elided, s.full, s.range, s.asleep)
end

local function since(now, before)
	local d = {}

	for _, name in ipairs { "requested", "elided", "asleep", "full", "range" } do
		d[name] = now[name] - before[name]
	end
	return d
end

local m = tp.machine { nodes = { { dram = "256M", cpus = 2 }, {} } }
local dimm = assert(m:plug { name = "dimm", size = "128M", node = 1, online = "movable" })

-- 1. Work.  Objects come and go, move between addresses, are filled and copied by all engines; one
--    batch in eight reads where objects are or were, without saying that it uses them.
local discrete = platform:match "^dg"
local g = assert(m:gpu { name = "gpu0", platform = platform, node = 1, vram = discrete and "32M" })
local work = assert(m:gpu_work { gpu = "gpu0", threads = 2, objects = 32, size = "64K",
	vram = discrete and 25, trespass = true })

local s
pause()
wait(function()
	s = g:stats()
	return s.elided > 0
end)
tell("working:", s)

-- 2. The memory under it goes, and comes back.  Objects are unbound, forgotten, moved, bound again.
local r = dimm:unplug { deadline = "20s" }
assert(r.ok, r.reason)
local after = g:stats()
tell("while memory went:", since(after, s))
row("", "%d pages of objects moved", after.moved - s.moved)
pause()
dimm = assert(m:plug { name = "dimm", size = "128M", node = 1, online = "movable" })

-- 3. An engine hangs.  Its GT is reset; what ran is told so, and everything else goes on.
local resets = g:stats().resets
assert(g:hang { engine = g:info().engines[1].name })
wait(function() return g:stats().resets > resets and g:info().state == "running" end)
row("after a hang:", "%d reset, %d batches lost of %d", g:stats().resets - resets,
	work:stats().lost, work:stats().batches)

-- 4. A cache that does not empty.  Linux reports it and frees the pages all the same.  Here the GT
--    is reset, and whoever gives pages back waits for that.  If that does not help either they are
--    kept, in quarantine, until the caches are known to be empty.
local before = g:stats()
assert(g:stick { engine = g:info().engines[1].name })
wait(function()
	return g:stats().timeouts > before.timeouts and g:stats().resets > before.resets and
		g:info().state == "running" and g:info().quarantined_bytes == 0
end)
s = g:stats()
row("stuck:", "%d timed out, %d reset, %d KiB were quarantined meanwhile",
	s.timeouts - before.timeouts, s.resets - before.resets,
	(s.quarantines - before.quarantines) // 1024)

-- 5. Invalidations that are acknowledged and not done: the worst that hardware can do, for nobody
--    notices.  Nobody but the simulated device, which knows what its engines should not have met.
assert(g:lose_invalidations { n = 1000, expected = true })
local harms
wait(function()
	harms = g:harms()
	return harms.count > 0
end)
row("lost:", "%d times an engine used what it should have forgotten; the first:", harms.count)
print("    " .. harms[1])
work:stop()
