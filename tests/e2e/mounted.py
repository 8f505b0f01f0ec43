# SPDX-License-Identifier: LGPL-2.1-or-later
"""A mounted machine, and tests that leave nothing of it; to be imported."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TIDEPOOL = os.environ["TIDEPOOL"]
SCENARIO = Path(os.environ["TP_SOURCE"]) / "scenarios" / "mount.lua"
MEMORY = "sys/devices/system/memory"

# In seconds; only what fails takes so long, however busy the machine is.
PATIENCE = 60

if not os.access("/dev/fuse", os.R_OK | os.W_OK) or not shutil.which("fusermount3"):
    print("this needs /dev/fuse and fusermount3")
    sys.exit(77)


def mounts():
    """The mount points of machines, whoever mounted them."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line.split()[4] for line in lines if " - fuse.tidepool " in line]


def wait_for(condition, seconds=PATIENCE, step=0.01):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(step)
    return True


def ctl(folder, *words, timeout=PATIENCE):
    return subprocess.run([TIDEPOOL, "ctl", folder, *words], capture_output=True, text=True,
                          timeout=timeout, check=False)


class Mount:
    """A mounted machine; leaves no process and no mount, whatever a test did to it."""

    def __init__(self, folder, *words, script=SCENARIO, command="mount", args=()):
        self.folder = str(folder)
        where = [self.folder, script] if command == "mount" else ["--mount", self.folder, script]
        self.process = subprocess.Popen([TIDEPOOL, command, *words, *map(str, where), *args],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        # What the script prints comes before.
        lines = iter(self.process.stderr.readline, "")
        self.ready = any("mounted at" in line for line in lines)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=PATIENCE)
        subprocess.run(["fusermount3", "-u", "-z", "-q", self.folder], capture_output=True,
                       check=False)

    def path(self, *parts):
        return Path(self.folder).joinpath(*parts)

    def block(self, number, name):
        return self.path(MEMORY, f"memory{number}", name)

    def ends(self, seconds=PATIENCE):
        """Its exit code, once it has ended by itself."""
        self.process.wait(timeout=seconds)
        return self.process.returncode


class MountedTest(unittest.TestCase):
    """A test with a folder to mount on."""

    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp())
        self.scratch.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.folder = self.scratch / "m"
        self.folder.mkdir()

    def mount(self, *words, **how):
        mount = self.enterContext(Mount(self.folder, *words, **how))
        self.assertTrue(mount.ready)
        return mount

    def enterContext(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def processes(self):
        """Those that have the mount in their command line: the machine's, and who watches it."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if os.fsencode(self.folder) in path.read_bytes():
                    found.append(path.parent.name)
        return found

    def nothing_left(self):
        self.assertTrue(wait_for(lambda: str(self.folder) not in mounts()), mounts())
        self.assertEqual(list(self.folder.iterdir()), [])

    def nobody_left(self):
        self.nothing_left()
        self.assertTrue(wait_for(lambda: not self.processes()), self.processes())


HELD, REFUSED, USAGE, NO_MACHINE = 0, 1, 2, 3


def command(name, *words, timeout=PATIENCE):
    return subprocess.run([TIDEPOOL, name, *map(str, words)], capture_output=True, text=True,
                          timeout=timeout, check=False, stdin=subprocess.DEVNULL)


class CommandTest(MountedTest):
    """COMMAND on a machine that SCRIPT makes, of its own for each test."""

    def setUp(self):
        super().setUp()
        script = self.scratch / f"{self.COMMAND}.lua"
        script.write_text(self.SCRIPT)
        self.mounted = self.mount("--quiet", script=script)
        self.m = self.mounted.folder

    def tearDown(self):
        """Nothing was found at the end: every frame accounted for, no memory met that was not
        one's own."""
        if self.mounted.process.poll() is None:
            self.assertEqual(ctl(self.m, "quit").returncode, 0)
            self.assertEqual(self.mounted.ends(), 0)

    def expect(self, code, *words):
        output = command(self.COMMAND, *words)
        self.assertEqual(output.returncode, code, (words, output.stdout, output.stderr))
        (self.assertFalse if code == HELD else self.assertTrue)(output.stderr)
        return output

    def ask(self, verb, *words):
        """The answer to a request that is done."""
        lines = self.expect(HELD, verb, self.m, "--json", *words).stdout.splitlines()
        self.assertEqual(len(lines), 1)
        return json.loads(lines[0])
