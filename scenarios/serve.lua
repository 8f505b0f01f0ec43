-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- A server inside a machine that the host reaches through a TAP device (as root):
--
--     mkdir m; tidepool mount m scenarios/serve.lua & sleep 1
--     ip addr add 10.77.0.1/24 dev tp0; ip link set tp0 up
--     curl -O http://10.77.0.2/content       # 100 MB; /content.sha256 has its sum
--     iperf -c 10.77.0.2                     # version 2
--     tidepool ctl m unplug name=dimm        # the memory under its buffers goes meanwhile
--
-- What to look for: the download goes on while the memory goes.

local tap = arg.tap or "tp0"
local m = tp.machine { nodes = { { dram = "256M", cpus = 2 }, {} } }

assert(m:plug { name = "dimm", size = "256M", node = 1, online = "movable" })
assert(m:nic { name = "avf0", node = 1 })
assert(m:wire { from = "avf0", tap = tap, capture = arg.capture })
assert(m:serve { nic = "avf0", address = arg.address or "10.77.0.2/24", content = arg.content })
