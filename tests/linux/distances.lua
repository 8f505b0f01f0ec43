-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- The machine of the group "distances": what groups.py tells the guest's firmware.

tp.machine {
	nodes = { { dram = "768M", cpus = 1 }, { dram = "256M" }, {} },
	distance = { { 10, 20, 40 }, { 20, 10, 30 }, { 40, 30, 10 } },
	block_size = "128M",
}
