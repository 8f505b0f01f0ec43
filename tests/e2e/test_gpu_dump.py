#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tidepool gpu dump, and a walker that knows nothing of Tidepool: before and after a loss."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from mounted import HELD, REFUSED, CommandTest, wait_for

SOURCE = Path(os.environ["TP_SOURCE"])
FILES = {"vram.img", "mappings.txt", "registers.txt", "streams.bin", "accesses.txt"}
THREADS = 2
SCRIPT = """
local m = tp.machine { nodes = { { dram = "96M", cpus = 2 } }, block_size = "32M" }
local g = assert(m:gpu { platform = "vega10", vram = "8M", updates = "UPDATES" })
assert(m:gpu { platform = "dg1", vram = "4M" })
assert(m:gpu_work { name = "work", gpu = "gpu0", threads = THREADS, objects = 8, vram = 50,
                    user = 25, size = "16K" })
assert(g:lose_vram { leaves = "garbage" })
tp.sleep "100ms"
assert(g:reset { method = "mode1" })
""".replace("THREADS", str(THREADS))


class Dump(CommandTest):
    COMMAND = "gpu"
    SCRIPT = SCRIPT.replace("UPDATES", "sdma")

    def setUp(self):
        super().setUp()
        self.dumped = self.scratch / "d"
        self.dumped.mkdir()

    def info(self):
        return self.ask("show", "gpu0")["gpus"][0]

    def walk(self):
        return subprocess.run([sys.executable, SOURCE / "examples" / "gpu_walk.py", self.dumped],
                              capture_output=True, text=True, timeout=60, check=False)

    def works(self):
        before = self.info()["engines"][0]["completed"]
        return wait_for(lambda: self.info()["engines"][0]["completed"] > before + 20)

    def pages(self):
        """How many translate, of each address space; all of them as they should."""
        output = self.walk()
        self.assertEqual(output.returncode, 0, output.stdout + output.stderr)
        return [int(n) for n in re.findall(r"(\d+) pages translate", output.stdout)]

    def dump_of_both(self):
        """A worker ends now and then and begins anew: dumped again until both had something."""
        def shown():
            self.ask("dump", "gpu0", self.dumped)
            pages = self.pages()
            self.assertLessEqual(len(pages), THREADS)
            return len(pages) == THREADS and all(pages)
        self.assertTrue(wait_for(shown))

    def test_every_translation_is_as_it_should_be(self):
        self.assertTrue(self.works())
        self.assertEqual(self.ask("stats", "gpu0")["gpu_stats"]["vram_losses"], 1)
        text = self.expect(HELD, "dump", self.m, "gpu0", self.dumped).stdout
        self.assertRegex(text, r"^[56] files with [0-9.]+ [KM]iB in ")
        self.assertLessEqual(FILES, {path.name for path in self.dumped.iterdir()})
        self.dump_of_both()
        lines = (self.dumped / "accesses.txt").read_text().splitlines()
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, r"^\d+ (gfx|sdma[01]) \d+ [rw] 0x[0-9a-f]+ \d+ (vram|system) "
                                   r"0x[0-9a-f]+ (walked|remembered|fault)$")

    def test_the_walker_sees_a_wrong_entry(self):
        """One bit of whatever in the image looks like a leaf."""
        self.assertTrue(self.works())
        self.dump_of_both()
        image = bytearray((self.dumped / "vram.img").read_bytes())
        words = memoryview(image).cast("Q")
        for i, word in enumerate(words):
            if word & 0x61 == 0x61 and not word >> 57:
                words[i] ^= 1 << 13
        words.release()
        (self.dumped / "vram.img").write_bytes(image)
        output = self.walk()
        self.assertEqual(output.returncode, 1)
        self.assertIn("pages are wrong", output.stdout)

    def test_the_walker_sees_entries_that_lead_nowhere(self):
        self.assertTrue(self.works())
        self.dump_of_both()
        image = self.dumped / "vram.img"
        image.write_bytes(b"\x01\xf0\xff\xff\xff\xff\x00\x00" * (image.stat().st_size // 8))
        output = self.walk()
        self.assertEqual(output.returncode, 1, output.stderr)
        self.assertIn("leads to no table", output.stdout)

    def test_the_walker_wants_all_of_a_dump(self):
        self.ask("dump", "gpu0", self.dumped)
        (self.dumped / "mappings.txt").write_text("")
        self.assertEqual(self.walk().returncode, 2)
        for missing in ("vram.img", "mappings.txt"):
            self.ask("dump", "gpu0", self.dumped)
            (self.dumped / missing).unlink()
            output = self.walk()
            self.assertEqual(output.returncode, 2)
            self.assertIn("is no whole dump", output.stderr)
            self.assertNotIn("Traceback", output.stderr)

    def test_nothing_of_an_earlier_dump_stays(self):
        (self.dumped / "tables.bin").write_bytes(b"of before")
        (self.dumped / "notes.txt").write_text("mine")
        self.ask("dump", "gpu0", self.dumped)
        tables = self.dumped / "tables.bin"
        self.assertTrue(not tables.exists() or tables.stat().st_size % 4104 == 0)
        self.assertEqual((self.dumped / "notes.txt").read_text(), "mine")

    def test_a_dump_that_fails_leaves_nothing(self):
        """A folder has the name of a file that comes late."""
        (self.dumped / "accesses.txt").mkdir()
        (self.dumped / "accesses.txt" / "mine").touch()
        self.assertIn("accesses.txt cannot be written",
                      self.expect(REFUSED, "dump", self.m, "gpu0", self.dumped).stderr)
        self.assertEqual([path.name for path in self.dumped.iterdir()], ["accesses.txt"])

    def test_refused(self):
        for name, folder, why in (("gpu1", self.dumped, "cannot be dumped"),
                                  ("gpu0", self.scratch / "none", "cannot be written"),
                                  ("card0", self.dumped, "there is no GPU")):
            self.assertIn(why, self.expect(REFUSED, "dump", self.m, name, folder).stderr)


class DumpByCpu(Dump):
    SCRIPT = SCRIPT.replace("UPDATES", "cpu")


if __name__ == "__main__":
    unittest.main()
