-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- The shortest whole story: plug memory in, let a program write to it, take it away, plug it in
-- again.  The program never notices.
--
-- What to look for: the unplug moves the program's pages to node 0, and "stall" says how long its
-- slowest write waited meanwhile.

local m = tp.machine { nodes = { { dram = "256M", cpus = 2 }, {} } }
local dimm = assert(m:plug { name = "dimm", size = "256M", node = 1, online = "movable" })
local app = assert(m:load { kind = "mapping", name = "app", size = "64M", node = 1, threads = 2 })

print("app has " .. tp.human(app:nodes()[1]) .. " on node 1")

local r = dimm:unplug { deadline = "5s" }

assert(r.ok, r.reason)
print("app has " .. tp.human(app:nodes()[0]) .. " on node 0, at the same addresses")
assert(m:plug { name = "dimm", size = "256M", node = 1, online = "movable" })
