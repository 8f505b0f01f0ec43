#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tidepool net on a mounted machine, beside the files of its network devices; and wrong use."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from mounted import (HELD, NO_MACHINE, REFUSED, TIDEPOOL, USAGE, CommandTest, Mount, MountedTest,
                     command, ctl, wait_for)

SOURCE = Path(os.environ["TP_SOURCE"])
SCENARIO = SOURCE / "scenarios" / "net.lua"
PER_QUEUE = 8 + 11  # counters of a receive and of a send queue
OWN = 12            # of the device itself
SETTINGS = ["up", "mtu", "queues", "rx_ring", "tx_ring", "rx_usecs", "tx_usecs", "mac", "promisc",
            "allmulti", "keep_stats", "rx_csum", "tx_csum", "tso", "rx_vlan", "tx_vlan", "rx_hash"]
# Two devices on one wire, with traffic that a slow machine can follow.
SCRIPT = """
local m = tp.machine { nodes = { { dram = "64M", cpus = 2 } }, block_size = "32M" }
for _ = 1, 2 do assert(m:nic { queues = 2 }) end
assert(m:wire { from = "avf0", to = "avf1" })
assert(m:traffic { name = "forth", from = "avf0", to = "avf1", frame = 1000, rate = 500,
                   flows = 8 })
"""


class Net(CommandTest):
    COMMAND = "net"
    SCRIPT = SCRIPT

    def setUp(self):
        """The link comes up a moment after the devices, which is shown."""
        super().setUp()
        self.assertTrue(wait_for(lambda: all(device["carrier"] for device in
                                             self.ask("show")["net_devices"])))

    def device(self, name):
        return self.ask("show", name)["net_devices"][0]

    def stats(self, name):
        return self.ask("stats", name)["net_stats"]

    def file(self, name, *parts):
        return self.mounted.path("sys/class/net", name, *parts).read_text().strip()

    def flows(self):
        """Frames arrive."""
        before = int(self.file("avf1", "statistics/rx_packets"))
        return wait_for(lambda: int(self.file("avf1", "statistics/rx_packets")) > before)

    # ---- looking ----

    def test_show_lists_all_or_one(self):
        text = self.expect(HELD, "show", self.m).stdout
        self.assertEqual(re.findall(r"^(\w+): running, ", text, re.M), ["avf0", "avf1"])
        for word in ("driver avf", "mac 02:af:", "mtu 1500 of 9702", "queues 2 of 16", "rx 512",
                     "features rx_csum tx_csum tso", "resets 0 asked for"):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        one = self.expect(HELD, "show", self.m, "avf1").stdout
        self.assertEqual(re.findall(r"^(\w+): ", one, re.M), ["avf1"])
        self.assertIn(one, text)
        self.assertEqual([d["name"] for d in self.ask("show")["net_devices"]], ["avf0", "avf1"])

    def test_show_says_what_the_files_say(self):
        for name in ("avf0", "avf1"):
            device = self.device(name)
            self.assertEqual(self.file(name, "address"), device["mac"])
            self.assertEqual(self.file(name, "mtu"), str(device["mtu"]))
            self.assertEqual(self.file(name, "carrier"), "1")
            self.assertEqual(self.file(name, "operstate"), "up")
            self.assertEqual(self.file(name, "speed"), str(device["speed_mbps"]))
            queues = os.listdir(self.mounted.path("sys/class/net", name, "queues"))
            self.assertEqual(len(queues), 2 * device["queues"])

    def test_stats_are_complete_and_never_go_back(self):
        before = self.stats("avf1")
        self.assertEqual(len(before), OWN + 2 * PER_QUEUE)
        self.assertTrue(self.flows())
        after = self.stats("avf1")
        self.assertEqual(list(after), list(before))
        self.assertTrue(all(after[name] >= before[name] for name in before))
        lines = self.expect(HELD, "stats", self.m, "avf1").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines], list(after))
        self.assertTrue(all(re.fullmatch(r"\w+ +\d+", line) for line in lines))

    def sums(self, name, *counters):
        stats = self.stats(name)
        return sum(value for key, value in stats.items()
                   if re.fullmatch(r"[rs]q\d+_(%s)" % "|".join(counters), key))

    def rest(self):
        """Nobody sends any more, and all that was sent has come, or is known not to have."""
        self.assertEqual(ctl(self.m, "stop", "name=forth").returncode, 0)
        work = next(load["work"] for load in json.loads(
            ctl(self.m, "--json", "loads").stdout)["loads"] if load["name"] == "forth")
        self.assertEqual(self.sums("avf0", "packets"), work)
        # The device says what it had no room for every two seconds.
        self.assertTrue(wait_for(lambda: self.stats("avf1")["rx_discards"] +
                                 self.sums("avf1", "packets") == work))

    def test_stats_agree_with_the_files(self):
        self.assertTrue(self.flows())
        self.rest()
        files = self.mounted.path("sys/class/net/avf1/statistics")
        own = self.mounted.path("tidepool/net/avf1")
        # One report for both is not to be had; at rest it makes no difference.
        stats = self.stats("avf1")
        self.assertTrue(wait_for(lambda: self.stats("avf1") == stats or stats.update(
            self.stats("avf1"))))
        receive = {key: value for key, value in stats.items() if key.startswith("rq")}
        for name, wanted in {
                "rx_packets": ["packets"], "rx_bytes": ["bytes"], "rx_dropped": ["drop_reset"],
                "rx_errors": ["drop_error", "drop_length"],
                "rx_length_errors": ["drop_length"]}.items():
            total = sum(value for key, value in receive.items()
                        if key.split("_", 1)[1] in wanted)
            self.assertEqual(int((files / name).read_text()), total, name)
        self.assertGreater(int((files / "rx_packets").read_text()), 0)
        lines = (own / "queue_stats").read_text().splitlines()
        self.assertEqual(dict(line.split() for line in lines),
                         {key: str(value) for key, value in stats.items()
                          if key[1] == "q"})
        self.assertEqual((own / "state").read_text(), "running\n")

    def test_what_was_sent_has_come(self):
        self.assertTrue(self.flows())
        self.rest()

    # ---- changing ----

    def test_set_changes_what_is_named(self):
        for setting in ("mtu=9000", "queues=4", "rx_ring=256", "tx_ring=1024", "rx_usecs=100",
                        "tx_usecs=0", "mac=02:00:00:00:00:07", "promisc=true", "allmulti=true"):
            name, value = setting.split("=")
            before = self.device("avf0")
            after = self.ask("set", "avf0", setting)["net_device"]
            self.assertEqual(str(after[name]).lower(), value)
            changed = {key for key in after if after[key] != before[key]}
            self.assertLessEqual(changed, {name, "active_queues", "carrier", "speed_mbps",
                                           "state"})
        for feature in ("tso", "tx_csum", "rx_csum", "rx_vlan", "tx_vlan", "rx_hash"):
            after = self.ask("set", "avf0", f"{feature}=false")["net_device"]
            self.assertFalse(after["features"][feature])
        self.assertIn("promiscuous, all multicast", self.expect(HELD, "show", self.m).stdout)
        # Who sends wants the checksum filled in.
        self.ask("set", "avf0", "tx_csum=true")
        self.assertTrue(self.flows())

    def test_set_several_and_down_and_up(self):
        text = self.expect(HELD, "set", self.m, "avf0", "queues=3", "mtu=2000").stdout
        self.assertIn("mtu 2000 of", text)
        self.assertIn("queues 3 of", text)
        self.assertEqual(self.file("avf0", "mtu"), "2000")
        self.assertEqual(self.ask("set", "avf0", "up=false")["net_device"]["state"], "down")
        self.assertEqual(self.file("avf0", "operstate"), "down")
        self.ask("set", "avf0", "up=true")
        self.assertTrue(self.flows())
        # The other way round: the file is written, the command sees it.
        self.mounted.path("sys/class/net/avf0/mtu").write_text("1400")
        self.assertEqual(self.device("avf0")["mtu"], 1400)

    def test_set_with_counters_kept_or_not(self):
        # So many do not come again before they are asked for.
        self.assertTrue(wait_for(lambda: self.stats("avf1")["rq0_packets"] > 100))
        kept = self.stats("avf1")["rq0_packets"]
        self.ask("set", "avf1", "keep_stats=true", "queues=1")
        self.assertGreaterEqual(self.stats("avf1")["rq0_packets"], kept)
        before = int(self.file("avf1", "statistics/rx_packets"))
        self.assertEqual(ctl(self.m, "stop", "name=forth").returncode, 0)
        self.ask("set", "avf1", "keep_stats=false", "queues=2")
        self.assertEqual(self.sums("avf1", "packets"), 0)
        # Linux's sums never go back.
        self.assertGreaterEqual(int(self.file("avf1", "statistics/rx_packets")), before)

    def test_reset(self):
        device = self.ask("reset", "avf0")["net_device"]
        self.assertEqual((device["resets"]["asked"], device["state"]), (1, "running"))
        self.assertIn("resets 2 asked for", self.expect(HELD, "reset", self.m, "avf0").stdout)
        self.assertTrue(self.flows())

    # ---- refused ----

    def test_refused(self):
        before = self.device("avf0")
        for setting, why in (("mtu=67", "from 68 to 9702"), ("queues=17", "from 1 to 16"),
                             ("rx_ring=100", "no multiple of 32"), ("tx_usecs=7", "multiple of 2"),
                             ("mac=nobody", '"nobody" is no MAC address'),
                             ("tx_csum=false", "TSO needs"), ("promisc=yes", "true or false"),
                             ("colour=red", 'no option "colour"'), ("mtu=", "a whole number")):
            output = self.expect(REFUSED, "set", self.m, "avf0", "promisc=true", setting)
            self.assertIn(why, output.stderr)
            self.assertIn("(EINVAL)", output.stderr)
            self.assertEqual(output.stdout, "")
        self.assertEqual(self.device("avf0"), before)

    def test_no_such_device(self):
        for words in (("show", self.m, "eth0"), ("stats", self.m, "eth0"),
                      ("set", self.m, "eth0", "mtu=1500"), ("reset", self.m, "eth0")):
            output = self.expect(REFUSED, *words)
            self.assertIn("there is no network device", output.stderr)
            self.assertIn("eth0", output.stderr)
            self.assertEqual(output.stdout, "")

    def test_wrong_use(self):
        for words, why in (
                ((), "try: tidepool net show DIR"), (("show",), "at which mount"),
                (("fly", self.m), 'there is no "fly"'),
                (("stats", self.m), "which network device?"),
                (("set", self.m), "which network device?"),
                (("reset", self.m), "which network device?"),
                (("show", self.m, "avf0", "mtu=1"), "show takes no settings"),
                (("reset", self.m, "avf0", "mtu=1"), "reset takes no settings"),
                (("set", self.m, "avf0", "mtu"), '"mtu" is no setting'),
                (("set", self.m, "avf0", "=1"), '"=1" is no setting'),
                (("set", self.m, "avf0", "name=avf1"), '"name=avf1" is no setting'),
                (("set", self.m, "avf0", "cmd=quit"), '"cmd=quit" is no setting'),
                (("set", self.m, "avf0", *["mtu=1500"] * 33), "at most 32 settings"),
                (("--loud", "show", self.m), "unrecognized option")):
            output = self.expect(USAGE, *words)
            self.assertIn(why, output.stderr)
            self.assertEqual(output.stdout, "")
        self.assertEqual(ctl(self.m, "net_set", "cmd=quit").returncode, USAGE)

    def test_no_machine(self):
        for folder in (self.scratch / "none", self.scratch, "/proc"):
            output = self.expect(NO_MACHINE, "show", folder)
            self.assertIn("is no mounted machine", output.stderr)

    def test_help(self):
        text = command("net", "--help").stdout
        self.assertTrue(all(re.search(rf"\b{name}\b", text) for name in SETTINGS))

    # ---- the same as others say it ----

    def test_ctl_does_the_same(self):
        self.assertEqual(ctl(self.m, "net").stdout.splitlines()[1:],
                         self.expect(HELD, "show", self.m).stdout.splitlines()[1:])
        self.assertEqual(ctl(self.m, "net_set", "name=avf0", "mtu=3000").returncode, HELD)
        self.assertEqual(self.device("avf0")["mtu"], 3000)
        self.assertIn("no network device eth0", ctl(self.m, "net_stats", "name=eth0").stderr)
        self.assertIn("EEXIST", ctl(self.m, "load", "kind=hog", "name=forth", "size=1M").stderr)
        self.assertIn("forth            traffic", ctl(self.m, "loads").stdout)

    def test_completion_asks_the_mount(self):
        text = f"""
            . {SOURCE}/src/cli/tidepool.bash
            COMP_WORDS=({TIDEPOOL} net set {self.m} avf) COMP_CWORD=4
            _tidepool; echo "${{COMPREPLY[*]}}"
        """
        output = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
        self.assertEqual(output.stdout, "avf0 avf1\n")

    # ---- many at once ----

    def test_many_clients_at_once(self):
        """They change and read at a time: none sees half a report, all of it is sound."""
        changes = [subprocess.Popen(["sh", "-c", f"""
            for n in 1 2 3 4 5 6; do
                '{TIDEPOOL}' net set '{self.m}' avf1 queues=$n {setting} >/dev/null || exit 1
                '{TIDEPOOL}' net reset '{self.m}' avf0 >/dev/null || exit 1
            done"""]) for setting in ("rx_ring=64", "promisc=true")]
        sizes = {len(self.stats("avf1"))}
        while any(change.poll() is None for change in changes):
            stats = self.stats("avf1")
            sizes.add(len(stats))
            self.assertEqual((len(stats) - OWN) % PER_QUEUE, 0)
        self.assertEqual([change.returncode for change in changes], [0, 0])
        sizes.add(len(self.stats("avf1")))
        self.assertGreater(len(sizes), 1)
        self.assertEqual(json.loads(ctl(self.m, "--json", "check").stdout)["findings"], 0)
        self.assertTrue(self.flows())


class Tour(MountedTest):
    """The guided tour of docs/net.md."""

    def test_mounted_scenario(self):
        mount = self.mount("--quiet", script=SCENARIO, args=["seconds=0.02", "brief=yes"])
        self.assertIn("avf0: running", command("net", "show", mount.folder).stdout)
        self.assertIn("queues 4 of 16", command("net", "set", mount.folder, "avf0", "queues=4",
                                            "mtu=9000").stdout)
        self.assertGreater(int(mount.path(
            "sys/class/net/avf0/statistics/rx_packets").read_text()), 0)
        self.assertEqual(ctl(mount.folder, "quit").returncode, 0)
        self.assertEqual(mount.ends(), 0)


if __name__ == "__main__":
    unittest.main()
