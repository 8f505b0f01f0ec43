#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest's driver, as far as it goes without a guest."""

import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups  # noqa: E402 (their folder had to be found first)
import guest  # noqa: E402


def report(device="dimm", source=guest.OST_DEVICE_CHECK, status=guest.OST_SUCCESS):
    return {"event": "ACPI_DEVICE_OST",
            "data": {"info": {"device": device, "source": source, "status": status}}}


class FileSystem(unittest.TestCase):
    def archive(self):
        return b"".join((
            guest.cpio_entry(1, "bin", stat.S_IFDIR | 0o755, b""),
            guest.cpio_entry(2, "bin/odd", stat.S_IFREG | 0o755, b"odd length!"),
            guest.cpio_entry(3, "init", stat.S_IFREG | 0o644, b"content"),
            guest.cpio_entry(4, "TRAILER!!!", 0, b"")))

    def test_fields_are_aligned(self):
        self.assertEqual(len(self.archive()) % 4, 0)

    @unittest.skipUnless(shutil.which("busybox"), "needs busybox")
    def test_somebody_else_can_unpack_it(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["busybox", "cpio", "-id"], input=self.archive(), cwd=folder, check=True,
                           stderr=subprocess.DEVNULL)
            self.assertEqual(Path(folder, "bin/odd").read_bytes(), b"odd length!")
            self.assertEqual(Path(folder, "bin/odd").stat().st_mode & 0o777, 0o755)
            self.assertEqual(Path(folder, "init").read_bytes(), b"content")


class Reports(unittest.TestCase):
    """What the firmware's reports mean for the device "dimm"."""

    def test_plugged(self):
        self.assertEqual(guest.plug_outcome(report(), "dimm"), "ok")

    def test_plugging_failed(self):
        self.assertEqual(guest.plug_outcome(report(status=1), "dimm"), "status 0x1")

    def test_report_about_another_device(self):
        for outcome in (guest.plug_outcome, guest.unplug_outcome):
            self.assertIsNone(outcome(report("other"), "dimm"))
            self.assertIsNone(outcome(report("other", source=3, status=1), "dimm"))

    def test_unplugging_goes_on(self):
        event = report(source=3, status=guest.OST_EJECT_IN_PROGRESS)
        self.assertIsNone(guest.unplug_outcome(event, "dimm"))

    def test_unplugging_was_refused(self):
        for source in guest.OST_EJECT:
            self.assertEqual(guest.unplug_outcome(report(source=source, status=1), "dimm"),
                             "refused")

    def test_late_report_of_plugging_says_nothing_of_unplugging(self):
        self.assertIsNone(guest.unplug_outcome(report(status=1), "dimm"))

    def test_gone(self):
        event = {"event": "DEVICE_DELETED", "data": {"device": "dimm", "path": "/x"}}
        self.assertEqual(guest.unplug_outcome(event, "dimm"), "gone")
        self.assertIsNone(guest.unplug_outcome(event, "other"))

    def test_event_without_data(self):
        for outcome in (guest.plug_outcome, guest.unplug_outcome):
            self.assertIsNone(outcome({"event": "POWERDOWN"}, "dimm"))


class Needs(unittest.TestCase):
    def test_missing_program_says_how_to_get_it(self):
        with mock.patch.object(guest.shutil, "which", return_value=None), \
                self.assertRaisesRegex(groups.Missing, "apt-get install .* qemu-system-x86$"):
            guest.find_program("qemu-system-x86_64", "qemu-system-x86")

    def test_missing_kernel_says_how_to_get_it(self):
        with mock.patch.object(guest.Path, "glob", return_value=[]), \
                self.assertRaisesRegex(groups.Missing, "linux-image-6.12-amd64$"):
            guest.find_kernel()

    def test_busybox_that_needs_libraries_is_of_no_use(self):
        with mock.patch.object(guest, "find_program", return_value="/bin/ls"), \
                self.assertRaisesRegex(groups.Missing, "busybox-static$"):
            guest.find_busybox()

    def test_sizes(self):
        self.assertEqual([guest.bytes_of(size) for size in ("64K", "128M", "1G")],
                         [65536, 134217728, 1073741824])


if __name__ == "__main__":
    unittest.main()
