-- The race that Linux had between freeing a page and isolating its pageblock, as a model: the twin
-- of model/stale-type-broken in C.
--
--     tidepool explore scenarios/explore/stale_type.lua
--
-- A free that looked at the pageblock's type before it took the zone lock puts the page on a list
-- that isolation has emptied already, and the page of an offline block is handed out again.

local rechecks = false -- true is the fix: the free looks again under the lock

local s = tp.scenario {
	name = "lua/stale-type",
	summary = "a page is freed by a type that was read without the lock",
}

local MOVABLE, ISOLATED = 1, 2

local zone_lock = tp.lock()
local pageblock_type = tp.atomic(MOVABLE)
local free_pages = { tp.atomic(0), tp.atomic(0) } -- by type
local offline = tp.atomic(0)

s:task("free", function()
	local type = pageblock_type:load("relaxed")
	zone_lock:lock()
	if rechecks then
		type = pageblock_type:load("relaxed")
	end
	free_pages[type]:add(1, "relaxed")
	zone_lock:unlock()
end)

s:task("offline", function()
	zone_lock:lock()
	pageblock_type:store(ISOLATED, "relaxed")
	local n = free_pages[MOVABLE]:exchange(0, "relaxed")
	free_pages[ISOLATED]:add(n, "relaxed")
	zone_lock:unlock()
	offline:store(1, "release")
end)

s:task("alloc", function()
	zone_lock:lock()
	if free_pages[MOVABLE]:load("relaxed") > 0 then
		free_pages[MOVABLE]:sub(1, "relaxed")
		tp.expect(offline:load("acquire") == 0)
	end
	zone_lock:unlock()
end)
