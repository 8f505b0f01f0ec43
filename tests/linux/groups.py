# SPDX-License-Identifier: LGPL-2.1-or-later
"""groups - which scripts run on which machine.

A group is one boot of the guest, so scripts that get along with the same hardware are in one.  The
machine of the guest stands here, that of Tidepool in NAME.lua beside it; the two say the same.
"""

from pathlib import Path

HERE = Path(__file__).resolve().parent

SCRIPT_SECONDS = 120    # a script that takes longer hangs


class Missing(Exception):
    """Something that the machine lacks; says how to get it."""


def missing_package(what, package):
    return Missing(f"{what} is missing.  Please run:\n"
                   f"sudo apt-get install --no-install-recommends {package}")


class Group:
    def __init__(self, name, scripts, qemu):
        self.name = name
        self.scripts = scripts
        self.qemu = qemu


def boot_memory(*sizes):
    """Nodes with that much memory each, the first with the processor, and an empty one.

    The empty node is the last: memory that is plugged in later belongs to the last node as far as
    the firmware's tables go.
    """
    options = ["-m", f"{sum(sizes)}M,slots=8,maxmem=8G"]
    for node, size in enumerate(sizes):
        options += ["-object", f"memory-backend-ram,id=boot{node},size={size}M"]
        cpu = ",cpus=0" if node == 0 else ""
        options += ["-numa", f"node,nodeid={node},memdev=boot{node}{cpu}"]
    return options + ["-numa", f"node,nodeid={len(sizes)}"]


def distances(table):
    return [option for (a, b), distance in table.items()
            for option in ("-numa", f"dist,src={a},dst={b},val={distance}")]


def performance(figures):
    """Latency in ns and bandwidth in MB/s of each node's memory, as seen from node 0."""
    options = ["-machine", "pc,hmat=on"]
    for node, (latency, bandwidth) in figures.items():
        common = f"hmat-lb,initiator=0,target={node},hierarchy=memory"
        options += ["-numa", f"{common},data-type=access-latency,latency={latency}",
                    "-numa", f"{common},data-type=access-bandwidth,bandwidth={bandwidth}M"]
    return options


def with_initiator(options):
    """Every node says that node 0 is the one with the processor."""
    return [f"{option},initiator=0" if option.startswith("node,") else option
            for option in options]


GROUPS = (
    Group("distances",
          ("counters", "boot", "files", "online", "offline", "errors", "inject", "unplug",
           "auto_online", "zones", "blocking"),
          boot_memory(768, 256) + distances({(0, 1): 20, (0, 2): 40, (1, 2): 30})),
    Group("performance",
          ("access", "tiers", "uevents"),
          with_initiator(boot_memory(512, 256)) +
          performance({0: (10, 10240), 1: (40, 2048), 2: (120, 1024)})),
)
