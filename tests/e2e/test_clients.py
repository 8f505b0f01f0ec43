#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Linux's own tools on a mounted machine, unmodified: each says what the machine is.

What the machine is, is asked of its library through the control channel; what a tool prints is
compared with that, before and after memory comes, is used, and goes.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

TIDEPOOL = os.environ["TIDEPOOL"]
SCENARIO = Path(os.environ["TP_SOURCE"]) / "scenarios" / "mount.lua"
MIB = 1 << 20
BLOCK = 128 * MIB
COLLECTORS = ("meminfo", "meminfo_numa", "vmstat", "buddyinfo", "zoneinfo")

if not os.access("/dev/fuse", os.R_OK | os.W_OK):
    print("this needs /dev/fuse")
    sys.exit(77)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"there is no {program}")


def run(*words, **how):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60,
                          check=False, **how)
    assert done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


class ClientTest(unittest.TestCase):
    """A machine of 1 GiB at node 0, 512 MiB at node 1, and a device of 512 MiB at node 2."""

    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.root = self.scratch / "m"
        self.root.mkdir()
        self.process = subprocess.Popen([TIDEPOOL, "mount", "--quiet", self.root, SCENARIO],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.finish)
        self.assertIn("mounted at", self.process.stderr.readline())

    def finish(self):
        """Everything must have held: the exit code says so."""
        with contextlib.suppress(AssertionError):
            self.ctl("quit")
        self.process.communicate(timeout=30)
        self.assertEqual(self.process.returncode, 0)

    def ctl(self, *words):
        return json.loads(run(TIDEPOOL, "ctl", self.root, "--json", *words))

    def plug(self, *words):
        self.ctl("plug", "name=dimm", "size=512M", "node=2", *words)

    def inside(self, *words):
        return run(TIDEPOOL, "exec", self.root, *words)

    def online_bytes(self):
        """By node, as the library counts its blocks."""
        total = {}
        for device in self.ctl("devices")["devices"]:
            total[device["node"]] = total.get(device["node"], 0) + device["online"] * BLOCK
        return total

    # ---- lsmem, chmem ----

    def lsmem(self, columns="range,size,state,node,block"):
        ranges = json.loads(run("lsmem", "--sysroot", self.root, "-J", "-b", "-o",
                                columns))["memory"]
        return {entry["block"]: entry for entry in ranges}

    @needs("lsmem")
    def test_lsmem(self):
        self.plug()
        self.assertEqual({block: (entry["size"], entry["state"], entry["node"])
                          for block, entry in self.lsmem().items()},
                         {"0-7": (1 << 30, "online", 0), "8-11": (512 * MIB, "online", 1),
                          "32-35": (512 * MIB, "offline", 2)})
        self.ctl("online", "name=dimm", "zone=movable")
        self.assertEqual(self.lsmem()["32-35"]["state"], "online")
        self.assertEqual(self.lsmem("zones,block")["32-35"]["zones"], "Movable")
        self.assertEqual(self.lsmem("zones,block")["0"]["zones"], "None")
        self.assertIn("Total online memory:       2G", run("lsmem", "--sysroot", self.root))

    @needs("chmem")
    def test_chmem(self):
        self.plug()
        self.inside("chmem", "--enable", "-b", "32-33", "--zone", "Movable")
        self.assertEqual(self.online_bytes()[2], 2 * BLOCK)
        self.assertEqual(self.lsmem("zones,block")["32-33"]["zones"], "Movable")
        self.inside("chmem", "--disable", "-b", "32")
        self.assertEqual(self.online_bytes()[2], BLOCK)
        self.inside("chmem", "--enable", "256M")
        self.assertEqual(self.online_bytes()[2], 3 * BLOCK)
        self.ctl("veto", "name=driver", "event=GOING_OFFLINE", "errno=EBUSY")
        refused = subprocess.run([TIDEPOOL, "exec", self.root, "chmem", "--disable", "-b", "33"],
                                 capture_output=True, text=True, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("Device or resource busy", refused.stdout + refused.stderr)

    # ---- numactl, numastat ----

    @needs("numactl")
    def test_numactl(self):
        def sizes():
            text = self.inside("numactl", "--hardware")
            return {int(node): int(size) * MIB
                    for node, size in re.findall(r"node (\d+) size: (\d+) MB", text)}, text

        self.assertEqual(sizes()[0], self.online_bytes())
        self.plug("online=movable")
        by_node, text = sizes()
        self.assertEqual(by_node, self.online_bytes())
        self.assertIn("available: 3 nodes (0-2)", text)
        self.assertIn("node 0 cpus: 0 1\n", text)
        self.assertRegex(text, r"2: +40 +40 +10")

    @needs("numastat")
    def test_numastat(self):
        self.plug("online=movable")
        before = self.inside("numastat")
        self.assertRegex(before, r"numa_hit +0 +0 +0\n")
        self.ctl("load", "kind=mapping", "name=app", "size=64M", "node=2", "small_pages=true")
        hits = re.search(r"numa_hit +(\d+) +(\d+) +(\d+)\n", self.inside("numastat"))
        self.assertEqual([int(n) for n in hits.groups()], [0, 0, 64 * MIB // 4096])
        text = self.inside("numastat", "-m")
        used = re.search(r"AnonPages +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)\n", text)
        self.assertEqual([float(n) for n in used.groups()], [0, 0, 64, 64])
        self.ctl("offline", "name=dimm")
        used = re.search(r"AnonPages +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)\n",
                         self.inside("numastat", "-m"))
        self.assertEqual((float(used.group(3)), float(used.group(4))), (0, 64))

    # ---- lstopo ----

    def lstopo(self, *words):
        return run("lstopo", *words, env={**os.environ, "HWLOC_FSROOT": str(self.root),
                                          "HWLOC_COMPONENTS": "linux,stop",
                                          "HWLOC_THISSYSTEM": "0"})

    @needs("lstopo")
    def test_lstopo(self):
        self.plug("online=movable")
        text = self.lstopo("--of", "console")
        self.assertIn("Machine (2048MB total)", text)
        self.assertEqual(re.findall(r"NUMANode L#\d \(P#(\d) (\d+MB)\)", text),
                         [("0", "1024MB"), ("1", "512MB"), ("2", "512MB")])
        self.assertEqual(len(re.findall(r"PU L#", text)), 2)

    @needs("lstopo")
    def test_lstopo_in_the_place_of_the_system(self):
        """It shows nodes that this system would not let it use, or does not have."""
        self.plug("online=movable")
        text = self.inside("lstopo", "--of", "console")
        self.assertEqual(re.findall(r"NUMANode L#\d \(P#(\d) (\d+MB)\)", text),
                         [("0", "1024MB"), ("1", "512MB"), ("2", "512MB")])

    @needs("lstopo")
    def test_lstopo_shows_performance(self):
        self.plug("online=movable")
        text = self.lstopo("--of", "console", "--memattrs")
        for name, values in (("Bandwidth", (10240, 2048, 1024)), ("Latency", (10, 40, 120))):
            part = re.search(rf"`{name}' flags.*?\n((?:  .*\n)+)", text).group(1)
            self.assertEqual(tuple(map(int, re.findall(r"L#\d = (\d+) from", part))), values)

    @needs("lstopo")
    def test_lstopo_draws_it(self):
        picture = self.scratch / "machine.png"
        self.lstopo("--of", "png", picture)
        self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    # ---- free, vmstat ----

    @needs("free")
    def test_free(self):
        def columns():
            return list(map(int, self.inside("free", "-b").splitlines()[1].split()[1:]))

        self.plug("online=movable")
        total, _, free, *_ = columns()
        self.assertEqual(total, sum(self.online_bytes().values()))
        self.assertEqual(total, free)
        self.ctl("load", "kind=mapping", "name=app", "size=256M", "node=2")
        self.assertEqual(columns()[2], free - 256 * MIB)

    @needs("vmstat")
    def test_vmstat(self):
        text = self.inside("vmstat", "-s", "-S", "k")
        self.assertRegex(text, rf"\b{(1536 * MIB) // 1000} k total memory")
        self.assertEqual(len(self.inside("vmstat").splitlines()), 3)

    # ---- the exporter for Prometheus ----

    @contextlib.contextmanager
    def exporter(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        words = ["prometheus-node-exporter", f"--path.procfs={self.root}/proc",
                 f"--path.sysfs={self.root}/sys", f"--web.listen-address=127.0.0.1:{port}",
                 "--collector.disable-defaults", *(f"--collector.{name}" for name in COLLECTORS)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield f"http://127.0.0.1:{port}/metrics"
        finally:
            process.terminate()
            process.wait(timeout=10)

    @staticmethod
    def scrape(address):
        until = time.monotonic() + 20
        while True:
            try:
                text = urllib.request.urlopen(address, timeout=10).read().decode()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        return {name: float(value) for name, value in
                re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.M)}

    @needs("prometheus-node-exporter")
    def test_node_exporter(self):
        self.plug("online=movable")
        with self.exporter() as address:
            metrics = self.scrape(address)
            for name in COLLECTORS:
                self.assertEqual(metrics[f'node_scrape_collector_success{{collector="{name}"}}'],
                                 1, name)
            total = sum(self.online_bytes().values())
            self.assertEqual(metrics["node_memory_MemTotal_bytes"], total)
            for node, size in self.online_bytes().items():
                self.assertEqual(metrics[f'node_memory_numa_MemTotal{{node="{node}"}}'], size)
            managed = sum(value for name, value in metrics.items()
                          if name.startswith("node_zoneinfo_managed_pages{"))
            self.assertEqual(managed * 4096, total)
            self.assertEqual(
                metrics['node_buddyinfo_blocks{node="2",size="10",zone="Movable"}'], 128)
            self.ctl("unplug", "name=dimm")
            metrics = self.scrape(address)
            self.assertNotIn('node_memory_numa_MemTotal{node="2"}', metrics)
            self.assertEqual(metrics["node_memory_MemTotal_bytes"], total - 512 * MIB)


if __name__ == "__main__":
    unittest.main()
