#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tidepool gpu on a mounted machine, beside the files of its GPUs; and wrong use."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from mounted import (HELD, NO_MACHINE, REFUSED, TIDEPOOL, USAGE, CommandTest, MountedTest, command,
                     ctl, wait_for)

SOURCE = Path(os.environ["TP_SOURCE"])
ANSWERS = ("elided", "asleep", "full", "range")
TLB = ("requested", *ANSWERS, "timeouts")
# A GPU with two GTs, and one with video memory at which somebody works.
SCRIPT = """
local m = tp.machine { nodes = { { dram = "64M", cpus = 2 } }, block_size = "32M" }
assert(m:gpu { platform = "mtl" })
assert(m:gpu { platform = "dg1", vram = "4M" })
assert(m:gpu_work { name = "work", gpu = "gpu1", threads = 1, objects = 8, vram = 25,
                    size = "16K" })
"""


class Gpu(CommandTest):
    COMMAND = "gpu"
    SCRIPT = SCRIPT

    def info(self, name):
        return self.ask("show", name)["gpus"][0]

    def stats(self, name):
        return self.ask("stats", name)["gpu_stats"]

    def card(self, *parts):
        return self.mounted.path("sys/class/drm/card1", *parts)

    def debug(self, *parts):
        return self.mounted.path("sys/kernel/debug/dri/1", *parts)

    def rest(self):
        """Nobody works any more, and what work had was given back."""
        self.assertEqual(ctl(self.m, "stop", "name=work").returncode, 0)
        self.assertTrue(wait_for(lambda: not (self.info("gpu1")["vms"] or
                                              self.info("gpu1")["objects"])))

    def works(self):
        before = self.info("gpu1")["engines"][0]["completed"]
        return wait_for(lambda: self.info("gpu1")["engines"][0]["completed"] > before)

    # ---- looking ----

    def test_show_lists_all_or_one(self):
        text = self.expect(HELD, "show", self.m).stdout
        self.assertEqual(re.findall(r"^(\w+): running, (\w+), driver intel$", text, re.M),
                         [("gpu0", "mtl"), ("gpu1", "dg1")])
        self.assertIn(" of 4 MiB of video memory\n", text)
        for engine in ("rcs0      0", "ccs0      0", "vcs2      1", "gsc0      1"):
            self.assertIn(f"\n  {engine}", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        one = self.expect(HELD, "show", self.m, "gpu0").stdout
        self.assertEqual(re.findall(r"^(\w+): ", one, re.M), ["gpu0"])
        self.assertEqual([g["name"] for g in self.ask("show")["gpus"]], ["gpu0", "gpu1"])

    def test_show_says_what_the_files_say(self):
        self.assertTrue(self.works())
        info = self.info("gpu1")
        self.assertEqual([e.name for e in self.card("engine").iterdir()],
                         [e["name"] for e in info["engines"]])
        self.assertEqual(len(list(self.mounted.path("sys/class/drm/card0/gt").iterdir())),
                         self.info("gpu0")["gts"])
        self.assertEqual(self.card("device/mem_info_vram_total").read_text(),
                         f"{info['bytes_vram_total']}\n")
        self.assertEqual(self.card("device/vendor").read_text(), "0x8086\n")
        self.assertRegex(self.card("device/device").read_text(), r"^0x49[0-9a-f]{2}\n$")
        self.assertEqual(self.mounted.path("tidepool/gpu/gpu1/state").read_text(), "running\n")
        self.assertEqual(os.readlink(self.mounted.path("sys/class/drm/card1")),
                         "../../devices/virtual/drm/card1")

    def test_stats_are_books_that_balance(self):
        self.assertTrue(self.works())
        before = self.stats("gpu1")
        self.assertTrue(wait_for(lambda: self.stats("gpu1")["tlb"][0]["full"] >
                                 before["tlb"][0]["full"]))
        self.rest()
        after = self.stats("gpu1")
        [tlb] = after["tlb"]
        self.assertEqual(tlb["requested"], sum(tlb[name] for name in ANSWERS))
        self.assertTrue(all(tlb[name] >= before["tlb"][0][name] for name in TLB))
        self.assertGreater(sum(tlb["latency"]), 0)
        self.assertEqual(len(self.stats("gpu0")["tlb"]), 2)

    def test_stats_agree_with_the_files(self):
        self.assertTrue(self.works())
        self.rest()
        stats = self.stats("gpu1")
        [tlb] = stats["tlb"]
        lines = self.debug("gt0/stats").read_text().splitlines()
        self.assertEqual(dict(line.split(": ") for line in lines),
                         {f"tlb_inval_{name}": str(tlb[name]) for name in TLB})
        bounds = [line.split() for line in
                  self.debug("gt0/tlb_inval_latency").read_text().splitlines()]
        self.assertEqual([int(count) for _, count in bounds], tlb["latency"])
        lines = self.mounted.path("tidepool/gpu/gpu1/stats").read_text().splitlines()
        self.assertEqual(dict(line.split() for line in lines),
                         {key: str(value) for key, value in stats.items() if key != "tlb"})
        text = self.expect(HELD, "stats", self.m, "gpu1").stdout
        for name in TLB:
            self.assertRegex(text, rf"(?m)^{name} +{tlb[name]}$")

    # ---- resetting ----

    def test_reset(self):
        self.assertEqual(self.ask("reset", "gpu1")["gpu"]["state"], "running")
        self.assertIn("gpu1: running", self.expect(HELD, "reset", self.m, "gpu1").stdout)
        self.assertEqual(self.stats("gpu1")["resets"], 2)
        self.assertTrue(self.works())

    def test_reset_by_a_file(self):
        self.debug("i915_wedged").write_text("1")
        self.debug("gt0/reset").write_text("0xff\n")
        self.assertEqual(self.stats("gpu1")["resets"], 2)
        self.assertEqual(self.debug("i915_wedged").read_text(), "0\n")
        with self.assertRaises(OSError):
            self.debug("i915_wedged").write_text("all")
        self.assertTrue(self.works())

    # ---- refused ----

    def test_no_such_gpu(self):
        for words in (("show", self.m, "card0"), ("stats", self.m, "card0"),
                      ("reset", self.m, "card0")):
            output = self.expect(REFUSED, *words)
            self.assertIn("there is no GPU", output.stderr)
            self.assertIn("card0", output.stderr)
            self.assertEqual(output.stdout, "")

    def test_wrong_use(self):
        for words, why in (
                ((), "try: tidepool gpu show DIR"), (("show",), "at which mount"),
                (("fly", self.m), 'there is no "fly"'),
                (("set", self.m, "gpu0"), "what there is: show|stats|reset|dump DIR"),
                (("stats", self.m), "which GPU?"), (("reset", self.m), "which GPU?"),
                (("dump", self.m), "which GPU?"), (("dump", self.m, "gpu0"), "which folder?"),
                (("show", self.m, "gpu0", "x=1"), '"x=1" is one word too many'),
                (("reset", self.m, "gpu0", "name=gpu1"), "is one word too many"),
                (("reset", self.m, "gpu0", "gpu1"), '"gpu1" is one word too many')):
            output = self.expect(USAGE, *words)
            self.assertIn(why, output.stderr)
            self.assertEqual(output.stdout, "")

    def test_no_machine(self):
        for folder in (self.scratch / "none", self.scratch, "/proc"):
            output = self.expect(NO_MACHINE, "show", folder)
            self.assertIn("is no mounted machine", output.stderr)

    # ---- the same as others say it ----

    def test_ctl_does_the_same(self):
        self.rest()
        # Engines fall asleep when they like.
        self.assertEqual(*[re.sub("awake|-    ", "", text) for text in
                           (ctl(self.m, "gpu").stdout, self.expect(HELD, "show", self.m).stdout)])
        self.assertEqual(ctl(self.m, "gpu_stats", "name=gpu1").stdout,
                         self.expect(HELD, "stats", self.m, "gpu1").stdout)
        self.assertEqual(ctl(self.m, "gpu_reset", "name=gpu1").returncode, HELD)
        self.assertIn("no GPU eth0", ctl(self.m, "gpu_stats", "name=eth0").stderr)

    def test_completion_asks_the_mount(self):
        text = f"""
            . {SOURCE}/src/cli/tidepool.bash
            COMP_WORDS=({TIDEPOOL} gpu reset {self.m} gpu) COMP_CWORD=4
            _tidepool; echo "${{COMPREPLY[*]}}"
            COMP_WORDS=({TIDEPOOL} gpu s) COMP_CWORD=2
            _tidepool; echo "${{COMPREPLY[*]}}"
        """
        output = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
        self.assertEqual(output.stdout, "gpu0 gpu1\nshow stats\n")

    # ---- many at once ----

    def test_many_clients_at_once(self):
        """They reset and read at a time, while the GPU works."""
        resets = [subprocess.Popen(["sh", "-c", f"""
            for n in 1 2 3 4 5; do
                '{TIDEPOOL}' gpu reset '{self.m}' {name} >/dev/null || exit 1
            done"""]) for name in ("gpu0", "gpu1", "gpu1")]
        while any(reset.poll() is None for reset in resets):
            for tlb in self.stats("gpu1")["tlb"]:
                self.assertLessEqual(tlb["full"], tlb["requested"])
            self.assertTrue(self.debug("i915_engine_info").read_text().startswith("rcs0\n"))
        self.assertEqual([reset.returncode for reset in resets], [0, 0, 0])
        self.assertEqual(self.stats("gpu1")["resets"], 10)
        self.assertEqual(json.loads(ctl(self.m, "--json", "check").stdout)["findings"], 0)
        self.assertTrue(self.works())


class Tour(MountedTest):
    """The guided tour of docs/gpu.md."""

    def test_mounted_scenario(self):
        mount = self.mount("--quiet", script=SOURCE / "scenarios" / "gpu_tlb.lua")
        self.assertIn("gpu0: running, dg2", command("gpu", "show", mount.folder).stdout)
        text = command("gpu", "stats", mount.folder, "gpu0").stdout
        self.assertRegex(text, r"(?m)^timeouts +[1-9]")
        self.assertRegex(text, r"(?m)^ *under \d+ us +\d+  #+$")
        self.assertEqual(ctl(mount.folder, "quit").returncode, 0)
        self.assertEqual(mount.ends(), 0)


if __name__ == "__main__":
    unittest.main()
