#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scenarios/serve.lua as its first lines say: curl downloads while the memory under it goes.

    curl in a network namespace | TAP device | wire | AVF model | AVF driver | lwIP | server
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from mounted import TIDEPOOL, Mount, MountedTest

SCRIPT = Path(os.environ["TP_SOURCE"]) / "scenarios" / "serve.lua"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "PATH": PATH}
SPACE = f"tps{os.getpid() % 100000}"
URL = "http://10.77.0.2/content"
TURNS = 5


def missing():
    if os.geteuid():
        return "network namespaces and TAP devices need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "there is no /dev/net/tun"
    for name in ("ip", "nsenter", "curl"):
        if not shutil.which(name, path=PATH):
            return f"{name} is not installed"
    return None


if missing():
    print(missing())
    sys.exit(77)


def run(*words, check=True, timeout=240):
    done = subprocess.run([str(word) for word in words], capture_output=True, timeout=timeout,
                          env=ENVIRONMENT, check=False)
    assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def inside(*words, **options):
    """In the namespace, but seeing the same files."""
    return run("nsenter", f"--net=/run/netns/{SPACE}", *words, **options)


class Space:
    def __enter__(self):
        run("ip", "netns", "add", SPACE)
        return self

    def __exit__(self, *_):
        run("ip", "netns", "delete", SPACE, check=False)


class ServedMount(Mount):
    """The mount's control channel belongs to the namespace, as its TAP device does."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{SPACE}", TIDEPOOL, "mount", self.folder, SCRIPT],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)


class Serve(MountedTest):
    def test_memory_goes_under_a_download(self):
        with Space(), ServedMount(self.folder) as mount:
            self.assertTrue(mount.ready)
            inside("ip", "addr", "add", "10.77.0.1/24", "dev", "tp0")
            inside("ip", "link", "set", "tp0", "up")
            sums = []
            client = threading.Thread(target=self.download, args=(sums,))
            client.start()
            turns = self.replug(client)
            client.join()
            expected = inside("curl", "-sf", URL + ".sha256").decode().split()[0]
            self.assertEqual(sums, [expected] * TURNS)
            self.assertGreater(turns, 0)
            self.check_counters()
            inside(TIDEPOOL, "ctl", self.folder, "quit")
            output, _ = mount.process.communicate(timeout=240)
            self.assertEqual(mount.process.returncode, 0, output)
            self.assertIn("HELD", output)

    @staticmethod
    def download(sums):
        for _ in range(TURNS):
            sums.append(hashlib.sha256(inside("curl", "-sf", URL)).hexdigest())

    def replug(self, client):
        """Take the memory and bring it back as often as there is time for."""
        turns = 0
        while client.is_alive():
            inside(TIDEPOOL, "ctl", self.folder, "unplug", "name=dimm", "deadline=20s")
            inside(TIDEPOOL, "ctl", self.folder, "plug", "name=dimm", "size=256M", "node=1",
                   "online=movable")
            turns += 1
        return turns

    def check_counters(self):
        answer = inside(TIDEPOOL, "net", "--json", "stats", self.folder, "avf0")
        stats = json.loads(answer)["net_stats"]
        self.assertGreater(stats["rq0_packets"], 0)
        dropped = {name: n for name, n in stats.items() if "_drop_" in name and n}
        self.assertEqual(dropped, {})


if __name__ == "__main__":
    unittest.main()
