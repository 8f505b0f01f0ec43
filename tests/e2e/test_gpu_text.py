#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tidepool gpu prints for people, of a GPU that is in every state: the machine is made up."""

import json
import os
import pty
import re
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import unittest
from fcntl import ioctl
from pathlib import Path

TIDEPOOL = os.environ["TIDEPOOL"]
PLAIN = {key: value for key, value in os.environ.items()
         if key not in ("COLUMNS", "NO_COLOR", "TERM")} | {"TERM": "xterm"}

GPU = {"name": "gpu0", "driver": "intel", "platform": "mtl", "state": "running", "gts": 2,
       "engines": [{"name": "rcs0", "gt": 0, "awake": True, "submitted": 1234, "completed": 1230,
                    "failed": 4},
                   {"name": "vecs0", "gt": 1, "awake": False, "submitted": 0, "completed": 0,
                    "failed": 0}],
       "vms": 2, "objects": 48, "bound": 40, "bytes_system": 12 << 20, "bytes_vram": 0,
       "bytes_vram_total": 0, "bytes_tables": 0, "bytes_quarantined": 0}


def caches(latency=(), **counters):
    return {"requested": 0, "elided": 0, "asleep": 0, "full": 0, "range": 0, "timeouts": 0,
            **counters, "latency": [*latency, *[0] * (16 - len(latency))], "seqno": 2}


def stats(*tlb):
    return {"tlb": list(tlb), "resets": 1, "resets_failed": 0, "bytes_quarantined": 8192,
            "bytes_released": 8192, "evictions": 0, "shrunk": 0, "pages_moved": 77, "faults": 0,
            "swapped": 0, "vram_losses": 0, "canceled": 0, "rebuilds": 0, "table_entries": 0,
            "table_jobs": 0}


class Machine:
    """A folder that says where to ask, and somebody who gives each request the same answer."""

    def __init__(self, **answer):
        self.answer = {"schema": 2, "type": "answer", "id": None, "ok": True, "err": None,
                       "error": None, **answer}
        self.folder = tempfile.TemporaryDirectory()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind("")
        self.socket.listen()
        own = Path(self.folder.name) / "tidepool"
        own.mkdir()
        (own / "control").write_bytes(b"@" + self.socket.getsockname()[1:] + b"\n")

    def serve(self):
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rw") as stream:
            self.request = json.loads(stream.readline())
            stream.write(json.dumps(self.answer) + "\n")

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self.folder.name

    def __exit__(self, *_):
        self.thread.join()
        self.socket.close()
        self.folder.cleanup()


def gpu(verb, *words, env=PLAIN, **answer):
    """What is printed into a pipe."""
    with Machine(**answer) as folder:
        output = subprocess.run([TIDEPOOL, "gpu", verb, folder, *words], env=env, text=True,
                                stdin=subprocess.DEVNULL, capture_output=True, check=True,
                                timeout=30)
    assert not output.stderr, output.stderr
    return output.stdout


def on_terminal(columns, verb, *words, env=PLAIN, **answer):
    """What is printed on a terminal so wide."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with Machine(**answer) as folder:
        subprocess.run([TIDEPOOL, "gpu", verb, folder, *words], env=env, stdout=slave,
                       stdin=subprocess.DEVNULL, check=True, timeout=30)
    os.close(slave)
    text = b""
    try:
        while more := os.read(master, 65536):
            text += more
    except OSError: # all was read, and nobody writes any more
        pass
    os.close(master)
    return text.decode().replace("\r\n", "\n")


class Show(unittest.TestCase):
    def test_a_gpu_is_a_table_of_engines(self):
        lines = gpu("show", gpus=[GPU]).splitlines()
        self.assertEqual(lines, [
            "gpu0: running, mtl, driver intel",
            "  2 address spaces, 48 objects, 40 bindings",
            "  12 MiB of the machine's memory",
            "  engine   gt  state     submitted    completed     failed",
            "  rcs0      0  awake          1234         1230          4",
            "  vecs0     1  -                 0            0          0"])

    def test_video_memory_and_quarantine_are_told_where_there_are_any(self):
        text = gpu("show", gpus=[{**GPU, "bytes_vram": 3 << 20, "bytes_vram_total": 16 << 20,
                                  "bytes_quarantined": 65536}])
        self.assertIn(", 3 MiB of 16 MiB of video memory\n", text)
        self.assertIn("\n  64 KiB in quarantine until a reset has emptied the caches\n", text)

    def test_states_have_colours_where_they_are_wanted(self):
        for state, colour in (("running", "1;32"), ("resetting", "33"), ("wedged", "1;31")):
            answer = {"gpus": [{**GPU, "state": state}]}
            self.assertIn(f"gpu0: \033[{colour}m{state}\033[0m, mtl",
                          on_terminal(100, "show", **answer))
            plain = gpu("show", **answer)
            self.assertIn(f"gpu0: {state}, mtl", plain)
            self.assertEqual(on_terminal(100, "show", env={**PLAIN, "NO_COLOR": "1"}, **answer),
                             plain)

    def test_one_of_several(self):
        several = [GPU, {**GPU, "name": "gpu1"}]
        self.assertEqual(re.findall(r"^(gpu\d):", gpu("show", gpus=several), re.M),
                         ["gpu0", "gpu1"])
        self.assertEqual(re.findall(r"^(gpu\d):", gpu("show", "gpu1", gpus=several), re.M),
                         ["gpu1"])


class Stats(unittest.TestCase):
    ANSWER = {"gpu_stats": stats(
        caches([0, 0, 0, 0, 0, 3, 60, 30, 0, 0, 0, 0, 0, 0, 0, 1], requested=900, elided=700,
               asleep=106, full=94, timeouts=1),
        caches(requested=7, asleep=7))}

    def bars(self, text):
        return {label: (int(n), len(bar)) for label, n, bar in
                re.findall(r"^ *(\w.* us) +(\d+)  (#*)$", text, re.M)}

    def test_a_row_for_each_counter_and_a_column_for_each_gt(self):
        lines = gpu("stats", "gpu0", **self.ANSWER).splitlines()
        self.assertEqual(lines[0].split(), ["translation", "caches", "gt0", "gt1"])
        self.assertEqual([line.split() for line in lines[1:8]],
                         [["requested", "900", "7"], ["elided", "700", "0"],
                          ["asleep", "106", "7"], ["full", "94", "0"], ["range", "0", "0"],
                          ["timeouts", "1", "0"], ["seqno", "2", "2"]])
        self.assertEqual(len({len(line) for line in lines[:8]}), 1, "columns are aligned")
        self.assertEqual([line.split() for line in lines[-14:]],
                         [[name, str(value)] for name, value in
                          self.ANSWER["gpu_stats"].items() if name != "tlb"])

    def test_times_are_bars_from_the_first_to_the_last(self):
        text = gpu("stats", "gpu0", **self.ANSWER)
        bars = self.bars(text)
        self.assertEqual(list(bars)[:4], ["under 32 us", "under 64 us", "under 128 us",
                                          "under 256 us"])
        self.assertEqual(list(bars)[-1], "longer than 16384 us")
        self.assertEqual(list(bars.values())[:4], [(3, 3), (60, 60), (30, 30), (0, 0)])
        # What is little beside the others is seen all the same.
        self.assertEqual(bars["longer than 16384 us"], (1, 1))
        self.assertEqual(re.findall(r"invalidations of (gt\d)", text), ["gt0"])

    def test_bars_fit_the_line(self):
        for columns in (60, 72, 80, 100, 200):
            text = on_terminal(columns, "stats", "gpu0", env={**PLAIN, "NO_COLOR": "1"},
                               **self.ANSWER)
            self.assertLessEqual(max(map(len, text.splitlines())), columns)
            self.assertEqual(self.bars(text)["under 64 us"][1], min(columns - 31, 60))
            self.assertEqual(gpu("stats", "gpu0", env={**PLAIN, "COLUMNS": str(columns)},
                                 **self.ANSWER), text)

    def test_bars_have_a_colour_where_it_is_wanted(self):
        text = on_terminal(100, "stats", "gpu0", **self.ANSWER)
        self.assertRegex(text, r"60  \033\[1;32m#{60}\033\[0m\n")
        self.assertNotIn("\033", on_terminal(100, "stats", "gpu0",
                                             env={**PLAIN, "NO_COLOR": "1"}, **self.ANSWER))
        self.assertNotIn("\033", on_terminal(100, "stats", "gpu0",
                                             env={**PLAIN, "TERM": "dumb"}, **self.ANSWER))

    def test_counters_are_whole_and_a_gpu_that_did_nothing_has_no_bars(self):
        most = 2**63 - 1 # of jansson's integers
        text = gpu("stats", "gpu0", gpu_stats=stats(caches(requested=most, elided=most)))
        self.assertRegex(text, rf"\nrequested +{most}\n")
        self.assertNotIn("#", text)
        text = gpu("stats", "gpu0", gpu_stats=stats(caches([0, most, 1])))
        self.assertEqual([length for _, length in self.bars(text).values()], [60, 1])


if __name__ == "__main__":
    unittest.main()
