#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever --json prints is in docs/tidepool.schema.json, and the other way round.

Every command runs, on small inputs, in all the ways it can end.  Each line must be valid, and each
type, property and word that the schema declares must have been seen, or stand in NEVER_SEEN.
"""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print("this needs python3-jsonschema")
    sys.exit(77)

TIDEPOOL = os.environ["TIDEPOOL"]
SOURCE = Path(os.environ["TP_SOURCE"])
SCHEMA = json.loads((SOURCE / "docs" / "tidepool.schema.json").read_text())
SCENARIOS = SOURCE / "scenarios"
BROKEN, RIGHT = "model/stale-type-broken", "model/stale-type"
SMALL = "local m = tp.machine { nodes = { { dram = '32M' }, {} }, block_size = '8M' }\n"
SANITIZED = b"__asan_init" in Path(TIDEPOOL).read_bytes() or \
    b"__tsan_init" in Path(TIDEPOOL).read_bytes()

# (definition, property, word) -> why no test brings it about.
NEVER_SEEN = {
    ("injection_line", "outcome", "finding"):
        "takes a bug of the library; the same code says so of a whole run",
    ("injection_line", "outcome", "not_reached"):
        "takes threads that hit a site less often than in the first run",
    ("net_device", "state", "starting"):
        "a device is listed once that is over",
    ("net_device", "state", "resetting"):
        "who asks waits until that is over",
    ("gpu", "state", "resetting"):
        "takes somebody who asks within that moment",
}

# Of those, what may be seen all the same, for threads are scheduled as they are.
BY_CHANCE = {("injection_line", "outcome", "not_reached"), ("gpu", "state", "resetting")}

# A script of which one injected run, and only that, ends in a way of its own.
WHEN_INJECTED = """
local function injected()
    for _, site in ipairs(tp.fault.list()) do
        if site.name == 'mm/online-prepare' then return site.injected > 0 end
    end
end
""" + SMALL + "m:plug { size = '8M', node = 1, online = 'movable' }\nif injected() then %s end\n"


# Two devices, of which one does not come back from a reset.
NETWORK = SMALL + """
local a, b = assert(m:nic()), assert(m:nic())
assert(m:wire { from = 'avf0', to = 'avf1' })
assert(m:traffic { from = 'avf0', to = 'avf1', rate = 1000 })
tp.sleep '100ms'
tp.fault.arm('net/avf-reset', 1, 1000000)
assert(not b:reset())
tp.fault.reset()
"""


# GPUs, of which one does not come back from a reset.
GPUS = SMALL + """
local a, b = assert(m:gpu { platform = 'mtl' }), assert(m:gpu { platform = 'dg1', vram = '2M' })
assert(m:gpu_work { gpu = 'gpu0', threads = 1, objects = 4, size = '16K' })
assert(m:gpu { platform = 'vega10', vram = '4M' })
assert(b:refuse_resets { n = 1000000 })
assert(not b:reset())
"""


class Output:
    """What one command printed, and how it ended."""

    def __init__(self, words, code, stdout, stderr):
        self.words, self.code, self.stderr = words, code, stderr
        self.lines = [json.loads(line) for line in stdout.splitlines()]

    def of(self, type_):
        return [line for line in self.lines if line["type"] == type_]


def tidepool(*words, before=(), limits=None, **popen):
    run = subprocess.run([*before, TIDEPOOL, *map(str, words)], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, check=False, preexec_fn=limits, timeout=120,
                         **popen)
    return Output(words, run.returncode, run.stdout, run.stderr)


def catches_interrupts(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (signal.SIGINT - 1) & 1


def disturbed(disturb, *words, ready=None):
    """Run it, and call disturb(process) after the line of that type; or where there is none,
    a second after an interrupt is no sudden end any more."""
    with subprocess.Popen([TIDEPOOL, *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        seen = ""
        while ready and f'"type":"{ready}"' not in seen:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            seen += line
        if not ready:
            while not catches_interrupts(process):
                time.sleep(0.01)
            time.sleep(1)
        disturb(process)
        stdout, stderr = process.communicate(timeout=120)
    return Output(words, process.returncode, seen + stdout, stderr)


def interrupt(process):
    os.killpg(process.pid, signal.SIGINT)


def child_that_sleeps(process):
    """Once it does: the same one, asleep, and without any work between two looks."""
    before = None
    while True:
        look = None
        with contextlib.suppress(OSError, IndexError):
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            child = children.split()[0]
            rest = Path(f"/proc/{child}/stat").read_text().rsplit(")")[-1].split()
            look = child, rest[0], rest[11:13] # its state and what it has had of the CPU
        if look and look[1] == "S" and look == before:
            return int(look[0])
        before = look
        time.sleep(0.5)


def interrupt_what_sleeps(process):
    child_that_sleeps(process)
    interrupt(process)


def corrupt(process):
    """Write over the view of the smallest memory that is shared: the only load's."""
    areas = re.findall(r"^(\w+)-(\w+) rw-s", Path(f"/proc/{process.pid}/maps").read_text(), re.M)
    begin, end = min(((int(a, 16), int(b, 16)) for a, b in areas),
                     key=lambda area: area[1] - area[0])
    with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(begin)
        memory.write(b"\xa5" * (end - begin))


def abort_child(process):
    os.kill(child_that_sleeps(process), signal.SIGABRT)


def small_address_space():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


class Json(unittest.TestCase):
    outputs = []

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def script(self, text, name="bad.lua"):
        path = Path(self.folder.name) / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def keep(self, output, code, verdict):
        """It ended as it should, and its last line says so."""
        self.outputs.append(output)
        self.assertEqual(output.code, code, (output.words, output.lines[-1:], output.stderr))
        self.assertTrue(output.lines, output.words)
        result = output.lines[-1]
        self.assertEqual([line["type"] for line in output.lines].count("result"), 1)
        self.assertEqual((result["type"], result["exit"], result["verdict"], result["command"]),
                         ("result", code, verdict, output.words[0]))
        return output

    def silent(self, output):
        """It could not begin: no line at all, a message, exit 2."""
        self.assertEqual((output.code, output.lines), (2, []), output.words)
        self.assertTrue(output.stderr)

    # ---- run ----

    def test_run_that_holds(self):
        for name in ("quickstart", "pinned", "partial"):
            self.keep(tidepool("run", "--json", SCENARIOS / f"{name}.lua"), 0, "held")
        pinned = self.outputs[-2]
        blocked = [step for step in pinned.of("step") if step["report"] and step["err"]]
        self.assertTrue(all(step["report"]["blockers"] for step in blocked) and blocked)

    def test_run_with_a_veto(self):
        output = self.keep(tidepool("run", "--json", SCENARIOS / "veto.lua"), 0, "held")
        self.assertIn("driver", [step["report"]["vetoed_by"] for step in output.of("step")
                                 if step["report"]])

    def test_run_with_an_injected_fault(self):
        output = self.keep(tidepool("run", "--json", SCENARIOS / "quickstart.lua", "--retry",
                                    "--inject", "mm/online-prepare:2"), 0, "held")
        self.assertTrue(any(step["injected"] and step["err"] for step in output.of("step")))

    def test_run_that_broke_a_promise(self):
        script = self.script(SMALL + "m:load { kind = 'mapping', size = '4M' }\n"
                             "print('ready') tp.sleep '60s'") # or until that is found
        output = self.keep(disturbed(corrupt, "run", "--json", script, ready="log"), 1, "finding")
        self.assertTrue(output.of("finding"))

    def test_run_that_expected_something_else(self):
        output = tidepool("run", "--json", self.script("assert(1 == 2, 'it is not')"))
        self.assertIn("it is not", self.keep(output, 1, "assertion").lines[-1]["message"])
        self.keep(tidepool("run", "--json", self.script(b"error('no \xff text')")), 1, "assertion")

    def test_run_of_what_is_no_script(self):
        self.keep(tidepool("run", "--json", self.script("this is no Lua")), 2, "usage")
        self.silent(tidepool("run", "--json"))
        self.silent(tidepool("run", "--json", "--no-such-option"))

    def test_run_that_lacks_memory(self):
        script = self.script(SMALL + "m:load { kind = 'mapping', size = '1000G' }")
        self.keep(tidepool("run", "--json", script), 3, "environment")

    def test_run_interrupted(self):
        script = self.script(SMALL + "print('ready') tp.sleep '60s'")
        self.keep(disturbed(interrupt, "run", "--json", script, ready="log"), 130, "interrupted")

    # ---- faults ----

    def test_faults_listed(self):
        self.keep(tidepool("faults", "--json"), 0, "held")
        script = self.script(SMALL + "tp.fault.arm('mm/isolate', 1)\n"
                             "m:plug({ size = '8M', node = 1, online = 'movable' }):offline()")
        output = self.keep(tidepool("faults", "--json", script), 0, "held")
        self.assertTrue(any(site["hits"] and site["injected"] for site in output.of("site")))

    def test_faults_all(self):
        output = tidepool("faults", "--all", "--hits", "1", "--json", SCENARIOS / "quickstart.lua")
        self.assertTrue(self.keep(output, 0, "held").of("injection"))

    def test_faults_that_end_the_script(self):
        script = self.script(WHEN_INJECTED % "error('I give up')", "ended.lua")
        output = self.keep(tidepool("faults", "--all", "--hits", "1", "--json", script), 0, "held")
        self.assertIn("ended", [line["outcome"] for line in output.of("injection")])

    def test_faults_that_hang(self):
        script = self.script(WHEN_INJECTED % "tp.sleep '60s'", "hang.lua")
        output = tidepool("faults", "--all", "--hits", "1", "--timeout", "5s", "--json", script)
        self.assertIn("hang", [line["outcome"] for line in
                               self.keep(output, 1, "finding").of("injection")])

    def test_faults_that_crash(self):
        script = self.script(WHEN_INJECTED % "tp.sleep '60s'", "crash.lua")
        output = disturbed(abort_child, "faults", "--all", "--hits", "1", "--json", script,
                           ready="injection")
        self.assertIn("crash", [line["outcome"] for line in
                                self.keep(output, 1, "finding").of("injection")])

    def test_faults_of_a_script_that_does_not_hold(self):
        output = tidepool("faults", "--all", "--json", self.script("assert(false)"))
        self.assertIn("without a fault", self.keep(output, 2, "usage").lines[-1]["message"])
        self.silent(tidepool("faults", "--all", "--json"))

    def test_faults_interrupted(self):
        """In the first run, which has no fault, and in one of those that have."""
        script = self.script(SMALL + "tp.sleep '60s'", "slow.lua")
        self.keep(disturbed(interrupt, "faults", "--all", "--json", script, ready="begin"), 130,
                  "interrupted")
        script = self.script(WHEN_INJECTED % "tp.sleep '60s'", "hang.lua")
        output = disturbed(interrupt_what_sleeps, "faults", "--all", "--json", script,
                           ready="injection")
        self.assertEqual(self.keep(output, 130, "interrupted").of("injection")[-1]["outcome"],
                         "interrupted")

    # ---- explore, merge, replay ----

    def test_explore_listed(self):
        self.keep(tidepool("explore", "--list", "--json"), 0, "held")

    def test_explore_that_finds_and_replay_of_it(self):
        for strategy in ("random", "pct", "dfs", "sleep", "dpor", "bound"):
            output = tidepool("explore", BROKEN, "--strategy", strategy, "--runs", "100000",
                              "--json")
            self.keep(output, 1, "finding")
        token = output.of("explore")[0]["token"]
        again = self.keep(tidepool("replay", BROKEN, token, "--json"), 1, "finding")
        self.assertEqual(again.of("replay")[0]["finding"], output.of("explore")[0]["finding"])
        self.keep(tidepool("replay", RIGHT, "--json"), 0, "held")

    def test_explore_that_holds(self):
        output = tidepool("explore", RIGHT, "mm/free-vs-offline", "--faults", "1", "--sites",
                          "--memory", "c11", "--json")
        self.assertTrue(self.keep(output, 0, "held").of("explore")[1]["sites"])
        self.keep(tidepool("explore", RIGHT, "--runs", "3", "--json"), 0, "held")
        self.assertEqual(self.outputs[-1].of("explore")[0]["verdict"], "capped")

    def test_explore_of_nothing(self):
        self.silent(tidepool("explore", "no/such-scenario", "--json"))
        self.silent(tidepool("explore", RIGHT, "--strategy", "luck", "--json"))
        self.silent(tidepool("replay", RIGHT, "no token", "--json"))
        self.silent(tidepool("merge", "/dev/null", "--json"))

    def test_explore_interrupted(self):
        self.keep(disturbed(interrupt, "explore", "mm/free-vs-offline", "--strategy", "random",
                            "--runs", "1000000000", "--json"), 130, "interrupted")

    def test_merge(self):
        shards = []
        for part in (1, 2, 3):
            output = self.keep(tidepool("explore", RIGHT, "--shard", f"{part}/3", "--json"), 0,
                               "held")
            shards.append(self.script("\n".join(map(json.dumps, output.lines)), f"shard{part}"))
        self.keep(tidepool("merge", *shards, "--json", "--sites"), 0, "held")
        output = self.keep(tidepool("merge", shards[0], shards[2], "--json"), 1, "incomplete")
        self.assertEqual(output.of("explore")[0]["verdict"], "capped")

    # ---- a mounted machine ----

    def answer(self, *words, code=0):
        output = tidepool(*words[:2], "--json", *words[2:])
        self.outputs.append(output)
        self.assertEqual((output.code, [line["type"] for line in output.lines]),
                         (code, ["answer"]), (words, output.lines, output.stderr))
        return output.lines[0]

    def ctl(self, folder, *words, code=0):
        return self.answer("ctl", folder, *words, code=code)

    def net(self, verb, folder, *words, code=0):
        return self.answer("net", verb, folder, *words, code=code)

    def gpu(self, verb, folder, *words, code=0):
        return self.answer("gpu", verb, folder, *words, code=code)

    def listen(self, folder, disturb):
        """What `ctl events` prints while @disturb makes some."""
        with subprocess.Popen([TIDEPOOL, "ctl", folder, "--json", "events"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            first = process.stdout.readline()
            disturb()
            stdout, stderr = process.communicate(timeout=60)
        output = Output(["ctl", folder, "events"], process.returncode, first + stdout, stderr)
        self.outputs.append(output)
        return output

    def change(self, folder):
        block = Path(folder) / "sys/devices/system/memory/memory512"
        self.ctl(folder, "plug", "name=dimm", "size=16M", "node=1", "online=movable",
                 "latency_ns=900", "bandwidth_mbps=100")
        (block / "uevent").write_text("change")
        self.assertTrue(self.ctl(folder, "unplug", "name=dimm")["ok"])
        self.ctl(folder, "quit")

    def visit(self, folder):
        refused = self.ctl(folder, "plug", "name=x", "size=1", "node=1", code=1)
        self.assertEqual((refused["ok"], refused["err"]), (False, "EINVAL"))
        private = self.ctl(folder, "plug", "name=vram", "size=8M", "node=1", "kind=private")
        self.assertEqual(private["device"]["kind"], "private")
        self.ctl(folder, "unplug", "name=vram")
        self.ctl(folder, "load", "kind=mapping", "name=app", "size=1M")
        self.assertEqual(self.ctl(folder, "loads")["loads"][0]["name"], "app")
        self.assertEqual(self.ctl(folder, "devices")["devices"][0]["name"], "boot0")
        answer = self.ctl(folder, "stat", "id=7")
        self.assertEqual(answer["id"], "7")
        self.assertGreater(answer["stat"]["bytes_held"], 0)
        self.assertEqual(self.ctl(folder, "check")["findings"], 0)
        events = self.listen(folder, lambda: self.change(folder)).of("uevent")
        self.assertEqual(events[0]["seq"] + len(events) - 1, events[-1]["seq"])

    def test_mount_and_ctl(self):
        folder = Path(self.folder.name) / "mount"
        folder.mkdir()
        with subprocess.Popen([TIDEPOOL, "mount", folder, self.script(SMALL, "small.lua"),
                               "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            self.assertIn("mounted at", process.stderr.readline())
            self.visit(str(folder))
            stdout, stderr = process.communicate(timeout=60)
        self.keep(Output(["mount", folder], process.returncode, stdout, stderr), 0, "held")

    def visit_network(self, folder):
        first, second = self.net("show", folder)["net_devices"]
        self.assertEqual((first["state"], second["state"]), ("running", "failed"))
        self.assertEqual(self.net("show", folder, "avf1")["net_devices"][0]["name"], "avf1")
        self.assertIn("sq0_packets", self.net("stats", folder, "avf0")["net_stats"])
        answer = self.net("set", folder, "avf0", "up=false", "mtu=9000")
        self.assertEqual((answer["net_device"]["state"], answer["net_device"]["mtu"]),
                         ("down", 9000))
        self.assertEqual(self.net("reset", folder, "avf1")["net_device"]["state"], "running")
        refused = self.net("set", folder, "avf0", "mtu=1", code=1)
        self.assertEqual((refused["ok"], refused["err"]), (False, "EINVAL"))
        self.assertEqual(self.net("stats", folder, "eth0", code=1)["err"], "ENODEV")
        self.assertEqual(self.ctl(folder, "loads")["loads"][0]["kind"], "traffic")
        self.ctl(folder, "quit")

    def test_net(self):
        folder = Path(self.folder.name) / "net"
        folder.mkdir()
        with subprocess.Popen([TIDEPOOL, "mount", folder, self.script(NETWORK, "network.lua"),
                               "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            self.assertIn("mounted at", process.stderr.readline())
            self.visit_network(str(folder))
            stdout, stderr = process.communicate(timeout=60)
        output = self.keep(Output(["mount", folder], process.returncode, stdout, stderr), 0,
                           "held")
        self.assertGreater(output.lines[-1]["totals"]["frames"], 0)
        self.assertIn("traffic", [load["kind"] for load in output.of("load")])

    def visit_gpus(self, folder):
        first, second, third = self.gpu("show", folder)["gpus"]
        self.assertEqual(third["driver"], "amd")
        self.assertEqual((first["state"], second["state"]), ("running", "wedged"))
        self.assertEqual(self.gpu("show", folder, "gpu1")["gpus"][0]["name"], "gpu1")
        self.assertEqual(len(self.gpu("stats", folder, "gpu0")["gpu_stats"]["tlb"]), 2)
        self.assertEqual(self.gpu("reset", folder, "gpu0")["gpu"]["state"], "running")
        self.assertEqual(self.gpu("reset", folder, "gpu1", code=1)["err"], "EIO")
        self.assertEqual(self.gpu("stats", folder, "card0", code=1)["err"], "ENODEV")
        self.assertEqual(self.gpu("dump", folder, "gpu1", "/", code=1)["err"], "EOPNOTSUPP")
        self.assertEqual(self.gpu("dump", folder, "gpu2", self.folder.name)["gpu_dump"]["folder"],
                         str(Path(self.folder.name).resolve()))
        self.ctl(folder, "quit")

    def test_gpu(self):
        folder = Path(self.folder.name) / "gpu"
        folder.mkdir()
        with subprocess.Popen([TIDEPOOL, "mount", folder, self.script(GPUS, "gpus.lua"),
                               "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            self.assertIn("mounted at", process.stderr.readline())
            self.visit_gpus(str(folder))
            stdout, stderr = process.communicate(timeout=60)
        self.keep(Output(["mount", folder], process.returncode, stdout, stderr), 0, "held")

    # ---- doctor ----

    def test_doctor(self):
        output = tidepool("doctor", "--json")
        self.keep(output, 0, "held")
        self.silent(tidepool("doctor", "--json", "--no-such-option"))

    def test_doctor_with_limits(self):
        """Root without its capabilities, or an ordinary user as he is."""
        before = ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
        if before and not shutil.which("setpriv"):
            self.skipTest("there is no setpriv")
        output = self.keep(tidepool("doctor", "--json", before=before), 0, "held")
        self.assertIn("limited", [probe["state"] for probe in output.of("probe")])

    def test_doctor_that_misses_something(self):
        if SANITIZED:
            NEVER_SEEN["probe_line", "state", "missing"] = "a sanitizer needs all addresses"
            self.skipTest("a sanitizer needs all addresses")
        output = tidepool("doctor", "--json", limits=small_address_space)
        self.assertIn("missing", [probe["state"] for probe in
                                  self.keep(output, 3, "environment").of("probe")])


class Schema(unittest.TestCase):
    """Runs after all of Json, over everything it has seen."""

    def setUp(self):
        self.validator = jsonschema.Draft202012Validator(SCHEMA)
        self.lines = [line for output in Json.outputs for line in output.lines]

    def test_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_nothing_else_is_allowed(self):
        for name, definition in SCHEMA["$defs"].items():
            if "properties" in definition:
                self.assertIs(definition["additionalProperties"], False, name)
                self.assertEqual(set(definition["required"]), set(definition["properties"]), name)

    def test_page_for_people_names_everything(self):
        page = (SOURCE / "docs" / "json.md").read_text()
        named = set(re.findall(r"`(\w+)`", page))
        for name, key, word in self.declared():
            if key != "strategy": # whose words the man page explains
                self.assertIn(word if isinstance(word, str) else key, named, name)

    def test_wrong_lines_are_refused(self):
        """The validation is one that can fail."""
        log = {"schema": 2, "type": "log", "text": "hello"}
        self.validator.validate(log)
        for wrong in ({**log, "more": 1}, {**log, "schema": 1}, {**log, "type": "blog"},
                      {"schema": 2, "type": "log"}, {**log, "text": None}):
            self.assertFalse(self.validator.is_valid(wrong), wrong)

    def test_every_line_is_valid(self):
        self.assertGreater(len(self.lines), 300)
        for output in Json.outputs:
            for line in output.lines:
                error = jsonschema.exceptions.best_match(self.validator.iter_errors(line))
                self.assertIsNone(error, f"{output.words}: {error and error.message}: {line}")

    def matching(self, schema, value):
        """The definitions that the value is an instance of, with the value."""
        if "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            yield from self.instances(name, value)
        for option in schema.get("anyOf", ()):
            if self.validator.evolve(schema=option).is_valid(value):
                yield from self.matching(option, value)
        for item in value if isinstance(value, list) else ():
            yield from self.matching(schema.get("items", {}), item)

    def instances(self, name, value):
        yield name, value
        for key, schema in SCHEMA["$defs"][name].get("properties", {}).items():
            yield from self.matching(schema, value[key])

    def seen(self):
        """(definition, property, word or None) of everything that was there and not null."""
        for line in self.lines:
            for name, value in self.instances(line["type"] + "_line", line):
                if not isinstance(value, dict):
                    continue
                for key, part in value.items():
                    if part is not None:
                        yield name, key, None
                        if not isinstance(part, (list, dict)):
                            yield name, key, part

    def declared(self):
        for name, definition in SCHEMA["$defs"].items():
            for key, schema in definition.get("properties", {}).items():
                yield name, key, None
                words = SCHEMA["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema \
                    else schema
                for word in words.get("enum", ()):
                    yield name, key, word

    def test_everything_declared_was_seen(self):
        never = set(self.declared()) - set(self.seen())
        self.assertEqual(never | BY_CHANCE, set(NEVER_SEEN))


if __name__ == "__main__":
    unittest.main()
