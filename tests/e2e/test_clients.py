#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real, unmodified tools on a mounted machine: each must see what the machine is, step by step.

One machine walks through STAGES: a device is plugged, half of it goes online, is used, goes offline
and is unplugged.  At each stage every tool looks, and what it says is compared with what the stage
says.  A tool that is not installed, or that this system does not let run, is skipped.
"""

import functools
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TIDEPOOL = os.environ["TIDEPOOL"]
SCENARIO = Path(os.environ["TP_SOURCE"]) / "scenarios" / "mount.lua"
MEMORY = "sys/devices/system/memory"
NODE = "sys/devices/system/node"
MIB = 1 << 20
PAGE = 4096
BLOCK = 128 * MIB
TIMEOUT = 60
# Debian keeps some of them out of an ordinary user's path.
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "PATH": PATH}
NO_PRIVATE_MOUNTS = 3
NO_NUMA = "No NUMA available on this system"

# What scenarios/mount.lua says: blocks at boot, distances, and of each node ns and MiB/s.
BOOT_BLOCKS = {0: range(0, 8), 1: range(8, 12)}
DIMM = range(32, 36)
DISTANCES = [[10, 20, 40], [20, 10, 40], [40, 40, 10]]
LATENCY = {0: 10, 1: 40, 2: 120}
BANDWIDTH = {0: 10240, 1: 2048, 2: 1024}
CPUS = {0: [0, 1], 1: [], 2: []}
APP = 32 * MIB
COLLECTORS = ["buddyinfo", "meminfo", "meminfo_numa", "vmstat", "zoneinfo"]

if not os.access("/dev/fuse", os.R_OK | os.W_OK) or not shutil.which("fusermount3"):
    print("this needs /dev/fuse and fusermount3")
    sys.exit(77)


def tool(name):
    """Its path, or this test is skipped."""
    path = shutil.which(name, path=PATH)
    if not path:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def covers(path):
    """What this system does not have, the machine's cannot be laid over: the test is skipped."""
    if not Path("/", path).exists():
        raise unittest.SkipTest(f"this system has no /{path}")


def run(argv, **environment):
    return subprocess.run([str(word) for word in argv], capture_output=True, timeout=TIMEOUT,
                          env={**ENVIRONMENT, **environment}, check=False)


class Machine:
    """A mounted machine; it leaves no process and no mount, whatever a test did to it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp())
        self.process = subprocess.Popen([TIDEPOOL, "mount", "--quiet", self.folder, SCENARIO],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = self.process.stderr.readline()
        if "mounted at" not in first:
            why = first + self.process.stderr.read()
            self.close()
            raise AssertionError(why)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=TIMEOUT)
        self.process.stdout.close()
        self.process.stderr.close()
        subprocess.run(["fusermount3", "-u", "-z", "-q", self.folder], capture_output=True,
                       timeout=TIMEOUT, check=False)
        self.folder.rmdir()

    def ctl(self, *words):
        done = run([TIDEPOOL, "ctl", "--json", self.folder, *words])
        answer = json.loads(done.stdout)
        assert answer["ok"] and done.returncode == 0, answer
        return answer

    def pages_moved(self):
        """As the loads themselves count them."""
        return sum(load["pages_moved"] for load in self.ctl("loads")["loads"])

    def quit(self):
        """The exit code of a machine that was checked once more."""
        self.ctl("quit")
        output = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, "".join(output)

    def set_state(self, blocks, state):
        for block in blocks:
            (self.folder / MEMORY / f"memory{block}" / "state").write_text(state)

    def read(self, path):
        return (self.folder / path).read_text()

    def exec(self, name, *words):
        """Run a tool that sees the machine's files as the system's."""
        done = run([TIDEPOOL, "exec", self.folder, tool(name), *words])
        if done.returncode == NO_PRIVATE_MOUNTS:
            raise unittest.SkipTest(done.stderr.decode())
        return done

    def says(self, name, *words):
        done = self.exec(name, *words)
        assert done.returncode == 0, done
        return done.stdout.decode()

    def lsmem(self, *words):
        done = run([tool("lsmem"), "--sysroot", self.folder, *words])
        assert done.returncode == 0, done
        return done.stdout.decode()

    def lstopo(self, *words):
        done = run([tool("lstopo"), *words], HWLOC_FSROOT=str(self.folder),
                   HWLOC_COMPONENTS="linux,stop", HWLOC_THISSYSTEM="0")
        assert done.returncode == 0, done
        return done.stdout


class Stage:
    """What the machine is after a step: bytes online and in use by node, blocks of the device."""

    def __init__(self, name, step, used=None, plugged=True, online=()):
        self.name = name
        self.step = step
        self.plugged = plugged
        self.online = list(online)
        self.offline = [block for block in DIMM if plugged and block not in self.online]
        self.size = {0: 1024 * MIB, 1: 512 * MIB}
        if plugged:
            self.size[2] = len(self.online) * BLOCK
        self.used = {node: 0 for node in self.size} | (used or {})

    @property
    def nodes(self):
        return sorted(self.size)

    @property
    def free(self):
        return {node: self.size[node] - self.used[node] for node in self.nodes}

    @property
    def blocks(self):
        """(block, node, state) of each."""
        boot = [(block, node, "online") for node, blocks in BOOT_BLOCKS.items()
                for block in blocks]
        return boot + [(block, 2, "online" if block in self.online else "offline")
                       for block in DIMM if self.plugged]

    def total(self, of):
        return sum(of.values())


# The first two nodes are equally far from the third, so what must leave goes to the first.
STAGES = [
    Stage("boot", lambda m: None, plugged=False),
    Stage("plugged", lambda m: m.ctl("plug", "name=dimm", "size=512M", "node=2")),
    Stage("online", lambda m: m.set_state([32, 33], "online_movable"), online=[32, 33]),
    Stage("loaded", lambda m: m.ctl("load", "kind=mapping", "name=app", "size=32M", "node=2"),
          online=[32, 33], used={2: APP}),
    Stage("offline", lambda m: m.set_state([33, 32], "offline"), used={0: APP}),
    Stage("unplugged", lambda m: m.ctl("unplug", "name=dimm"), used={0: APP}, plugged=False),
]


class Exporter:
    """A running prometheus-node-exporter, on a port that it chose itself."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [tool("prometheus-node-exporter"), f"--path.sysfs={folder}/sys",
             f"--path.procfs={folder}/proc", "--collector.disable-defaults",
             *[f"--collector.{name}" for name in COLLECTORS], "--collector.vmstat.fields=.*",
             "--web.disable-exporter-metrics", "--web.listen-address=127.0.0.1:0"],
            stderr=subprocess.PIPE, text=True)
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            port = re.search(r"127\.0\.0\.1:([1-9]\d*)", line)
            if port:
                self.address = f"http://127.0.0.1:{port[1]}/metrics"
                return
        self.close()
        raise AssertionError("".join(self.log))

    def close(self):
        self.process.kill()
        self.process.communicate(timeout=TIMEOUT)

    def scrape(self):
        """The value of each series, by its name and labels as they are written."""
        with urllib.request.urlopen(self.address, timeout=TIMEOUT) as page:
            lines = page.read().decode().splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if line and line[0] != "#"]
        return {name: float(value) for name, value in pairs}


def at_each_stage(test):
    """The test of a walk, once for each stage and what was seen there."""
    @functools.wraps(test)
    def whole_walk(self):
        for stage, seen in self.seen:
            with self.subTest(stage.name):
                test(self, stage, seen)
    return whole_walk


class Walk(unittest.TestCase):
    """Each subclass is a tool: look() is called at every stage, and tests compare afterwards."""

    @classmethod
    def setUpClass(cls):
        if cls is Walk:
            raise unittest.SkipTest("only what all walks have in common")
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.close)
        cls.begin()
        cls.seen = []
        for stage in STAGES:
            stage.step(cls.machine)
            cls.seen.append((stage, cls.look(cls.machine)))
        cls.end = cls.machine.quit()

    @classmethod
    def begin(cls):
        """Called before the first stage."""


class Truth(Walk):
    """The stages themselves, by the control channel, which knows nothing of the mounted files."""

    @classmethod
    def look(cls, machine):
        return machine.ctl("devices")["devices"], machine.ctl("loads")["loads"]

    @at_each_stage
    def test_devices_are_what_the_stage_says(self, stage, seen):
        devices, _ = seen
        online = {device["name"]: device["online"] for device in devices}
        expected = {"boot0": 8, "boot1": 4}
        if stage.plugged:
            expected["dimm"] = len(stage.online)
        self.assertEqual(online, expected)

    @at_each_stage
    def test_load_is_what_the_stage_says(self, stage, seen):
        _, loads = seen
        self.assertEqual(sum(load["bytes"] for load in loads), stage.total(stage.used))

    def test_all_was_right_at_the_end(self):
        code, output = self.end
        self.assertEqual(code, 0, output)
        self.assertIn("HELD", output)


def ranges(text):
    """The blocks that "0-7" or "32" stands for."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Lsmem(Walk):
    @classmethod
    def look(cls, machine):
        table = machine.lsmem("--json", "--bytes", "--output",
                              "RANGE,SIZE,STATE,REMOVABLE,BLOCK,NODE,ZONES")
        return machine.lsmem("--bytes"), json.loads(table)["memory"]

    @at_each_stage
    def test_blocks(self, stage, seen):
        _, rows = seen
        shown = [(block, row["node"], row["state"]) for row in rows
                 for block in ranges(row["block"])]
        self.assertEqual(shown, stage.blocks)

    @at_each_stage
    def test_addresses_and_sizes(self, _stage, seen):
        _, rows = seen
        for row in rows:
            blocks = ranges(row["block"])
            first, last = [int(word, 16) for word in row["range"].split("-")]
            self.assertEqual(first, blocks[0] * BLOCK)
            self.assertEqual(last, (blocks[-1] + 1) * BLOCK - 1)
            self.assertEqual(int(row["size"]), last + 1 - first)

    @at_each_stage
    def test_zones(self, stage, seen):
        """The first block has two zones, which lsmem calls none; an offline one has a choice."""
        _, rows = seen
        zones = {block: row["zones"] for row in rows for block in ranges(row["block"])}
        expected = {block: "DMA32" if block else "None" for block in range(12)}
        for block in stage.offline:
            expected[block] = "Normal/Movable"
        for block in stage.online:
            expected[block] = "Movable"
        self.assertEqual(zones, expected)

    @at_each_stage
    def test_what_is_online_is_removable(self, _stage, seen):
        _, rows = seen
        for row in rows:
            self.assertEqual(row["removable"], row["state"] == "online")

    @at_each_stage
    def test_totals(self, stage, seen):
        text, _ = seen
        numbers = dict(re.findall(r"(?m)^(.*):\s+(\d+)$", text))
        self.assertEqual(numbers, {
            "Memory block size": str(BLOCK),
            "Total online memory": str(stage.total(stage.size)),
            "Total offline memory": str(len(stage.offline) * BLOCK),
        })


def no_numa_here(done):
    return NO_NUMA in (done.stdout + done.stderr).decode()


class NumactlHardware(Walk):
    @classmethod
    def begin(cls):
        covers(NODE)

    @classmethod
    def look(cls, machine):
        done = machine.exec("numactl", "--hardware")
        if no_numa_here(done):
            raise unittest.SkipTest("this system permits no NUMA policies")
        assert done.returncode == 0, done
        return done.stdout.decode()

    @at_each_stage
    def test_nodes(self, stage, text):
        last = stage.nodes[-1]
        self.assertIn(f"available: {last + 1} nodes (0-{last})\n", text)

    def of_nodes(self, text, what):
        return {int(node): value.split() for node, value in
                re.findall(rf"(?m)^node (\d+) {what}:(.*)$", text)}

    @at_each_stage
    def test_cpus(self, stage, text):
        cpus = {node: list(map(int, words))
                for node, words in self.of_nodes(text, "cpus").items()}
        self.assertEqual(cpus, {node: CPUS[node] for node in stage.nodes})

    @at_each_stage
    def test_sizes(self, stage, text):
        for what, expected in ("size", stage.size), ("free", stage.free):
            self.assertEqual(self.of_nodes(text, what),
                             {node: [str(size // MIB), "MB"]
                              for node, size in expected.items()})

    @at_each_stage
    def test_distances(self, stage, text):
        rows = re.findall(r"(?m)^ +(\d+): +(.*?) *$", text)
        self.assertEqual({int(node): list(map(int, row.split())) for node, row in rows},
                         {node: [DISTANCES[node][other] for other in stage.nodes]
                          for node in stage.nodes})


def table_of_nodes(text):
    """What numastat prints: a dictionary of rows, each a list of numbers by column."""
    rows = [line.split() for line in text.splitlines()]
    return {row[0]: list(map(float, row[1:])) for row in rows
            if len(row) > 2 and all(re.fullmatch(r"[\d.]+", word) for word in row[1:])}


class Numastat(Walk):
    @classmethod
    def begin(cls):
        covers(NODE)

    @classmethod
    def look(cls, machine):
        paths = {node: machine.folder / NODE / f"node{node}" / "numastat" for node in range(3)}
        files = {node: dict(re.findall(r"(\w+) (\d+)", path.read_text()))
                 for node, path in paths.items() if path.exists()}
        return (table_of_nodes(machine.says("numastat")),
                table_of_nodes(machine.says("numastat", "-m")), files)

    @at_each_stage
    def test_counts_are_those_of_the_nodes(self, stage, seen):
        counts, _, files = seen
        self.assertEqual(list(files), stage.nodes)
        for name in files[0]:
            self.assertEqual(counts[name],
                             [float(files[node][name]) for node in stage.nodes], name)

    def test_who_was_asked_and_who_gave(self):
        """The load got all it wanted from the third node; what moved went where nobody asked."""
        counts = {stage.name: counts for stage, (counts, _, _) in self.seen}
        for name in "boot", "plugged", "online":
            self.assertEqual(sum(map(sum, counts[name].values())), 0)
        hits = counts["loaded"]["numa_hit"]
        self.assertEqual(hits[:2], [0, 0])
        self.assertTrue(0 < hits[2] <= APP / PAGE)
        self.assertEqual(counts["loaded"]["other_node"], hits)
        self.assertEqual(sum(counts["loaded"]["numa_miss"]), 0)
        self.assertGreater(counts["offline"]["numa_miss"][0], 0)
        self.assertEqual(counts["offline"]["numa_foreign"][2], counts["offline"]["numa_miss"][0])

    @at_each_stage
    def test_memory(self, stage, seen):
        _, memory, _ = seen
        for name, expected in {"MemTotal": stage.size, "MemFree": stage.free,
                               "MemUsed": stage.used, "AnonPages": stage.used}.items():
            megabytes = [expected[node] / MIB for node in stage.nodes]
            self.assertEqual(memory[name], [*megabytes, sum(megabytes)], name)


class Lstopo(Walk):
    """hwloc counts memory, distances and performance for itself."""

    @classmethod
    def look(cls, machine):
        picture = machine.folder.with_suffix(".png")
        try:
            machine.lstopo("--output-format", "png", "--force", picture)
            png = picture.read_bytes()
        finally:
            picture.unlink(missing_ok=True)
        return (machine.lstopo("--output-format", "console").decode(),
                machine.lstopo("--memattrs").decode(),
                ElementTree.fromstring(machine.lstopo("--output-format", "xml", "-")), png)

    @at_each_stage
    def test_nodes(self, stage, seen):
        _, _, tree, _ = seen
        memory = {int(node.get("os_index")): int(node.get("local_memory", "0"))
                  for node in tree.iter("object") if node.get("type") == "NUMANode"}
        self.assertEqual(memory, stage.size)

    @at_each_stage
    def test_cpus(self, stage, seen):
        _, _, tree, _ = seen
        cpus = [int(item.get("os_index")) for item in tree.iter("object")
                if item.get("type") == "PU"]
        self.assertEqual(cpus, CPUS[0])

    @at_each_stage
    def test_distances(self, stage, seen):
        _, _, tree, _ = seen
        matrix = tree.find("distances2[@type='NUMANode']")
        numbers = list(map(int, "".join(matrix.find("u64values").itertext()).split()))
        self.assertEqual(numbers, [DISTANCES[node][other] for node in stage.nodes
                                   for other in stage.nodes])

    @at_each_stage
    def test_text(self, stage, seen):
        text, _, _, _ = seen
        self.assertIn(f"Machine ({stage.total(stage.size) // MIB}MB total)", text)
        for node, size in stage.size.items():
            shown = re.search(rf"NUMANode L#{node} \(P#{node}(?: (\d+)MB)?\)", text)
            self.assertEqual(int(shown[1] or 0), size // MIB)

    def attribute(self, text, name):
        part = re.search(rf"(?ms)name `{name}' .*?(?=^Memory attribute|\Z)", text)
        return {int(node): int(value)
                for node, value in re.findall(r"NUMANode L#(\d+) = (\d+)", part[0])}

    @at_each_stage
    def test_performance_comes_with_memory(self, stage, seen):
        _, text, _, _ = seen
        with_memory = [node for node in stage.nodes if stage.size[node]]
        self.assertEqual(self.attribute(text, "Capacity"), stage.size)
        for name, expected in {"Latency": LATENCY, "ReadLatency": LATENCY,
                               "WriteLatency": LATENCY, "Bandwidth": BANDWIDTH,
                               "ReadBandwidth": BANDWIDTH,
                               "WriteBandwidth": BANDWIDTH}.items():
            self.assertEqual(self.attribute(text, name),
                             {node: expected[node] for node in with_memory}, name)

    def test_picture(self):
        """A picture, and a wider one while there is a third node to draw."""
        widths = {}
        for stage, (_, _, _, png) in self.seen:
            self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
            widths[stage.name], height = struct.unpack(">II", png[16:24])
            self.assertGreater(height, 0)
        self.assertGreater(widths["online"], widths["boot"])
        self.assertEqual(widths["unplugged"], widths["boot"])


class LstopoInside(Walk):
    """In the place of the system it shows nodes that the system lacks, or would not let it use."""

    @classmethod
    def begin(cls):
        covers(NODE)

    @classmethod
    def look(cls, machine):
        return machine.says("lstopo", "--output-format", "console")

    @at_each_stage
    def test_nodes(self, stage, text):
        nodes = re.findall(r"NUMANode L#\d+ \(P#(\d+)(?: (\d+)MB)?\)", text)
        self.assertEqual({int(node): int(size or 0) * MIB for node, size in nodes}, stage.size)


class Procps(Walk):
    """free and vmstat, of the whole machine."""

    @classmethod
    def look(cls, machine):
        return (machine.says("free", "--bytes"), machine.says("vmstat"),
                machine.says("vmstat", "-s"))

    @at_each_stage
    def test_free(self, stage, seen):
        text, _, _ = seen
        head, memory, swap = [line.split() for line in text.splitlines()]
        memory = dict(zip(head, map(int, memory[1:])))
        self.assertEqual(memory["total"], stage.total(stage.size))
        self.assertEqual(memory["free"], stage.total(stage.free))
        self.assertEqual((memory["shared"], memory["buff/cache"]), (0, 0))
        self.assertTrue(0 < memory["available"] <= memory["free"])
        self.assertEqual(swap[1:], ["0", "0", "0"])

    def test_available_falls_by_what_is_used(self):
        available = {stage.name: int(free.splitlines()[1].split()[-1])
                     for stage, (free, _, _) in self.seen}
        self.assertEqual(available["online"] - available["loaded"], APP)
        self.assertEqual(available["boot"] - available["unplugged"], APP)

    @at_each_stage
    def test_vmstat(self, stage, seen):
        _, text, _ = seen
        _, head, values = [line.split() for line in text.splitlines()]
        shown = dict(zip(head, map(int, values)))
        self.assertEqual(shown["free"], stage.total(stage.free) // 1024)
        self.assertEqual([shown[name] for name in ("swpd", "buff", "cache")], [0, 0, 0])

    @at_each_stage
    def test_vmstat_statistics(self, stage, seen):
        _, _, text = seen
        shown = {name: int(value) for value, name in
                 re.findall(r"(?m)^ *(\d+) (.*)$", text)}
        expected = {"K total memory": stage.total(stage.size),
                    "K free memory": stage.total(stage.free),
                    "K active memory": stage.total(stage.used)}
        for name, size in expected.items():
            self.assertEqual(shown[name], size // 1024, name)
        # This system has read from its disks, the machine has none.
        for name in ("K paged in", "K paged out", "pages swapped in", "pages swapped out"):
            self.assertEqual(shown[name], 0, name)


class NodeExporter(Walk):
    @classmethod
    def begin(cls):
        cls.exporter = Exporter(cls.machine.folder)
        cls.addClassCleanup(cls.exporter.close)

    @classmethod
    def look(cls, machine):
        return {"moved": machine.pages_moved(), **cls.exporter.scrape()}

    def by_labels(self, series, name):
        """{labels: value} of one metric."""
        return {tuple(re.findall(r'"([^"]*)"', labels)): value for labels, value in
                ((key[len(name):], value) for key, value in series.items()
                 if re.match(rf"{name}(\{{|$)", key))}

    @at_each_stage
    def test_collectors_succeed(self, _stage, series):
        self.assertEqual(self.by_labels(series, "node_scrape_collector_success"),
                         {(name,): 1 for name in COLLECTORS})

    @at_each_stage
    def test_meminfo(self, stage, series):
        self.assertEqual(series["node_memory_MemTotal_bytes"], stage.total(stage.size))
        self.assertEqual(series["node_memory_MemFree_bytes"], stage.total(stage.free))
        self.assertEqual(series["node_memory_AnonPages_bytes"], stage.total(stage.used))

    @at_each_stage
    def test_meminfo_of_nodes(self, stage, series):
        for name, expected in {"MemTotal": stage.size, "MemFree": stage.free,
                               "MemUsed": stage.used}.items():
            self.assertEqual(self.by_labels(series, f"node_memory_numa_{name}"),
                             {(str(node),): size for node, size in expected.items()})

    @at_each_stage
    def test_vmstat(self, stage, series):
        self.assertEqual(series["node_vmstat_nr_free_pages"] * PAGE, stage.total(stage.free))
        self.assertEqual(series["node_vmstat_pgmigrate_success"], series["moved"])
        self.assertEqual(series["node_vmstat_pgmigrate_fail"], 0)

    def test_vmstat_counts_what_moved(self):
        moved = {stage.name: series["node_vmstat_pgmigrate_success"] for stage, series in self.seen}
        self.assertEqual(moved["loaded"], 0)
        self.assertGreaterEqual(moved["offline"], APP / PAGE)
        self.assertEqual(moved["unplugged"], moved["offline"])

    @at_each_stage
    def test_buddyinfo(self, stage, series):
        free = {node: 0 for node in stage.nodes}
        for (node, order, _), count in self.by_labels(series, "node_buddyinfo_blocks").items():
            free[int(node)] += int(count * PAGE) << int(order)
        self.assertEqual(free, stage.free)

    @at_each_stage
    def test_zoneinfo(self, stage, series):
        for name, expected in {"present_pages": stage.size, "managed_pages": stage.size,
                               "nr_free_pages": stage.free}.items():
            pages = {node: 0 for node in stage.nodes}
            for (node, _), count in self.by_labels(series, f"node_zoneinfo_{name}").items():
                pages[int(node)] += count * PAGE
            self.assertEqual(pages, expected, name)
        movable = series.get('node_zoneinfo_managed_pages{node="2",zone="Movable"}', 0)
        self.assertEqual(movable * PAGE, len(stage.online) * BLOCK)


class Chmem(unittest.TestCase):
    """chmem writes, so each test has a machine of its own."""

    def setUp(self):
        covers(MEMORY)
        self.machine = Machine()
        self.addCleanup(self.machine.close)
        self.machine.ctl("plug", "name=dimm", "size=512M", "node=2")

    def chmem(self, *words, fails=False):
        done = self.machine.exec("chmem", *words)
        self.assertEqual(done.returncode != 0, fails, done)
        return (done.stdout + done.stderr).decode()

    def state(self, block):
        return self.machine.read(f"{MEMORY}/memory{block}/state").strip()

    def states(self, blocks=DIMM):
        return [self.state(block) for block in blocks]

    def zones(self, blocks=DIMM):
        return [self.machine.read(f"{MEMORY}/memory{block}/valid_zones").strip()
                for block in blocks]

    def online(self):
        devices = self.machine.ctl("devices")["devices"]
        return {device["name"]: device["online"] for device in devices}

    def test_range_of_blocks(self):
        self.chmem("--enable", "-b", "33-34")
        self.assertEqual(self.states(), ["offline", "online", "online", "offline"])
        self.assertEqual(self.online()["dimm"], 2)
        self.chmem("--disable", "-b", "33-34")
        self.assertEqual(self.online()["dimm"], 0)

    def test_range_of_addresses(self):
        first, last = DIMM[1] * BLOCK, DIMM[3] * BLOCK - 1
        self.chmem("--enable", f"{first:#x}-{last:#x}")
        self.assertEqual(self.states(), ["offline", "online", "online", "offline"])

    def test_zone(self):
        self.chmem("--enable", "--zone", "Movable", "-b", "32")
        self.chmem("--enable", "--zone", "Normal", "-b", "35")
        self.assertEqual(self.zones([32, 35]), ["Movable", "Normal"])

    def test_zone_that_the_block_cannot_be_in(self):
        said = self.chmem("--enable", "--zone", "DMA32", "-b", "32", fails=True)
        self.assertIn("Zone mismatch", said)
        self.assertEqual(self.states(), ["offline"] * 4)

    def test_size(self):
        """The lowest that is offline goes online, the highest that is online goes offline."""
        self.chmem("--enable", "256M")
        self.assertEqual(self.states(), ["online", "online", "offline", "offline"])
        self.chmem("--disable", "128M")
        self.assertEqual(self.states(), ["online", "offline", "offline", "offline"])

    def test_memory_in_use_moves(self):
        self.chmem("--enable", "--zone", "Movable", "-b", "32-35")
        self.machine.ctl("load", "kind=mapping", "name=app", "size=32M", "node=2")
        self.chmem("--disable", "-b", "32-35")
        self.assertEqual(self.online()["dimm"], 0)
        self.assertGreaterEqual(self.machine.pages_moved(), APP // PAGE)
        code, output = self.machine.quit()
        self.assertEqual(code, 0, output)

    def test_refusal_reaches_the_user(self):
        self.chmem("--enable", "-b", "35")
        self.machine.ctl("veto", "name=driver", "event=GOING_OFFLINE")
        said = self.chmem("--disable", "-b", "35", fails=True)
        self.assertIn("Device or resource busy", said)
        self.assertEqual(self.state(35), "online")
        self.assertIn("(driver)", self.machine.read("tidepool/last_offline"))
        self.machine.ctl("stop", "name=driver")
        self.chmem("--disable", "-b", "35")
        self.assertEqual(self.state(35), "offline")

    def test_block_with_two_zones_stays(self):
        said = self.chmem("--disable", "-b", "0", fails=True)
        self.assertIn("Invalid argument", said)
        self.assertEqual(self.state(0), "online")

    def test_what_is_already_so(self):
        self.assertIn("already disabled", self.chmem("--verbose", "--disable", "-b", "32"))
        self.assertIn("already enabled", self.chmem("--verbose", "--enable", "-b", "3"))

    def test_this_system_is_left_alone(self):
        """A private view is private: outside, the system's own blocks are what they were."""
        outside = Path("/", MEMORY)
        before = sorted(os.listdir(outside)) if outside.exists() else None
        self.chmem("--enable", "-b", "32-35")
        after = sorted(os.listdir(outside)) if outside.exists() else None
        self.assertEqual(before, after)
        self.assertNotIn(str(self.machine.folder) + "/sys", Path("/proc/mounts").read_text())


class PluggedOnline(unittest.TestCase):
    """A device whose policy brings it online at once: no tool sees it half there."""

    def test_all_at_once(self):
        machine = Machine()
        self.addCleanup(machine.close)
        covers(NODE)
        answer = machine.ctl("plug", "name=dimm", "size=512M", "node=2", "online=movable")
        self.assertEqual(answer["device"]["online"], 4)
        rows = json.loads(machine.lsmem("--json", "--output", "BLOCK,STATE,ZONES"))["memory"]
        self.assertIn({"block": "32-35", "state": "online", "zones": "Movable"}, rows)
        self.assertIn("2G", machine.lsmem().split("Total online memory:")[1])
        self.assertIn(f"{2048 * MIB}", machine.says("free", "--bytes"))
        machine.ctl("load", "kind=mapping", "name=app", "size=32M", "node=2", "small_pages=true")
        self.assertEqual(table_of_nodes(machine.says("numastat"))["numa_hit"], [0, 0, APP / PAGE])
        machine.ctl("unplug", "name=dimm")
        self.assertIn(f"{1536 * MIB}", machine.says("free", "--bytes"))
        self.assertEqual(machine.quit()[0], 0)


if __name__ == "__main__":
    unittest.main()
