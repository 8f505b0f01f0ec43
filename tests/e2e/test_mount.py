#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a mount: who may mount and look, who waits, how it ends, and that nothing stays."""

import contextlib
import errno
import os
import random
import select
import shutil
import signal
import stat
import subprocess
import threading
import time
import unittest
from pathlib import Path

from mounted import (MEMORY, PATIENCE, SCENARIO, TIDEPOOL, Mount, MountedTest, ctl, mounts,
                     wait_for)

KILLS = 60
READERS = 200
NOBODY = 65534
# Seconds that whoever was interrupted may take, on a busy machine; an offline that nobody
# interrupts does not end at all here.
AT_ONCE = 5


class MountTest(MountedTest):
    # ---- beginning ----

    def refused(self, folder, words):
        run = subprocess.run([TIDEPOOL, "mount", folder, SCENARIO], capture_output=True, text=True,
                             timeout=PATIENCE, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn(words, run.stderr)

    def test_what_cannot_be_mounted_on(self):
        self.refused(self.scratch / "none", "make an empty directory first")
        (self.folder / "file").touch()
        self.refused(self.folder, "would be hidden")
        self.refused(self.folder / "file", "Not a directory")

    def test_a_script_that_makes_no_machine(self):
        script = self.scratch / "nothing.lua"
        script.write_text("print 'no machine'\n")
        run = subprocess.run([TIDEPOOL, "mount", self.folder, script], capture_output=True,
                             timeout=PATIENCE, check=False)
        self.assertEqual(run.returncode, 0)

    def test_a_path_longer_than_a_socket_address(self):
        self.folder = self.scratch / ("long" * 40)
        self.folder.mkdir()
        mount = self.mount()
        self.assertIn("boot0", ctl(mount.folder, "devices").stdout)

    # ---- ending ----

    def test_ends_on_request_and_ctl_waits_for_it(self):
        mount = self.mount("--quiet")
        self.assertEqual(ctl(mount.folder, "quit").returncode, 0)
        self.assertNotIn(mount.folder, mounts())
        self.assertEqual(mount.ends(), 0)
        self.nothing_left()
        self.assertEqual(ctl(mount.folder, "devices").returncode, 3)

    def test_ends_on_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), Mount(self.folder) as mount:
                mount.process.send_signal(number)
                self.assertEqual(mount.ends(), 0)
                self.nobody_left()

    def test_ends_when_unmounted(self):
        with Mount(self.folder) as mount:
            subprocess.run(["fusermount3", "-u", mount.folder], check=True)
            self.assertEqual(mount.ends(), 0)
        self.nothing_left()

    def test_ends_when_unmounted_lazily_while_in_use(self):
        with Mount(self.folder) as mount:
            with open(mount.block(0, "state"), encoding="ascii"):
                subprocess.run(["fusermount3", "-u", "-z", mount.folder], check=True)
                self.nothing_left()
            self.assertEqual(mount.ends(), 0)

    def test_in_use_it_refuses_to_be_unmounted(self):
        mount = self.mount()
        with open(mount.block(0, "state"), encoding="ascii") as state:
            busy = subprocess.run(["umount", mount.folder], capture_output=True, text=True,
                                  check=False)
            self.assertNotEqual(busy.returncode, 0)
            self.assertIn("busy", busy.stderr)
            self.assertEqual(state.read(), "online\n")
        subprocess.run(["umount", mount.folder], check=True)
        self.assertEqual(mount.ends(), 0)

    def test_one_that_was_unmounted_leaves_its_successor_alone(self):
        """A command in the place of the system uses a mount that others do not see any more."""
        with Mount(self.folder) as first:
            command = subprocess.Popen([TIDEPOOL, "exec", first.folder, "sh", "-c",
                                        "echo; read x; cat /proc/buddyinfo 2>&1"],
                                       text=True, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
            self.assertEqual(command.stdout.readline(), "\n")
            subprocess.run(["umount", first.folder], check=True)
            with Mount(self.folder) as second:
                first.process.send_signal(signal.SIGINT)
                self.assertEqual(first.ends(), 0)
                self.assertIn("not connected", command.communicate("\n", timeout=PATIENCE)[0])
                self.assertEqual(second.block(0, "state").read_text(), "online\n")

    def test_ends_with_the_script(self):
        script = self.scratch / "short.lua"
        script.write_text("""
            local m = tp.machine { nodes = { { dram = '64M' } }, block_size = '32M' }
            repeat tp.sleep '10ms' until m:block(1).state == 'offline'
        """)
        mount = self.mount(script=script, command="run")
        self.assertEqual(mount.block(1, "state").read_text(), "online\n")
        mount.block(1, "state").write_text("offline")
        self.assertEqual(mount.ends(), 0)
        self.nothing_left()

    def test_beside_a_script_that_works(self):
        """Who looks and who writes meanwhile may be refused, but spoils nothing."""
        script = self.scratch / "work.lua"
        script.write_text("""
            local m = tp.machine { nodes = { { dram = '64M' }, {} }, block_size = '32M' }
            local turns, seen = 0, 0
            repeat
                local d = assert(m:plug { name = 'dimm', size = '64M', node = 1,
                                          online = 'movable' })
                local app = m:load { kind = 'mapping', size = '16M', node = 1 }
                tp.sleep '20ms'
                turns = turns + 1
                seen = seen + (m:block(129).state == 'offline' and 1 or 0)
                app:verify()
                app:stop()
                while not d:unplug { deadline = '2s' } do end
            until turns >= 20 and seen > 1
        """)
        mount = self.mount("--quiet", script=script, command="run")
        blocks = mount.path(MEMORY)
        done = dict.fromkeys(("online_movable", "offline"), 0)
        while mount.process.poll() is None:
            for value in done:
                with contextlib.suppress(OSError):
                    (blocks / "memory129" / "state").write_text(value)
                    done[value] += 1
            with contextlib.suppress(OSError):
                mount.path("proc/zoneinfo").read_text()
        self.assertEqual(mount.ends(), 0)
        self.assertGreater(done["offline"], 0)
        self.nobody_left()

    def corrupt(self, mount):
        """Write over the view of the smallest memory that is shared: the only load's."""
        areas = [[int(number, 16) for number in line.split()[0].split("-")]
                 for line in Path(f"/proc/{mount.process.pid}/maps").read_text().splitlines()
                 if " rw-s " in line]
        begin, end = min(areas, key=lambda area: area[1] - area[0])
        with open(f"/proc/{mount.process.pid}/mem", "r+b", buffering=0) as memory:
            memory.seek(begin)
            memory.write(b"\xa5" * (end - begin))

    def test_what_clients_did_is_checked_at_the_end(self):
        mount = self.mount()
        for _ in range(3):
            ctl(mount.folder, "plug", "name=dimm", "size=128M", "node=2")
            mount.block(32, "state").write_text("online_movable")
            ctl(mount.folder, "load", "kind=mapping", "name=app", "size=4M", "node=2")
            mount.block(32, "state").write_text("offline")
            ctl(mount.folder, "unplug", "name=dimm")
            self.assertEqual(ctl(mount.folder, "stop", "name=app").returncode, 0)
        ctl(mount.folder, "load", "kind=mapping", "name=last", "size=4M")
        self.corrupt(mount)
        # It need not be asked: what is not sound ends a machine.
        self.assertIn("last", mount.process.communicate(timeout=PATIENCE)[0])
        self.assertEqual(mount.ends(), 1)

    def test_a_machine_that_ends_before_it_answers(self):
        mount = self.mount()
        self.pinned(mount)
        client = subprocess.Popen([TIDEPOOL, "ctl", mount.folder, "unplug", "name=dimm"],
                                  stderr=subprocess.PIPE, text=True)
        self.assertTrue(wait_for(lambda: any(
            mount.block(number, "state").read_text() == "going-offline\n"
            for number in (32, 33))))
        mount.process.kill()
        self.assertIn("ended before it answered", client.communicate(timeout=PATIENCE)[1])
        self.assertEqual(client.returncode, 3)

    def test_a_script_that_fails_ends_the_mount(self):
        script = self.scratch / "wrong.lua"
        script.write_text("tp.machine { nodes = { { dram = '64M' } }, block_size = '32M' }\n"
                          "assert(false, 'no more')\n")
        run = subprocess.run([TIDEPOOL, "mount", self.folder, script], capture_output=True,
                             text=True, timeout=PATIENCE, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("no more", run.stdout)
        self.nobody_left()

    # ---- killed ----

    def busy(self, stop):
        """Read and write until told to stop, whatever comes of it."""
        while not stop.is_set():
            for name in ("state", "online", "valid_zones"):
                with contextlib.suppress(OSError):
                    (self.folder / MEMORY / "memory9" / name).read_text()
            for value in ("offline", "online_movable"):
                with contextlib.suppress(OSError):
                    (self.folder / MEMORY / "memory9" / "state").write_text(value)
            time.sleep(0.001)

    def test_killed_at_any_moment(self):
        stop = threading.Event()
        crowd = [threading.Thread(target=self.busy, args=(stop,)) for _ in range(20)]
        for thread in crowd:
            thread.start()
        try:
            for moment in range(KILLS):
                process = subprocess.Popen([TIDEPOOL, "mount", self.folder, SCENARIO],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(random.uniform(0, 0.25 if moment % 3 else 0.05))
                process.kill()
                process.wait(timeout=PATIENCE)
                self.assertTrue(wait_for(lambda: str(self.folder) not in mounts()), moment)
        finally:
            stop.set()
            for thread in crowd:
                thread.join(timeout=PATIENCE)
        self.nobody_left()
        self.assertFalse([thread for thread in crowd if thread.is_alive()])

    # ---- waiting ----

    def pinned(self, mount):
        """A block that cannot go offline for now."""
        self.assertEqual(ctl(mount.folder, "plug", "name=dimm", "size=256M", "node=2",
                             "online=movable").returncode, 0)
        self.assertEqual(ctl(mount.folder, "pin", "name=nic", "size=4K", "node=2").returncode, 0)
        run = ctl(mount.folder, "offline", "name=dimm", "dry_run=true")
        self.assertNotEqual(run.returncode, 0, "nothing is pinned")
        pfn = int(run.stderr.split("page ")[1].split(":")[0], 16)
        return pfn // (128 << 20 >> 12)

    def waiting_writer(self, mount, number, shell="sh", before=""):
        """A process whose write waits for the block to go offline."""
        writer = subprocess.Popen([shell, "-c",
                                   f"{before}echo offline > {mount.block(number, 'state')}"],
                                  stderr=subprocess.PIPE)
        self.assertTrue(wait_for(
            lambda: mount.block(number, "state").read_text() == "going-offline\n"))
        return writer

    def ends_at_once(self, process):
        """Once it is interrupted."""
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)
        self.assertLess(time.monotonic() - begin, AT_ONCE)

    def test_t16_t17_who_waits_and_who_does_not(self):
        mount = self.mount()
        number = self.pinned(mount)
        writer = self.waiting_writer(mount, number)
        mount.block(number, "valid_zones").read_text()
        reader = subprocess.Popen(["cat", mount.block(number, "online")], stdout=subprocess.PIPE)
        second = subprocess.Popen(["sh", "-c",
                                   f"echo offline > {mount.block(65 - number, 'state')}"],
                                  stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        self.assertIsNone(second.poll())
        self.ends_at_once(second)
        self.assertIsNone(reader.poll())
        self.assertEqual(ctl(mount.folder, "stop", "name=nic").returncode, 0)
        self.assertEqual(writer.wait(timeout=PATIENCE), 0)
        writer.stderr.close()
        self.assertEqual(reader.communicate(timeout=PATIENCE)[0], b"0\n")
        self.assertEqual(mount.block(number, "state").read_text(), "offline\n")

    def interrupted(self, call, *args):
        """Send a signal while the call waits; returns how long it still took, in seconds."""
        class Alarm(Exception):
            pass

        def ring(*_):
            raise Alarm

        before = signal.signal(signal.SIGALRM, ring)
        begin = time.monotonic()
        with self.assertRaises(Alarm):
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            call(*args)
        signal.signal(signal.SIGALRM, before)
        return time.monotonic() - begin - 0.3

    def test_whoever_waits_is_told_of_a_signal(self):
        mount = self.mount()
        number = self.pinned(mount)
        state = os.open(mount.block(number, "state"), os.O_WRONLY)
        self.assertLess(self.interrupted(os.write, state, b"offline"), AT_ONCE)
        os.close(state)
        stream = os.open(mount.path("tidepool/uevents"), os.O_RDONLY)
        self.assertLess(self.interrupted(os.read, stream, 4096), AT_ONCE)
        os.close(stream)

    @unittest.skipUnless(shutil.which("bash"), "there is no bash")
    def test_a_shell_that_catches_the_signal_says_eintr(self):
        mount = self.mount()
        writer = self.waiting_writer(mount, self.pinned(mount), "bash", "trap : INT; ")
        writer.send_signal(signal.SIGINT)
        self.assertIn(b"Interrupted system call", writer.communicate(timeout=PATIENCE)[1])

    def test_an_interrupted_write_ends_at_once_and_changes_nothing(self):
        mount = self.mount()
        number = self.pinned(mount)
        writer = self.waiting_writer(mount, number)
        self.ends_at_once(writer)
        writer.stderr.close()
        self.assertEqual(mount.block(number, "state").read_text(), "online\n")
        self.assertIn("pinned", mount.path("tidepool/last_offline").read_text())

    def test_a_killed_client_of_an_unplug_cancels_it(self):
        mount = self.mount()
        number = self.pinned(mount)
        client = subprocess.Popen([TIDEPOOL, "ctl", mount.folder, "unplug", "name=dimm"])
        self.assertTrue(wait_for(
            lambda: mount.block(number, "state").read_text() == "going-offline\n"))
        client.kill()
        client.wait()
        self.assertTrue(wait_for(lambda: mount.block(number, "state").read_text() == "online\n"))

    def test_the_end_does_not_wait_for_those_who_wait(self):
        mount = self.mount()
        number = self.pinned(mount)
        writer = self.waiting_writer(mount, number)
        mount.process.send_signal(signal.SIGINT)
        self.assertEqual(mount.ends(), 0)
        self.assertNotEqual(writer.wait(timeout=PATIENCE), 0)
        writer.stderr.close()

    # ---- permissions ----

    def test_modes_are_linux_s(self):
        mount = self.mount()
        wanted = {
            f"{MEMORY}/memory0/state": 0o644, f"{MEMORY}/memory0/removable": 0o444,
            f"{MEMORY}/hard_offline_page": 0o200, f"{MEMORY}/auto_online_blocks": 0o644,
            "sys/devices/system/node/node0/compact": 0o200, "proc/pagetypeinfo": 0o400,
            "sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error": 0o600,
            "tidepool/control": 0o400,
        }
        for path, mode in wanted.items():
            self.assertEqual(stat.S_IMODE(os.stat(mount.path(path)).st_mode), mode, path)

    def test_files_are_as_old_as_the_mount(self):
        before = int(time.time())
        mount = self.mount()
        for path in ("", "proc/meminfo", f"{MEMORY}/memory0/state", f"{MEMORY}/memory0/node0"):
            made = os.lstat(mount.path(path)).st_mtime
            self.assertTrue(before <= made <= time.time(), (path, made))

    def fails(self, number, call, *args):
        with self.assertRaises(OSError) as caught:
            call(*args)
        self.assertEqual(caught.exception.errno, number)

    def test_what_nobody_may_do(self):
        mount = self.mount()
        memory, state = mount.path(MEMORY), mount.block(0, "state")
        self.fails(errno.EACCES, mount.block(0, "removable").write_text, "0")
        self.fails(errno.EACCES, mount.path(MEMORY, "soft_offline_page").read_text)
        self.fails(errno.EACCES, (memory / "new").touch)
        self.fails(errno.EPERM, (memory / "new").mkdir)
        self.fails(errno.EPERM, state.unlink)
        self.fails(errno.EPERM, state.rename, memory / "other")
        self.fails(errno.EPERM, state.chmod, 0o777)
        self.fails(errno.EPERM, os.symlink, "x", memory / "link")
        self.fails(errno.EPERM, os.mknod, memory / "socket", 0o600 | stat.S_IFSOCK)
        self.fails(errno.EISDIR, memory.read_text)

    def as_nobody(self, *words):
        return subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                               "--clear-groups", *map(str, words)], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
    def test_others_see_nothing_unless_they_are_let_in(self):
        with Mount(self.folder) as mount:
            self.assertNotEqual(self.as_nobody("ls", mount.folder).returncode, 0)
        with Mount(self.folder, "--allow-other") as mount:
            state = mount.block(0, "state")
            self.assertEqual(self.as_nobody("cat", state).stdout, "online\n")
            self.assertIn("Permission denied",
                          self.as_nobody("sh", "-c", f"echo offline > {state}").stderr)
            self.assertIn("Permission denied", self.as_nobody(
                "cat", mount.path("proc/pagetypeinfo")).stderr)
            self.assertNotEqual(self.as_nobody(TIDEPOOL, "ctl", mount.folder, "devices").returncode,
                                0)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
    def test_an_ordinary_user_does_all_of_it(self):
        for path in (Path(TIDEPOOL), Path(TIDEPOOL).with_name("libtidepool-sim.so.0"), SCENARIO):
            if path.exists():
                shutil.copy(path, self.scratch)
        shutil.chown(self.folder, NOBODY, NOBODY)
        run = self.as_nobody("sh", "-c", f"""
            cd {self.scratch}
            ./tidepool mount --quiet m mount.lua &
            while [ ! -d m/proc ] && kill -0 $!; do sleep 0.05; done
            ./tidepool ctl m plug name=dimm size=256M node=2 online=movable
            ./tidepool exec m cat /{MEMORY}/memory33/state
            ./tidepool exec m id -u
            echo offline >m/{MEMORY}/memory32/state
            ./tidepool ctl m devices | grep dimm
            fusermount3 -u m
            wait $!
            echo "ended with $?"
        """)
        self.assertEqual([line.split(",")[0] for line in run.stdout.splitlines()], [
            "dimm             node 2      256 MiB  blocks 32-33", "online", str(NOBODY),
            "dimm             node 2      256 MiB  blocks 32-33",
            "HELD  all 4 steps: every page accounted for", "ended with 0"], run.stdout + run.stderr)
        self.nobody_left()

    # ---- the stream of uevents ----

    def change(self, mount):
        mount.block(0, "uevent").write_text("change\n")

    def test_every_reader_gets_every_event(self):
        mount = self.mount()
        readers = [os.open(mount.path("tidepool/uevents"), os.O_RDONLY) for _ in range(3)]
        for _ in range(2):
            self.change(mount)
        for reader in readers:
            text = b""
            while text.count(b"\n") < 2:
                text += os.read(reader, 4096)
            self.assertEqual([line.split()[0] for line in text.splitlines()],
                             [b"change@/devices/system/memory/memory0"] * 2)
            os.close(reader)

    def test_a_reader_that_must_not_wait(self):
        mount = self.mount()
        reader = os.open(mount.path("tidepool/uevents"), os.O_RDONLY | os.O_NONBLOCK)
        self.assertRaises(BlockingIOError, os.read, reader, 4096)
        self.assertEqual(select.select([reader], [], [], 0.1)[0], [])
        timer = threading.Timer(0.2, self.change, [mount])
        timer.start()
        self.assertEqual(select.select([reader], [], [], 5)[0], [reader])
        self.assertTrue(os.read(reader, 4096).startswith(b"change@"))
        timer.join()
        os.close(reader)

    def test_a_reader_that_waits_can_be_interrupted(self):
        mount = self.mount()
        run = subprocess.run(["timeout", "-s", "INT", "0.3", "cat",
                              mount.path("tidepool/uevents")], timeout=PATIENCE, check=False)
        self.assertEqual(run.returncode, 124)

    # ---- many at once ----

    def read_all(self, mount, stop, torn):
        states = {"online\n", "offline\n", "going-offline\n"}
        zones = {"Movable\n", "Normal Movable\n", "Movable Normal\n"}
        node = mount.path("sys/devices/system/node")
        while not stop.is_set():
            text = mount.block(32, "state").read_text()
            torn += [text] if text not in states else []
            text = mount.block(32, "valid_zones").read_text()
            torn += [text] if text not in zones else []
            lines = (node / "node2/meminfo").read_text().splitlines()
            torn += [lines] if len(lines) != 37 or not lines[0].endswith(" kB") else []
            lines = mount.path("proc/buddyinfo").read_text().splitlines()
            torn += [line for line in lines if len(line.split()) != 15]

    def test_many_readers_while_blocks_come_and_go(self):
        mount = self.mount("--quiet")
        ctl(mount.folder, "plug", "name=dimm", "size=256M", "node=2")
        stop, torn = threading.Event(), []
        crowd = [threading.Thread(target=self.read_all, args=(mount, stop, torn))
                 for _ in range(READERS)]
        for thread in crowd:
            thread.start()
        until, turns = time.monotonic() + 5, 0
        while time.monotonic() < until:
            mount.block(32, "state").write_text("online_movable")
            mount.block(32, "state").write_text("offline")
            turns += 1
        stop.set()
        for thread in crowd:
            thread.join(timeout=PATIENCE)
        self.assertEqual(torn, [])
        self.assertGreater(turns, 0)
        self.assertFalse([thread for thread in crowd if thread.is_alive()])
        self.assertEqual(ctl(mount.folder, "quit").returncode, 0)
        self.assertEqual(mount.ends(), 0)

    def test_two_mounts_at_once(self):
        other = self.scratch / "other"
        other.mkdir()
        first = self.mount()
        second = self.enterContext(Mount(other))
        ctl(first.folder, "plug", "name=dimm", "size=128M", "node=2")
        self.assertTrue(first.path(MEMORY, "memory32").exists())
        self.assertFalse(second.path(MEMORY, "memory32").exists())

    # ---- commands in the place of the system ----

    def test_exec(self):
        mount = self.mount()
        run = subprocess.run([TIDEPOOL, "exec", mount.folder, "cat", f"/{MEMORY}/memory11/state",
                              "/proc/meminfo"], capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(run.stdout.startswith("online\nMemTotal:        1572864 kB\n"), run.stdout)
        codes = [subprocess.run([TIDEPOOL, "exec", mount.folder, *words], check=False,
                                capture_output=True).returncode
                 for words in (["sh", "-c", "exit 7"], ["--", "sh", "-c", "exit 8"],
                               ["no-such-command"], ["/"], [], ["--"])]
        self.assertEqual(codes, [7, 8, 127, 126, 2, 2])
        self.assertEqual(subprocess.run([TIDEPOOL, "exec", self.scratch, "true"], check=False,
                                        capture_output=True).returncode, 2)

    def kill_with_watcher(self, mount):
        """Its process and the one that would clean up after it."""
        children = Path(f"/proc/{mount.process.pid}/task/{mount.process.pid}/children")
        watcher = children.read_text().split()
        self.assertEqual(len(watcher), 1)
        os.kill(int(watcher[0]), signal.SIGKILL)
        mount.process.kill()
        mount.process.wait()

    def test_doctor_sees_mounts_that_outlived_their_machine(self):
        first = self.mount()
        other = self.scratch / "with a blank"
        other.mkdir()
        second = self.enterContext(Mount(other))
        for mount in (first, second):
            self.kill_with_watcher(mount)
            run = subprocess.run([TIDEPOOL, "doctor"], capture_output=True, text=True, check=False)
            self.assertRegex(run.stdout, f"stale: .*{mount.folder}")
            self.refused(mount.folder, "fusermount3 -u -z")
            self.assertEqual(ctl(mount.folder, "devices").returncode, 3)
            self.assertEqual(subprocess.run([TIDEPOOL, "exec", mount.folder, "true"], check=False,
                                            timeout=PATIENCE, capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main()
