-- A flag that says "the data is there", stored in the wrong memory order.
--
--     tidepool explore scenarios/explore/message_passing.lua
--     tidepool explore scenarios/explore/message_passing.lua --memory sc     -- sees nothing wrong
--
-- x86 never shows this one; C11 allows it, and so do ARM and POWER.

local publish = "relaxed" -- "release" is the fix

local s = tp.scenario {
	name = "lua/message-passing",
	summary = "a flag does not publish the data that was written before it",
	memory = "c11",
}

local data, flag = tp.atomic(0), tp.atomic(0)

s:task("writer", function()
	data:store(42, "relaxed")
	flag:store(1, publish)
end)

s:task("reader", function()
	if flag:load("acquire") == 1 then
		tp.expect(data:load("relaxed") == 42)
	end
end)
