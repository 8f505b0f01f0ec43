-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- A graphics card has memory of its own.  When the card has to be reset from the ground up, all
-- that memory held is gone: pictures, results, and also the page tables by which the card finds
-- anything at all.  Worse than gone: what is there instead may look like page tables.
--
-- This tour takes a card through that.  Its driver keeps, in the machine's own memory, a list of
-- what every program mapped where, and rebuilds the page tables from it.  Linux used to keep a copy
-- of every page table instead.
--
--     tidepool run scenarios/vram_lost.lua [updates=sdma|cpu]
--     mkdir m d; tidepool mount m scenarios/vram_lost.lua & sleep 8
--     tidepool gpu show m; tidepool gpu stats m gpu0
--     tidepool gpu dump m gpu0 d; python3 examples/gpu_walk.py d
--
-- What to look for: which programs notice which accident; that what lay in the machine's memory is
-- still there after the loss, every word of it; and what happens without one step of a rebuild.

local updates = arg.updates or "sdma"

local function wait(condition)
	for _ = 1, 400 do
		if condition() then
			return
		end
		tp.sleep "50ms"
	end
	error("it never came")
end

-- What happens, and what came of it.
local parts = 0

local function part(text)
	parts = parts + 1
	print(parts .. ". " .. text)
end

local function say(format, ...)
	print("   " .. string.format(format, ...))
end

print [[
A graphics card finds everything by page tables, which lie in its own memory.
This tour takes that memory away.]]

local m = tp.machine { nodes = { { dram = "256M", cpus = 2 }, {} } }
local dimm = assert(m:plug { name = "dimm", size = "128M", node = 1, online = "movable" })

-- 1. Work.  Four programs, each with an address space of its own, let the card fill and copy
--    objects, and read where they have mapped nothing.  A third of the objects prefer the card's
--    memory, and a quarter are memory of the programs themselves, which write there too.  The card
--    can only go where a page table says.
local g = assert(m:gpu { name = "gpu0", platform = "vega10", node = 1, vram = "32M",
	updates = updates, hang_timeout = "200ms" })
local work = assert(m:gpu_work { gpu = "gpu0", threads = 4, objects = 24, size = "64K", vram = 33,
	user = 25, node = 1, trespass = true })

local function working()
	local before = work:stats().batches
	wait(function() return work:stats().batches > before + 100 end)
end

working()
local info, s = g:info(), g:stats()
part "Four programs let the card fill and copy their objects."
say("%d batches of commands are done; %d objects are found by %d KiB of tables",
	work:stats().batches, info.objects, info.table_bytes // 1024)
if updates == "cpu" then
	say("%d entries of tables were written, by the processor", s.table_entries)
else
	say("%d entries of tables were written, by %d jobs of the card's own engine",
		s.table_entries, s.table_jobs)
end

-- 2. The machine takes memory away.  Objects move, those in programs' own memory too, and tables
--    follow, while programs run.
local r = dimm:unplug { deadline = "30s" }
assert(r.ok, r.reason)
part "The machine takes 128 MiB of its memory away meanwhile."
say("%d pages of objects moved, tables followed, and no program noticed",
	g:stats().moved - s.moved)
dimm = assert(m:plug { name = "dimm", size = "128M", node = 1, online = "movable" })
working()

-- 3. An engine hangs.  A soft reset helps: the program whose job it was loses that job, those that
--    ran beside it theirs, and nothing else is lost.
s = g:stats()
local lost = work:stats().lost
assert(g:hang { engine = "sdma1" })
wait(function() return g:stats().resets > s.resets and g:info().state == "running" end)
working()
local now = g:stats()
part "An engine of the card hangs.  It helps to reset the engines."
say("%d reset; %d batches were lost, and nothing of the card's memory",
	now.resets - s.resets, work:stats().lost - lost)
assert(now.vram_losses == s.vram_losses)

-- 4. An engine hangs, and a soft reset does not help.  The card is reset from the ground up.  Its
--    memory then holds garbage that looks like page tables, which lead to memory that exists.
s = now
local cut_off = work:stats().cut_off
assert(g:lose_vram { leaves = "garbage" })
assert(g:hang { engine = "sdma1", through = true })
wait(function() return g:stats().vram_losses > s.vram_losses and g:info().state == "running" end)
working()
wait(function() return work:stats().cut_off > cut_off end)
working()
now = g:stats()
part "One hangs for good: all of the card is reset, and loses its memory."
say "What is there now looks like page tables that lead to others' memory."
say("%d address spaces were rebuilt, for which %d entries were written",
	now.rebuilds - s.rebuilds, now.table_entries - s.table_entries)
say("%d programs were told, and began anew; of what was queued before nothing ran",
	work:stats().cut_off - cut_off)
say("(%d jobs ended unexecuted)", now.canceled - s.canceled)
m:check()
say "what lay in the machine's memory is whole, what lay in the card's is given up"

-- 5. Why tables are cleared before they are filled again.  A second card has a driver that writes
--    what is mapped and leaves the rest of a lost table as it is, as Linux does.  What a program
--    reads where it has mapped nothing should be nothing.
local gpu1 = assert(m:gpu { name = "gpu1", platform = "vega10", node = 0, vram = "32M",
	keep_holes = true })
local g1 = assert(m:gpu_work { name = "astray", gpu = "gpu1", threads = 4, objects = 24,
	size = "64K", vram = 50, trespass = true, strays = true })
wait(function() return g1:stats().batches > 200 end)
part "A second card's driver writes tables anew as Linux does, and clears nothing."
say("of words read where nothing is mapped, others' were, before a loss: %d",
	g1:stats().strays)
assert(g1:stats().strays == 0)
wait(function()
	assert(gpu1:lose_vram { leaves = "garbage" })
	assert(gpu1:reset { method = "mode1" })
	local batches = g1:stats().batches
	wait(function() return g1:stats().batches > batches + 100 end)
	return g1:stats().strays > 0
end)
say("and after one: %d", g1:stats().strays)
g1:stop()
assert(gpu1:unplug())

-- 6. What it costs to be without all this.  Before, Linux had a copy of each page table in the
--    machine's memory, to be copied back after a loss.  Two more cards with the same work, one of
--    them with copies: how much memory tables take, and how many entries are written for an object.
--    (How long they take to recover: bench/bench_amd.)
local function cost_of(what, shadows)
	local gpu = assert(m:gpu { platform = "vega10", vram = "32M", shadows = shadows })
	local load = assert(m:gpu_work { gpu = gpu:info().name, threads = 2, objects = 24,
		size = "64K" })
	wait(function() return load:stats().renewed > 1000 end)
	local done = load:stats()
	local mapped = done.renewed + (done.clients + 2) * 24
	say("%-15s %3d KiB, and %.0f entries written for each object that is mapped", what,
		gpu:info().table_bytes // 1024, gpu:stats().table_entries / mapped)
	load:stop()
	assert(gpu:unplug())
end
part "Linux used to keep copies of tables in the machine's memory.  What all cost:"
cost_of("without copies:", false)
cost_of("with copies:", true)

print [[
So a card that has lost its memory works on, without copies of its tables, and
nobody reads what is not his.  Only what lay there is gone, and its owners know.
]]
