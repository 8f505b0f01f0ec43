-- Undoing half of a job: what only a second failure shows.
--
--     tidepool explore scenarios/explore/half_added.lua               -- one step fails: fine
--     tidepool explore scenarios/explore/half_added.lua --faults 2    -- two: a block stays behind
--
-- Adding three blocks gives back those it has when one fails.  Giving back can fail too, and then
-- the loop ends too early.

local s = tp.scenario {
	name = "lua/half-added",
	summary = "a rollback that gives up at its first failure",
	faults = 1,
}

local added = { tp.atomic(0), tp.atomic(0), tp.atomic(0) }

local function add(i)
	if tp.fault("add-block") then
		return false
	end
	added[i]:store(1, "relaxed")
	return true
end

local function remove(i)
	if tp.fault("remove-block") then
		return false
	end
	added[i]:store(0, "relaxed")
	return true
end

s:task("hotplug", function()
	for i = 1, #added do
		if not add(i) then
			tp.note("block", i, "failed: going back")
			for j = i - 1, 1, -1 do
				if not remove(j) then
					return -- the fix: try again
				end
			end
			return
		end
	end
end)

s:check(function()
	local n = 0
	for _, a in ipairs(added) do
		n = n + a:load()
	end
	assert(n == 0 or n == #added, n .. " of " .. #added .. " blocks were added")
end)
