#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's own network tools talk to a server inside Tidepool.

    tool in a network namespace | TAP device | wire | AVF model | AVF driver | lwIP | server

What passes the wire is captured in every test, and tshark must find no malformed frame and no wrong
checksum in it.  After each test all counters must account for every frame.
"""

import errno
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

NET_SERVER = os.environ["TP_NET_SERVER"]
TIMEOUT = 120
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "PATH": PATH}
CONTENT = 100_000_000
HOST4, SERVER4, BITS = "10.98.7.1", "10.98.7.2", 24
HOST6, SERVER6 = "fd98::1", "fd98::2"
PROBE_PORT = 5009
MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15

# What tshark may not say of any frame.  Segments captured out of order or acknowledged before they
# were seen are no fault of a frame.
CHECKS = ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"]
FAULTS = ("_ws.malformed || _ws.short || ip.checksum.status == 0 || tcp.checksum.status == 0"
          " || udp.checksum.status == 0 || icmp.checksum.status == 0"
          " || icmpv6.checksum.status == 0 || ip.bogus_ip_length || tcp.bogus_header_length")


def missing():
    if os.geteuid():
        return "network namespaces and TAP devices need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "there is no /dev/net/tun"
    for name in ("ip", "ping", "curl", "iperf", "tshark"):
        if not shutil.which(name, path=PATH):
            return f"{name} is not installed"
    probe = subprocess.run(["ip", "netns", "list"], capture_output=True, env=ENVIRONMENT,
                           check=False)
    return None if probe.returncode == 0 else "this system has no network namespaces"


if missing():
    print(missing())
    sys.exit(77)


def run(*argv, check=True, timeout=TIMEOUT):
    done = subprocess.run([str(word) for word in argv], capture_output=True, timeout=timeout,
                          env=ENVIRONMENT, check=False)
    assert not check or done.returncode == 0, (argv, done.stdout, done.stderr)
    return done


class Net:
    """A namespace with a TAP device, and the server behind it; leaves nothing of either."""

    def __init__(self):
        self.name = f"tp{os.getpid() % 100000}"
        self.folder = Path(tempfile.mkdtemp())
        self.captures = 0
        run("ip", "netns", "add", self.name)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        self.errors = (self.folder / "errors").open("w+")
        # In the namespace from the start, so that the device is born there.
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, NET_SERVER, "tap0", SERVER4, str(BITS), SERVER6],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=ENVIRONMENT)
        self.mac = self.answer("ready")[0]
        self.ip("addr", "add", f"{HOST4}/{BITS}", "dev", "tap0")
        self.ip("addr", "add", f"{HOST6}/64", "dev", "tap0", "nodad")
        self.ip("link", "set", "tap0", "up")

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def inside(self, *argv, **options):
        return run("ip", "netns", "exec", self.name, *argv, **options)

    def answer(self, first):
        line = self.process.stdout.readline()
        words = line.split()
        if not words or words[0] != first:
            self.errors.seek(0)
            raise AssertionError(f"expected {first}: {line}{self.errors.read()}")
        return words[1:]

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer(command.split()[0])

    def stat(self):
        self.process.stdin.write("stat\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        return {name: int(value) for name, value in (word.split("=") for word in words)}

    def quit(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.flush()
        assert self.answer("ended") == []
        return self.process.wait(timeout=TIMEOUT)

    def close(self):
        process = getattr(self, "process", None)
        if process:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=TIMEOUT)
            process.stdin.close()
            process.stdout.close()
            self.errors.close()
        run("ip", "netns", "delete", self.name, check=False)
        shutil.rmtree(self.folder)

    def begin_capture(self):
        """The file; None: this was built without libpcap."""
        self.captures += 1
        path = self.folder / f"{self.captures}.pcap"
        status = self.ask(f"capture {path}")
        assert status in (["0"], [str(-errno.ENOTSUP)]), status
        return path if status == ["0"] else None

    def end_capture(self):
        assert self.ask("capture -") == ["0"]

    def resting_stat(self):
        """The counters once they have stopped moving."""
        before = None
        for _ in range(1200):
            now = self.stat()
            if now == before:
                return now
            before = now
            time.sleep(0.05)
        raise AssertionError("the counters do not come to rest")


def tshark(path, *words):
    options = [word for check in CHECKS for word in ("-o", f"{check}:TRUE")]
    done = run("tshark", "-n", "-r", path, *options, *words)
    return done.stdout.decode().splitlines()


def content_word(key, index):
    """As src/net/probe.h says it."""
    z = (key + index * STEP) & MASK
    return mix(z)


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def content_key(seed, flow, number):
    return mix((mix((seed + flow * STEP) & MASK) + number * STEP) & MASK)


def content(seed, length):
    """The beginning of the stream of flow 0."""
    key = content_key(seed, 0, 0)
    words = (content_word(key, index) for index in range((length + 7) // 8))
    return b"".join(struct.pack("<Q", word) for word in words)[:length]


class NetTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Net()
        cls.addClassCleanup(cls.net.close)

    def setUp(self):
        self.decode = []
        self.capture = self.net.begin_capture()

    def tearDown(self):
        self.net.end_capture()
        self.must_balance()
        self.must_be_faultless()

    @staticmethod
    def imbalances(s):
        queues = [n for n in range(16) if f"rq{n}_packets" in s]
        drops = sum(value for name, value in s.items() if re.match(r"sq\d+_drop_", name))
        books = {
            # TAP device and wire
            "tap.received": (s["tap.received"], s["tap.written"] + s["tap.refused"]),
            "tap.read": (s["tap.read"], s["tap.whole"] + s["tap.cut"] + s["tap.malformed"]),
            "wire1.sent": (s["wire1.sent"], s["tap.whole"] + s["tap.segments"]),
            "wire0.delivered": (s["wire0.delivered"], s["tap.received"]),
            "tap.malformed": (s["tap.malformed"], 0),
            # Driver and stack: what the stack gave is sent, or dropped and counted.
            "lwip.to_send": (s["lwip.to_send"], s["lwip.sent"] + s["lwip.refused"]
                             + s["lwip.no_buffer"] + s["lwip.pending"] + s["lwip.joined"]),
            "received": (sum(s[f"rq{n}_packets"] for n in queues),
                         s["lwip.given"] + s["lwip.dropped"]),
            "dropped": (drops, 0),
            "sent": (sum(s[f"sq{n}_packets"] for n in queues), s["wire0.sent"]),
        }
        return {name: book for name, book in books.items() if book[0] != book[1]}

    def must_balance(self):
        """What waits for a CPU rests too, and then goes on."""
        for _ in range(100):
            wrong = self.imbalances(self.net.resting_stat())
            if not wrong:
                break
            time.sleep(0.1)
        self.assertEqual(wrong, {})

    def must_be_faultless(self):
        if not self.capture:
            return
        bad = tshark(self.capture, *self.decode, "-Y", FAULTS)
        self.assertEqual(bad, [], "\n".join(bad[:10]))

    # ---- tools -------------------------------------------------------------------------------

    def test_ping_ipv4(self):
        said = self.net.inside("ping", "-c", "5", "-i", "0.1", "-W", "5", SERVER4).stdout.decode()
        self.assertIn(" 5 received, 0% packet loss", said)
        self.net.inside("ping", "-c", "3", "-i", "0.1", "-W", "5", "-s", "1400", SERVER4)

    def test_ping_ipv4_in_fragments(self):
        said = self.net.inside("ping", "-c", "3", "-i", "0.1", "-W", "5", "-s", "4000",
                               SERVER4).stdout.decode()
        self.assertIn(" 3 received, 0% packet loss", said)

    def test_ping_ipv6(self):
        said = self.net.inside("ping", "-6", "-c", "5", "-i", "0.1", "-W", "5",
                               SERVER6).stdout.decode()
        self.assertIn(" 5 received, 0% packet loss", said)

    def test_curl_of_100_mb(self):
        # Bytes at random: where tshark lost the thread, it takes some for headers of HTTP.
        self.decode = ["-d", "tcp.port==80,data"]
        file = self.net.folder / "content"
        self.net.inside("curl", "-sS", "-f", "-m", TIMEOUT, "-o", file, f"http://{SERVER4}/content")
        said = self.net.inside("curl", "-sS", "-f", "-m", 10,
                               f"http://{SERVER4}/content.sha256").stdout.decode()
        self.assertEqual(file.stat().st_size, CONTENT)
        data = file.read_bytes()
        file.unlink()
        self.assertEqual(hashlib.sha256(data).hexdigest(), said.split()[0])
        # Not only the server's word: the beginning as anybody can make it.
        self.assertEqual(data[:80_000], content(5, 80_000))
        self.assertGreater(self.net.stat()["lwip.large"], 0)

    def test_curl_over_ipv6(self):
        said = self.net.inside("curl", "-sS", "-f", "-m", 10, f"http://[{SERVER6}]/").stdout
        self.assertEqual(said, b"/content\n/content.sha256\n")

    def test_curl_of_what_is_not_there(self):
        done = self.net.inside("curl", "-sS", "-f", "-m", 10, f"http://{SERVER4}/nothing",
                               check=False)
        self.assertEqual(done.returncode, 22)
        done = self.net.inside("curl", "-sS", "-m", 10, "-X", "DELETE", "-o", "/dev/null",
                               "-w", "%{http_code}", f"http://{SERVER4}/content")
        self.assertEqual(done.stdout, b"405")

    def test_echo(self):
        script = ("import socket, sys, threading\n"
                  f"s = socket.create_connection(('{SERVER4}', 7), timeout=60)\n"
                  "data = bytes(i * 7 + i // 256 & 255 for i in range(2000000))\n"
                  "t = threading.Thread(target=s.sendall, args=(data,))\n"
                  "t.start()\n"
                  "got = bytearray()\n"
                  "while len(got) < len(data): got += s.recv(65536)\n"
                  "t.join()\n"
                  "s.close()\n"
                  "sys.exit(got != data)\n")
        self.net.inside(sys.executable, "-c", script)

    def test_iperf_to_the_server(self):
        before = self.net.stat()["server.iperf_bytes"]
        said = self.net.inside("iperf", "-c", SERVER4, "-n", "100M", "-f", "m").stdout.decode()
        self.assertRegex(said, r"Mbits/sec")
        for _ in range(100):
            received = self.net.resting_stat()["server.iperf_bytes"] - before
            if received >= 100 * (1 << 20):
                break
        self.assertGreaterEqual(received, 100 * (1 << 20))
        print(f"iperf to the server: {said.splitlines()[-1]}", file=sys.stderr)

    def test_iperf_from_the_server(self):
        iperf = subprocess.Popen(["ip", "netns", "exec", self.net.name, "iperf", "-s", "-f", "m"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=ENVIRONMENT)
        try:
            for _ in range(100):
                status, sent, _ns = self.net.ask(f"iperf {HOST4} 5001 1")
                if status == "0":
                    break
                time.sleep(0.05)
            self.assertEqual(status, "0")
            self.assertGreater(int(sent), 1_000_000)
            print(f"iperf from the server: {int(sent) * 8e3 / int(_ns):.0f} Mbits/sec",
                  file=sys.stderr)
        finally:
            iperf.terminate()
            iperf.communicate(timeout=TIMEOUT)

    # ---- TSO ---------------------------------------------------------------------------------

    def host_socket(self):
        """A socket for whole frames, inside the namespace."""
        script = ("import socket, sys, struct\n"
                  "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))\n"
                  "s.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)\n"  # SO_RCVBUFFORCE
                  "s.bind(('tap0', 0))\n"
                  "s.settimeout(10)\n"
                  "print('listening', flush=True)\n"
                  "left = int(sys.argv[1])\n"
                  "while left:\n"
                  "    f = s.recv(65536)\n"
                  f"    if f[36:38] == struct.pack('>H', {PROBE_PORT}) and f[23] == 6:\n"
                  "        left -= 1\n"
                  "        print(f.hex(), flush=True)\n")
        return script

    def test_tso_content(self):
        length, mss, count, seed = 60_000, 1448, 5, 77
        payload = length - 54
        segments = count * -(-payload // mss)
        link = (self.net.ip("-o", "link", "show", "tap0").stdout.decode())
        host_mac = re.search(r"link/ether (\S+)", link).group(1)
        listener = subprocess.Popen(
            ["ip", "netns", "exec", self.net.name, sys.executable, "-c", self.host_socket(),
             str(segments)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        try:
            self.assertEqual(listener.stdout.readline(), "listening\n")
            said = self.net.ask(f"tso {host_mac} {length} {mss} {count} {seed}")
            self.assertEqual(said, [str(segments)])
            lines = listener.communicate(timeout=TIMEOUT)[0].split()
        finally:
            listener.kill()
        self.assertEqual(len(lines), segments)
        self.must_be_stream([bytes.fromhex(line) for line in lines], seed, count * payload, mss)

    def must_be_stream(self, frames, seed, length, mss):
        expected = content(seed, length)
        at = 0
        for frame in frames:
            total, = struct.unpack_from(">H", frame, 16)
            sequence, = struct.unpack_from(">I", frame, 38)
            data = frame[54:14 + total]
            self.assertLessEqual(len(data), mss)
            self.assertEqual(sequence, at)
            self.assertEqual(data, expected[at:at + len(data)])
            at += len(data)
        self.assertEqual(at, length)


class CaptureTest(unittest.TestCase):
    """That no fault is found means something: one wrong bit in a capture is."""

    def test_a_wrong_bit_is_found(self):
        net = Net()
        self.addCleanup(net.close)
        path = net.begin_capture()
        if not path:
            self.skipTest("built without libpcap")
        net.inside("ping", "-c", "1", "-W", "5", SERVER4)
        net.end_capture()
        self.assertEqual(tshark(path, "-Y", FAULTS), [])
        data = bytearray(path.read_bytes())
        for offset in self.echoes(data):
            data[offset] ^= 1
        path.write_bytes(data)
        self.assertEqual(len(tshark(path, "-Y", FAULTS)), 2)

    @staticmethod
    def echoes(data):
        """Where in a capture file the last byte of each ICMP packet lies."""
        at = 24
        while at < len(data):
            length, = struct.unpack_from("<I", data, at + 8)
            at += 16
            if data[at + 12:at + 14] == b"\x08\0" and data[at + 23] == 1:
                yield at + length - 1
            at += length


class EndTest(unittest.TestCase):
    def test_the_server_ends_with_nothing_left(self):
        net = Net()
        self.addCleanup(net.close)
        net.inside("ping", "-c", "1", "-W", "5", SERVER4)
        self.assertEqual(net.quit(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
