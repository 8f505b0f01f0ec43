#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu_walk - walk the page tables of a dumped GPU, and check every translation.

    tidepool gpu dump DIR gpu0 FOLDER
    python3 examples/gpu_walk.py FOLDER

It knows nothing of Tidepool but the dump's format (docs/gpu-dump.md), and of GFX9 what that says.
Each page of each mapping must translate to where it should, and nothing else may translate at all.
Of an address space that is outdated only the second is asked.  Exit code: 0, 1 if something is
wrong, or 2 if that is no whole dump.
"""

import argparse
import mmap
import struct
import sys
from pathlib import Path

PAGE, BITS, TOP = 4096, 9, 3
ENTRIES = 1 << BITS
VA_BITS = 12 + BITS * (TOP + 1)
VALID, SYSTEM, PRT, LEAF = 1, 1 << 1, 1 << 51, 1 << 54
ADDRESS = (1 << 48) - PAGE
RIGHTS = {"r": 1 << 5, "w": 1 << 6, "x": 1 << 4}


class Dump:
    def __init__(self, folder):
        self.vram = self.map(folder / "vram.img")
        self.tables = dict(self.records(folder / "tables.bin"))
        self.vms = []
        self.fb = None
        for line in (folder / "mappings.txt").read_text(encoding="ascii").splitlines():
            self.take(line.split())
        if self.fb is None:
            raise ValueError("no line of mappings.txt says which GPU it is")

    @staticmethod
    def map(path):
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @staticmethod
    def records(path):
        data = path.read_bytes() if path.exists() else b""
        for at in range(0, len(data), 8 + 8 * ENTRIES):
            words = struct.unpack_from(f"<{1 + ENTRIES}Q", data, at)
            yield words[0], words[1:]

    def take(self, words):
        if words[0] == "gpu":
            self.fb = int(words[words.index("fb") + 1], 16)
        elif words[0] == "vm":
            self.vms.append({"number": int(words[1]), "root": int(words[3], 16),
                             "current": words[4] == "current", "maps": []})
        elif words[0] == "map":
            self.vms[-1]["maps"].append({
                "va": int(words[1], 16) & ((1 << VA_BITS) - 1), "size": int(words[2]),
                "rights": sum(RIGHTS.get(right, 0) for right in words[3:6]),
                "prt": words[6] == "prt", "runs": []})
        else:
            self.vms[-1]["maps"][-1]["runs"].append(
                (int(words[1]), words[2], int(words[3], 16)))

    def table(self, entry):
        """The entries that PT_BASE, or a directory's entry, leads to."""
        if entry & SYSTEM:
            return self.tables[entry & ADDRESS]
        return struct.unpack_from(f"<{ENTRIES}Q", self.vram, (entry & ADDRESS) - self.fb)

    def leaves(self, entry, astray, va=0, level=TOP):
        """All that translates: address, size, what the leaf says; what leads nowhere is told."""
        size = PAGE << BITS * level
        try:
            table = self.table(entry)
        except (KeyError, struct.error):
            astray.append(f"{va:#x} and on: {entry:#x} leads to no table")
            return
        for i, below in enumerate(table):
            if level and below & VALID and not below & LEAF:
                yield from self.leaves(below, astray, va + i * size, level - 1)
            elif below & VALID or below & PRT:
                yield va + i * size, size, below


def expected(dump, vm):
    """What each page of a VM should be: {page: (where, rights) or None}; None: nowhere now."""
    pages = {}
    for mapping in vm["maps"]:
        va = mapping["va"] // PAGE
        if mapping["prt"]:
            for i in range(mapping["size"] // PAGE):
                pages[va + i] = PRT
            continue
        for size, where, address in mapping["runs"]:
            for i in range(size // PAGE):
                system = SYSTEM if where == "system" else 0
                base = address if system else dump.fb + address
                pages[va + i] = None if where == "nowhere" else (
                    base + i * PAGE | system | mapping["rights"] | VALID)
            va += size // PAGE
    return pages


def check(dump, vm):
    """Texts of what is wrong, and how many pages were looked at."""
    wanted, wrong, astray, seen = expected(dump, vm), [], [], 0
    mask = VALID | SYSTEM | sum(RIGHTS.values())
    for va, size, leaf in dump.leaves(vm["root"], astray):
        for i in range(size // PAGE):
            page = va // PAGE + i
            want = wanted.pop(page, 0)
            says = PRT if not leaf & VALID else (leaf & ADDRESS) + i * PAGE | leaf & mask
            seen += 1
            if not want:
                wrong.append(f"{page * PAGE:#x} is not mapped, and translates to {says:#x}")
            elif says != want:
                wrong.append(f"{page * PAGE:#x} should be {want:#x}, and is {says:#x}")
    wrong += astray
    if vm["current"]:
        wrong += [f"{page * PAGE:#x} should be {want:#x}, and does not translate"
                  for page, want in wanted.items() if want]
    return wrong, seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="what tidepool gpu dump wrote")
    folder = parser.parse_args().folder
    try:
        dump = Dump(folder)
    except (OSError, ValueError, IndexError, struct.error) as why:
        parser.exit(2, f"gpu_walk.py: {folder} is no whole dump: {why}\n")
    bad = 0
    for vm in dump.vms:
        wrong, seen = check(dump, vm)
        state = "" if vm["current"] else ", outdated"
        print(f"vm {vm['number']}: {len(vm['maps'])} mappings, {seen} pages translate{state}")
        for text in wrong[:8]:
            print(f"    {text}")
        if len(wrong) > 8:
            print(f"    and {len(wrong) - 8} more")
        bad += len(wrong)
    print("all as it should be" if not bad else f"{bad} pages are wrong")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
