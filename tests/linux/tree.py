# SPDX-License-Identifier: LGPL-2.1-or-later
"""tree - what Tidepool answers: the scripts of a group beside a mounted machine.

Each script has a machine of its own, mounted for it, so one that fails leaves nothing to the next.
The shell and its tools are the guest's: the same busybox, and nothing else in the PATH.
"""

import os
import selectors
import signal
import subprocess
import time
from pathlib import Path

from groups import HERE, SCRIPT_SECONDS, Missing
from guest import find_busybox

MOUNT_SECONDS = 30
EXIT_LACKING = 3        # the command's exit code where the environment lacks something


class Mount:
    """A machine of `tidepool mount` while it is served."""

    def __init__(self, tidepool, folder, script, log):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.process = subprocess.Popen([tidepool, "mount", str(folder), str(script)],
                                        stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=subprocess.PIPE)
        self.said = b""
        if not self.comes_up(log):
            self.process.kill()
            self.process.wait()
            if self.process.returncode == EXIT_LACKING:
                raise Missing(self.said.decode(errors="replace").strip())
            raise RuntimeError("nothing was mounted: " + self.said.decode(errors="replace"))

    def comes_up(self, log):
        deadline = time.monotonic() + MOUNT_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stderr, selectors.EVENT_READ)
            while selector.select(max(0, deadline - time.monotonic())):
                data = os.read(self.process.stderr.fileno(), 4096)
                if not data:
                    self.process.wait()
                    return False
                log.write(data)
                self.said += data
                if b"mounted at" in self.said:
                    return True
        return False

    def end(self, log):
        """Take it down; what the command says of the machine's checks, or None if they held."""
        self.process.send_signal(signal.SIGINT)
        try:
            _, said = self.process.communicate(timeout=MOUNT_SECONDS)
        except subprocess.TimeoutExpired:
            # Requests that nobody serves would keep it from dying.
            subprocess.run(["umount", "--force", "--lazy", str(self.folder)], check=False,
                           stderr=log)
            self.process.kill()
            _, said = self.process.communicate()
        log.write(said)
        if self.process.returncode == 0:
            return None
        return f"the machine ended with exit code {self.process.returncode}"


def install_tools(busybox, folder):
    folder.mkdir(exist_ok=True)
    subprocess.run([busybox, "--install", "-s", str(folder)], check=True)
    return folder


def run_script(name, environment, answers):
    """Run it in a session of its own, so that what it left running can be ended."""
    with subprocess.Popen(["sh", str(HERE / f"{name}.sh")], stdin=subprocess.DEVNULL,
                          stdout=answers, stderr=answers, env=environment, cwd="/",
                          executable=environment["SHELL"], start_new_session=True) as process:
        try:
            status = process.wait(SCRIPT_SECONDS)
        except subprocess.TimeoutExpired:
            status = 128 + signal.SIGKILL
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return status


def run_tree(group, folder, helper, tidepool):
    """Answers of one group into FOLDER/tree.txt; returns where the tree was mounted."""
    mounted_at = folder / "mount"
    tools = install_tools(find_busybox(), folder / "bin")
    environment = {"PATH": str(tools), "SHELL": str(tools / "sh"), "R": str(mounted_at),
                   "SIDE": "tree", "LIB": str(HERE), "HELPER": str(helper),
                   "TIDEPOOL": str(tidepool)}
    with (folder / "tree.txt").open("wb") as answers, (folder / "mount.log").open("wb") as log:
        for name in group.scripts:
            mount = Mount(tidepool, mounted_at, HERE / f"{group.name}.lua", log)
            say(answers, f"@script {name}")
            status = run_script(name, environment, answers)
            finding = mount.end(log)
            if finding:
                say(answers, finding)
            say(answers, f"@status {status}")
    return str(mounted_at)


def say(answers, line):
    answers.write(line.encode() + b"\n")
    answers.flush()
