-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- A device whose blocks are partly online, and where each of them may go.
--
-- What to look for: a range goes offline as a whole or not at all, the device says how many of its
-- blocks are online, and the node keeps its memory until the last block has gone.

local m = tp.machine { nodes = { { dram = "128M" }, {} }, block_size = "32M" }
local dimm = assert(m:plug { name = "dimm", size = "128M", node = 1 })
local first = dimm:info().first_block

assert(#m:nodes "memory" == 1, "plugged in is not online yet")
assert(m:online { first = first, count = 1, zone = "kernel" })
assert(m:online { first = first + 1, count = 3, zone = "movable" })
assert(m:block(first).zone == "Normal" or m:block(first).zone == "DMA32")
assert(m:block(first + 1).zone == "Movable")

assert(m:offline { first = first + 2, count = 2 }.ok)
assert(dimm:info().online == 2, "half of the device should be left")
assert(#m:nodes "memory" == 2)

-- A page that nobody can move makes the kernel block stay, and with it the whole device.
local hog = assert(m:load { kind = "hog", name = "page tables", size = "64K", node = 1 })
local r = dimm:offline { deadline = "100ms" }

assert(not r.ok and dimm:info().online == 2, "all blocks or none")
print("in the way: " .. r.blockers[1].owner .. ": " .. r.blockers[1].reason)
hog:stop()
assert(dimm:unplug { deadline = "5s" }.ok)
assert(#m:nodes "memory" == 1)
