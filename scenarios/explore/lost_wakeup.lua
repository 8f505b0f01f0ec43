-- A wake-up that is lost: the waiter looks at the condition and only then says that it will wait.
--
--     tidepool explore scenarios/explore/lost_wakeup.lua
--
-- What was done between the look and the ticket wakes nobody, and the waiter sleeps for ever.  The
-- finding is a deadlock that says who waits where.

local ticket_first = false -- true is the fix

local s = tp.scenario {
	name = "lua/lost-wakeup",
	summary = "the ticket for a wait is taken after the look at the condition",
}

local ready = tp.atomic(0)
local queue = tp.wait_queue()

s:task("waiter", function()
	while true do
		local ticket = ticket_first and queue:prepare()
		if ready:load("acquire") == 1 then
			return
		end
		queue:wait(ticket or queue:prepare())
	end
end)

s:task("waker", function()
	ready:store(1, "release")
	queue:wake()
end)
