#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The trace of a whole run: a lane for everything, bars that nest, and the veto in plain sight."""

import json
import os
import subprocess
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

TIDEPOOL = os.environ["TIDEPOOL"]
SCENARIOS = Path(os.environ["TP_SOURCE"]) / "scenarios"

CONSUMERS = {"slab", "reclaim", "memory-tiers", "cpuset", "cxl", "hmat", "first listener",
             "last listener"}
# A bar of each of the two chains, as any consumer of both hears them when memory leaves.
GOING = ["BECOMING_MEMORYLESS", "GOING_OFFLINE", "BECAME_MEMORYLESS", "OFFLINE", "FINISH_OFFLINE"]


def nanoseconds(microseconds):
    return round(microseconds * 1000)


class Trace:
    """A trace file, by names of processes and lanes."""

    def __init__(self, script, *args):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trace.json"
            self.run = subprocess.run(
                [TIDEPOOL, "run", "--json", "--trace", str(path), str(SCENARIOS / script), *args],
                capture_output=True, text=True, check=False)
            whole = json.loads(path.read_text())
        self.lost = int(whole["otherData"]["lost"])
        self.all = whole["traceEvents"]
        self.events = [event for event in self.all if event["ph"] != "M"]
        self.processes = self.meta("process_name", "name")
        self.lanes = self.meta("thread_name", "name")
        self.steps = [line for line in map(json.loads, self.run.stdout.splitlines())
                      if line["type"] == "step"]

    def meta(self, what, key):
        """What is said of each process or lane; saying it twice would be a mistake."""
        found = {}
        for event in self.all:
            if event["ph"] == "M" and event["name"] == what:
                where = event["pid"] if what.startswith("process") else (event["pid"], event["tid"])
                assert where not in found, event
                found[where] = event["args"][key]
        return found

    def bars(self):
        """(begin, end, event) of every lane, in nanoseconds, however the file writes bars."""
        lanes = defaultdict(list)
        open_bars = defaultdict(list)
        for event in self.events:
            where = event["pid"], event.get("tid")
            begin = nanoseconds(event["ts"])
            if event["ph"] == "X":
                lanes[where].append((begin, begin + nanoseconds(event["dur"]), event))
            elif event["ph"] == "B":
                open_bars[where].append(event)
            elif event["ph"] == "E":
                first = open_bars[where].pop()
                lanes[where].append((nanoseconds(first["ts"]), begin, first))
        assert not any(open_bars.values()), open_bars
        return lanes

    def lane(self, process, name):
        """The bars of one lane, in order."""
        for where, bars in self.bars().items():
            if self.processes[where[0]] == process and self.lanes[where] == name:
                return [event for _, _, event in sorted(bars, key=lambda bar: bar[:2])]
        return []

    def ticks(self, process, name):
        return [event["name"] for event in self.events if event["ph"] == "i" and
                self.processes[event["pid"]] == process and
                self.lanes[event["pid"], event["tid"]] == name]

    def names(self, process):
        return {name for (pid, _), name in self.lanes.items() if self.processes[pid] == process}


class Whole(unittest.TestCase):
    """What holds for every trace."""

    @classmethod
    def setUpClass(cls):
        cls.traces = {"veto": Trace("veto.lua"),
                      "replug": Trace("replug.lua", "size=256M", "turns=2"),
                      "net": Trace("net.lua", "seconds=0.2", "brief=yes")}

    def test_run_held_and_nothing_was_lost(self):
        for name, trace in self.traces.items():
            with self.subTest(name):
                self.assertEqual(trace.run.returncode, 0, trace.run.stdout + trace.run.stderr)
                self.assertEqual(trace.lost, 0)

    def test_everything_is_named_and_sorted(self):
        for name, trace in self.traces.items():
            with self.subTest(name):
                where = {(event["pid"], event["tid"]) for event in trace.events
                         if event["ph"] != "C"}
                self.assertLessEqual(where, set(trace.lanes))
                self.assertLessEqual({event["pid"] for event in trace.events},
                                     set(trace.processes))
                self.assertEqual(set(trace.meta("thread_sort_index", "sort_index")),
                                 set(trace.lanes))
                places = trace.meta("process_sort_index", "sort_index")
                self.assertEqual(set(places), set(trace.processes))
                self.assertEqual(len(set(places.values())), len(places))

    def test_no_time_is_negative(self):
        for name, trace in self.traces.items():
            with self.subTest(name):
                self.assertTrue(trace.events)
                for event in trace.events:
                    self.assertGreaterEqual(event["ts"], 0, event)
                    self.assertGreaterEqual(event.get("dur", 0), 0, event)

    def test_bars_nest(self):
        for name, trace in self.traces.items():
            for where, bars in trace.bars().items():
                with self.subTest(name, lane=trace.lanes[where]):
                    around = []
                    for begin, end, event in sorted(bars, key=lambda bar: (bar[0], -bar[1])):
                        self.assertLessEqual(begin, end)
                        while around and around[-1] <= begin:
                            around.pop()
                        self.assertTrue(not around or end <= around[-1], event)
                        around.append(end)

    def test_one_lane_per_node_consumer_and_cpu(self):
        cpus = {f"CPU {n}" for n in range(os.cpu_count())}
        for name, trace in self.traces.items():
            nodes = {"node 0", "node 1", "node 2"} if name == "replug" else {"node 0", "node 1"}
            with self.subTest(name):
                self.assertEqual(trace.names("machine 1: nodes"), nodes)
                self.assertEqual(trace.names("machine 1: consumers"),
                                 CONSUMERS | ({"avf0", "avf1"} if name == "net" else {"driver"}))
                self.assertTrue(trace.names("machine 1: CPUs"))
                self.assertLessEqual(trace.names("machine 1: CPUs"), cpus)
                self.assertEqual(trace.names("script"), {"steps"})

    def test_every_step_has_a_bar(self):
        for name, trace in self.traces.items():
            with self.subTest(name):
                self.assertEqual(len(trace.lane("script", "steps")), len(trace.steps))

    def test_every_event_is_on_a_cpu(self):
        """What a node shows as a tick is a tick on some CPU too."""
        for name, trace in self.traces.items():
            with self.subTest(name):
                on_cpus = [tick for lane in trace.names("machine 1: CPUs")
                           for tick in trace.ticks("machine 1: CPUs", lane)]
                for event in ("plug", "isolate", "notifier_call_begin", "offline_end"):
                    self.assertIn(event, on_cpus)

    def test_nodes_show_what_the_steps_say(self):
        """Offline bars and the steps that took memory away are the same story."""
        for name, trace in self.traces.items():
            with self.subTest(name):
                expected = [step["err"] for step in trace.steps
                            if step["verb"] in ("offline", "unplug") and step["report"]]
                shown = [bar["args"]["err"] for node in sorted(trace.names("machine 1: nodes"))
                         for bar in trace.lane("machine 1: nodes", node)
                         if bar["name"].startswith("offline")]
                self.assertEqual(shown, expected)

    def test_moved_pages_are_those_of_the_steps(self):
        trace = self.traces["replug"]
        shown = [event["args"]["pages"] for event in trace.events
                 if event["ph"] == "C" and event["name"] == "node 2: pages moved"]
        self.assertEqual(shown, sorted(shown))
        moved = sum(step["report"]["pages_moved"] for step in trace.steps if step["report"])
        self.assertTrue(0 < moved <= shown[-1], (moved, shown))

    def test_loads_are_bars(self):
        trace = self.traces["replug"]
        self.assertEqual(trace.names("machine 1: loads"),
                         {"ledger", "pages", "objects", "app", "rdma"})
        self.assertEqual([bar["name"] for bar in trace.lane("machine 1: loads", "pages")],
                         ["churn"])

    # ---- the network ----

    def counters(self, name):
        """What each counter of the network showed, in order of time."""
        trace = self.traces[name]
        shown = defaultdict(list)
        for event in trace.events:
            if event["ph"] == "C" and trace.processes[event["pid"]] == "machine 1: network":
                [value] = event["args"].values()
                shown[event["name"]].append(value)
        return shown

    def test_network_devices_show_what_they_count(self):
        shown = self.counters("net")
        for name, values in shown.items():
            self.assertRegex(name, r"^avf[01]: ([rs]q[01]|[rt]x)_[a-z_]+$")
            self.assertTrue(all(values), "what has counted nothing is not shown")
        for queue in ("avf0: sq0", "avf0: rq1", "avf1: rq0", "avf1: sq1"):
            self.assertGreater(shown[f"{queue}_packets"][-1], 0)
            self.assertGreater(shown[f"{queue}_bytes"][-1], 60 * shown[f"{queue}_packets"][-1] - 1)
        # Another number of queues makes the first one's begin anew.
        for name in (name for name in shown if name.startswith("avf1")):
            self.assertEqual(shown[name], sorted(shown[name]), name)

    def test_machines_without_network_show_none(self):
        self.assertEqual((self.counters("veto"), self.counters("replug")), ({}, {}))
        self.assertNotIn("machine 1: network", self.traces["veto"].processes.values())

    # ---- the veto ----

    def test_vetoes_are_visible(self):
        bars = self.traces["veto"].lane("machine 1: consumers", "driver")
        self.assertEqual([bar["name"] for bar in bars if bar["args"]["vetoed"]],
                         ["BECOMING_MEM_AWARE: EBUSY", "GOING_ONLINE: EBUSY",
                          "BECOMING_MEMORYLESS: EBUSY", "GOING_OFFLINE: EBUSY"])
        self.assertTrue(all(bar["args"]["answer"] == "EBUSY" for bar in bars
                            if bar["args"]["vetoed"]))

    def test_who_accepted_is_told_that_it_was_cancelled(self):
        """After the last veto: announced, announced, and both taken back, newest first."""
        bars = self.traces["veto"].lane("machine 1: consumers", "first listener")
        names = [bar["name"] for bar in bars]
        at = len(names) - names[::-1].index("CANCEL_OFFLINE") - 1
        self.assertEqual(names[at - 2:at + 2], ["BECOMING_MEMORYLESS", "GOING_OFFLINE",
                                                "CANCEL_OFFLINE", "CANCEL_MEMORYLESS"])

    def test_last_offline_is_told_in_order(self):
        bars = self.traces["veto"].lane("machine 1: consumers", "last listener")
        self.assertEqual([bar["name"] for bar in bars][-len(GOING):], GOING)
        ticks = self.traces["veto"].ticks("machine 1: nodes", "node 1")
        self.assertEqual([tick for tick in ticks if tick in GOING][-len(GOING):], GOING)


class Gpu(unittest.TestCase):
    """A GPU with two GTs that works, and is reset."""

    SCRIPT = """
        local m = tp.machine { nodes = { { dram = "32M", cpus = 2 } }, block_size = "16M" }
        local g = assert(m:gpu { platform = "mtl" })
        local w = assert(m:gpu_work { gpu = "gpu0", threads = 1, objects = 8, size = "16K" })
        repeat tp.sleep "5ms" until g:stats().full + g:stats().range > 3
        assert(g:reset())
        assert(w:stop())
    """

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "gpu.lua"
            script.write_text(cls.SCRIPT)
            cls.trace = Trace(script)

    def test_run_held(self):
        self.assertEqual(self.trace.run.returncode, 0, self.trace.run.stdout)

    def test_each_gt_has_bars_of_invalidations_and_of_its_reset(self):
        for gt in ("gt0", "gt1"):
            self.assertIn("reset", [bar["name"] for bar in self.trace.lane(
                "machine 1: GPUs", f"gpu0 {gt}: resets")])
        bars = [bar for gt in ("gt0", "gt1") for bar in self.trace.lane(
            "machine 1: GPUs", f"gpu0 {gt}: invalidations")]
        self.assertTrue(bars)
        self.assertTrue(all(bar["name"] == "invalidate" and bar["args"]["err"] is None
                            for bar in bars))
        for bars in self.trace.bars().values():
            ends = [(begin, end) for begin, end, _ in sorted(bars, key=lambda bar: bar[0])]
            self.assertTrue(all(a[1] <= b[0] or b[1] <= a[1] for a, b in zip(ends, ends[1:])))

    def test_what_became_of_releases_adds_up(self):
        last = {}
        for event in self.trace.events:
            if event["ph"] == "C" and \
                    self.trace.processes[event["pid"]] == "machine 1: GPUs":
                [last[event["name"]]] = event["args"].values()
        requested = last["gpu0 gt0: tlb requested"]
        self.assertGreater(requested, 0)
        self.assertEqual(requested, sum(last.get(f"gpu0 gt0: tlb {name}", 0) for name in
                                        ("elided", "asleep", "full", "range")))


if __name__ == "__main__":
    unittest.main()
