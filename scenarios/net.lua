-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Two network devices on one wire, with traffic in both directions: their memory is taken away, a
-- function is reset, queues change and stand still; and every frame is accounted for.
--
--     tidepool run scenarios/net.lua [seconds=0.3] [brief=yes]
--     mkdir m; tidepool mount m scenarios/net.lua & sleep 1
--     tidepool net show m
--     tidepool net stats m avf0
--
-- What to look for: the unplug waits for buffers that are posted or held, and gets them; and after
-- each step the lab compares what the wire, the devices, the driver and the traffic counted.

local seconds = tonumber(arg.seconds or 0.3)

local function pause()
	tp.sleep(string.format("%dms", seconds * 1000 // 1))
end

local function wait(condition)
	for _ = 1, 200 do
		if condition() then
			return
		end
		tp.sleep "100ms"
	end
	error("it never came")
end

local m = tp.machine { nodes = { { dram = "256M", cpus = 2 }, {} } }

-- Near node 1 lie the buffers; all of it can be taken away.
local dimm = assert(m:plug { name = "dimm", size = "256M", node = 1, online = "movable" })
local a = assert(m:nic { name = "avf0", node = 1, queues = 2 })
local b = assert(m:nic { name = "avf1", node = 1, queues = 2 })
local wire = assert(m:wire { from = "avf0", to = "avf1" })

local forth = assert(m:traffic { from = "avf0", to = "avf1", frame = 1500, flows = 16 })
local back = assert(m:traffic { from = "avf1", to = "avf0", frame = 64, flows = 16 })

pause()

-- The memory under the buffers goes, and comes back.
local r = dimm:unplug { deadline = "10s" }
assert(r.ok, r.reason)
pause()
assert(m:plug { name = "dimm", size = "256M", node = 1, online = "movable" })
pause()

-- The same device, otherwise.
assert(a:set { queues = 1, rx_ring = 256 })
pause()
assert(a:set { queues = 2, rx_ring = 512, mtu = 9000 })
pause()

-- What goes wrong: a reset nobody announced, a queue that hangs, a wire that loses and damages.
assert(b:pf_reset { announce = false })
pause()
if not arg.brief then
	local before = a:info().resets

	assert(a:hang { queue = 0, side = "tx" })
	-- The driver looks every two seconds, and is in no hurry.
	wait(function() return a:info().resets > before and a:info().state == "running" end)
end
assert(wire:mishap { lose_ppm = 10000, corrupt_ppm = 10000, duplicate_ppm = 5000 })
pause()
assert(wire:mishap {})
pause()

-- A network loses what its receivers have no room for; each such frame is in a counter.
for _, t in ipairs { forth, back } do
	local s = t:stats()

	print(string.format("%s: %d frames sent, %d received", t, s.sent, s.received))
	assert(s.received > 0, "nothing arrived")
	assert(s.damaged == 0, "damaged frames got through")
end
if not arg.brief then
	tp.sleep "2100ms" -- as often as devices are asked what they counted
end
for _, n in ipairs { a, b } do
	print(string.format("%s: no room for %d frames, after %d resets", n, n:stats().rx_discards,
		n:info().resets))
end
