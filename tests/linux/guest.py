# SPDX-License-Identifier: LGPL-2.1-or-later
"""guest - what a real Linux answers: a virtual machine per group that runs the group's scripts.

The machine has no disk: everything is in its initial file system.  Its first serial port is the
kernel's console and goes to a log.  The second is a line-wise conversation: what the guest prints
there is its answers, and a line "@plug NAME SIZE NODE", "@unplug NAME" or "@unplugged NAME SECONDS"
asks for hardware.  The reply is one line, sent once the guest's firmware has reported the outcome,
so nobody waits by the clock.
"""

import json
import lzma
import os
import selectors
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

from groups import HERE, SCRIPT_SECONDS, missing_package

BOOT_SECONDS = 120
MODULES = ("notifier-error-inject", "memory-notifier-error-inject")  # in the order they are loaded

# Sources of a report by the firmware, and what its status may be (ACPI 6.5, section 6.3.5).
OST_DEVICE_CHECK = 1
OST_EJECT = (3, 0x103)
OST_SUCCESS = 0
OST_EJECT_IN_PROGRESS = 0x84


# ---- what it needs -----------------------------------------------------------------------------


def find_kernel():
    """The newest 6.12 kernel and the folder of its modules."""
    kernels = sorted(Path("/boot").glob("vmlinuz-6.12.*"), key=lambda path: path.stat().st_mtime)
    for kernel in reversed(kernels):
        modules = Path("/lib/modules") / kernel.name.removeprefix("vmlinuz-") / "kernel" / "lib"
        if modules.is_dir():
            return kernel, modules
    raise missing_package("a Linux 6.12 kernel with its modules", "linux-image-6.12-amd64")


def find_program(name, package):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise missing_package(name, package)
    return path


def find_busybox():
    """The shell and the tools of both sides; in the guest there are no libraries to load."""
    path = find_program("busybox", "busybox-static")
    if b"/ld-linux-" in Path(path).read_bytes():
        raise missing_package("a static busybox", "busybox-static")
    return path


# ---- the initial file system -------------------------------------------------------------------

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin R= SIDE=guest LIB=/lib HELPER=/bin/helper
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmpfs /tmp
exec </dev/ttyS1 >/dev/ttyS1 2>&1
stty raw -echo
for module in {modules}; do
	insmod /lib/$module.ko
done
echo "@up $(uname -r)"
for script in {scripts}; do
	echo "@script $script"
	timeout -s KILL {seconds} sh "/lib/$script.sh"
	echo "@status $?"
done
echo @down
poweroff -f
"""


def cpio_entry(number, name, mode, content):
    """One file in the "new" portable format: a header of hexadecimal numbers, name, content."""
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return pad4(header + encoded) + pad4(content)


def pad4(data):
    return data + b"\0" * (-len(data) % 4)


def initramfs(group, helper, busybox, modules):
    files = {"init": INIT.format(modules=" ".join(MODULES), scripts=" ".join(group.scripts),
                                 seconds=SCRIPT_SECONDS).encode(),
             "bin/busybox": Path(busybox).read_bytes(),
             "bin/helper": Path(helper).read_bytes()}
    for name in MODULES:
        files[f"lib/{name}.ko"] = lzma.decompress((modules / f"{name}.ko.xz").read_bytes())
    for name in ("lib", "guest", *group.scripts):
        files[f"lib/{name}.sh"] = (HERE / f"{name}.sh").read_bytes()
    folders = ("bin", "dev", "lib", "proc", "sys", "tmp")
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in folders]
    entries += [(name, stat.S_IFREG | 0o755, content) for name, content in files.items()]
    entries.append(("TRAILER!!!", 0, b""))
    return b"".join(cpio_entry(number, *entry) for number, entry in enumerate(entries, 1))


# ---- hardware ----------------------------------------------------------------------------------


class Monitor:
    """The hardware side of the machine: commands to it and events from it (QMP)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            try:
                self.socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.pending = b""
        self.events = []
        self.receive(time.monotonic() + BOOT_SECONDS)  # the greeting
        self.command("qmp_capabilities")

    def receive(self, deadline):
        """The next message, or None after the deadline."""
        while b"\n" not in self.pending:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            if not data:
                raise ConnectionError("the virtual machine has gone")
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, **arguments):
        """Run it; its error as a text, or None."""
        message = {"execute": name, "arguments": arguments}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        deadline = time.monotonic() + BOOT_SECONDS
        while message := self.receive(deadline):
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                return message["error"]["desc"]
            else:
                return None
        return "no answer from the virtual machine"

    def event(self, deadline):
        return self.events.pop(0) if self.events else self.receive(deadline)


class Hardware:
    """What the guest's requests do."""

    def __init__(self, monitor):
        self.monitor = monitor

    def serve(self, words):
        request = {"plug": self.plug, "unplug": self.unplug, "unplugged": self.unplugged}
        return request[words[0]](*words[1:])

    def plug(self, name, size, node):
        monitor = self.monitor
        error = monitor.command("object-add", **{"qom-type": "memory-backend-ram",
                                                 "id": f"ram-{name}", "size": bytes_of(size)})
        error = error or monitor.command("device_add", driver="pc-dimm", id=name,
                                         memdev=f"ram-{name}", node=int(node))
        return error or self.report(name, plug_outcome, 30) or "no report from the firmware"

    def unplug(self, name):
        self.monitor.events.clear()
        return self.monitor.command("device_del", id=name) or "ok"

    def unplugged(self, name, seconds):
        outcome = self.report(name, unplug_outcome, float(seconds)) or "waiting"
        if outcome == "gone":
            self.monitor.command("object-del", id=f"ram-{name}")
        return outcome

    def report(self, name, outcome_of, seconds):
        deadline = time.monotonic() + seconds
        while event := self.monitor.event(deadline):
            outcome = outcome_of(event, name)
            if outcome:
                return outcome
        return None


def plug_outcome(event, name):
    report = report_about(event, name)
    if report and report["source"] == OST_DEVICE_CHECK:
        return "ok" if report["status"] == OST_SUCCESS else f"status {report['status']:#x}"
    return None


def unplug_outcome(event, name):
    if event["event"] == "DEVICE_DELETED" and event["data"].get("device") == name:
        return "gone"
    report = report_about(event, name)
    if report and report["source"] in OST_EJECT and \
            report["status"] not in (OST_SUCCESS, OST_EJECT_IN_PROGRESS):
        return "refused"
    return None


def report_about(event, name):
    info = event.get("data", {}).get("info", {})
    return info if event["event"] == "ACPI_DEVICE_OST" and info.get("device") == name else None


def bytes_of(size):
    return int(size[:-1]) << {"K": 10, "M": 20, "G": 30}[size[-1]]


# ---- the machine -------------------------------------------------------------------------------


def machine_command(qemu, kernel, group, folder):
    """One slow processor: what is compared is answers, not speed."""
    console = "console=ttyS0 quiet panic=1 memhp_default_state=offline"
    return [qemu, "-accel", "tcg,thread=single", "-cpu", "max", "-smp", "1",
            "-nodefaults", "-nographic", "-no-reboot",
            "-serial", f"file:{folder / 'console.log'}", "-serial", "stdio",
            "-qmp", f"unix:{folder / 'qmp'},server=on,wait=off",
            "-kernel", str(kernel), "-initrd", str(folder / "initramfs"),
            "-append", console, *group.qemu]


class Conversation:
    """Lines from the guest, its answers kept, its requests served."""

    def __init__(self, process, folder):
        self.process = process
        self.hardware = Hardware(Monitor(folder / "qmp"))
        self.answers = (folder / "guest.txt").open("w", encoding="utf-8")
        self.release = "?"

    def lines(self):
        """What the guest says, until it is silent for too long or has gone."""
        pending = b""
        stdout = self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while selector.select(SCRIPT_SECONDS + BOOT_SECONDS):
                data = os.read(stdout.fileno(), 65536)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)

    def run(self):
        """All of it; true if the guest came to its end."""
        for line in self.lines():
            words = line[1:].split()
            if line == "@down":
                self.answers.close()
                return True
            if line.startswith("@up "):
                self.release = words[1]
            elif line.startswith(("@plug ", "@unplug ", "@unplugged ")):
                self.reply(self.hardware.serve(words))
            else:
                self.answers.write(line + "\n")
                self.answers.flush()
        return False

    def reply(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()


def run_guest(group, folder, helper):
    """Answers of one group into FOLDER/guest.txt; returns the kernel's release."""
    kernel, modules = find_kernel()
    qemu = find_program("qemu-system-x86_64", "qemu-system-x86")
    image = initramfs(group, helper, find_busybox(), modules)
    (folder / "initramfs").write_bytes(image)
    (folder / "qmp").unlink(missing_ok=True)
    command = machine_command(qemu, kernel, group, folder)
    with (folder / "qemu.log").open("w") as log, \
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                             cwd=folder) as process:
        try:
            conversation = Conversation(process, folder)
            finished = conversation.run()
        finally:
            process.kill()
    if not finished:
        raise RuntimeError(f"the guest did not finish; see {folder}/guest.txt and console.log")
    return conversation.release
