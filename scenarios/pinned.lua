-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Memory that cannot be taken away just now: who holds it, and how to find out beforehand.
--
-- What to look for: the dry run ("try") changes nothing and names the same page and owner as the
-- real attempt, which gives up at its deadline.

local m = tp.machine { nodes = { { dram = "256M" }, {} }, block_size = "32M" }
local dimm = assert(m:plug { name = "dimm", size = "128M", node = 1, online = "movable" })
local app = assert(m:load { kind = "mapping", name = "app", size = "32M", node = 1 })
local pin = assert(m:pin { name = "nic ring", mapping = app, offset = "1M", length = "16K" })

local plan = dimm:offline { dry_run = true }

assert(not plan.ok and plan.nr_blockers > 0, "the plan should have seen the pin")
print("in the way: " .. plan.blockers[1].owner .. ", " .. plan.blockers[1].what)

local r = dimm:offline { deadline = "100ms" }

assert(not r.ok and r.blockers[1].owner == plan.blockers[1].owner)

-- Somebody may also lose patience earlier, from another thread.
r = dimm:offline { deadline = "10s", cancel_after = "50ms" }
assert(r.err == "ECANCELED", r.reason)

pin:release()
assert(dimm:offline {}.ok, "nothing holds it any more")
