#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_linux - does the mounted tree answer as Linux does?

    check_linux.py                  all scripts, on both sides, as `make check-linux`
    check_linux.py zones errors     only these scripts
    check_linux.py --reuse          ask Linux again only if a script has changed
    check_linux.py --guest          ask Linux only, and compare nothing

The answers are in BUILD/linux/GROUP/{guest,tree}.txt, the results in BUILD/check/linux.tsv, one
line per check.  Exit 0: no difference but those on purpose; 1: others; 2: wrong use; 3: something
is missing here, and how to get it.
"""

import argparse
import hashlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from differ import BadTable, compare, parse, read_entries
from groups import GROUPS, HERE, Group, Missing, missing_package
from guest import find_kernel, run_guest
from tree import run_tree

ROOT = HERE.parent.parent
TABLE = ROOT / "docs" / "linux-differences.md"
EXIT_FOUND, EXIT_USAGE, EXIT_LACKING = 1, 2, 3
DIFF_LINES = 60         # of one check; the answers themselves stay in files


class Run:
    """One comparison: which scripts, with what, and what came of it."""

    def __init__(self, options):
        self.build = options.build.resolve()
        self.options = options
        self.groups = chosen_groups(options.scripts)
        self.complete = not options.scripts
        self.results = []       # (verdict, name, reason)
        self.results_path = self.build / "check" / "linux.tsv"
        self.results_path.unlink(missing_ok=True)
        self.helper = self.built("tests/linux/linux-helper", "libc6-dev")
        if not options.guest:
            self.tidepool = self.built("tidepool", "libfuse3-dev")

    def built(self, name, package):
        path = self.build / name
        if not path.exists():
            raise missing_package(f"{name} was not built: what it needs", package)
        return path

    def folder(self, group):
        path = self.build / "linux" / group.name
        path.mkdir(parents=True, exist_ok=True)
        return path

    # ---- the two sides ----

    def ask_guest(self, group):
        """The guest's answers; how long that took."""
        started = time.monotonic()
        folder = self.folder(group)
        key, saved = guest_key(group, self.helper), folder / "guest.key"
        if not (self.options.reuse and saved.exists() and saved.read_text() == key):
            saved.unlink(missing_ok=True)
            run_guest(group, folder, self.helper)
            saved.write_text(key)
        return time.monotonic() - started

    def ask_tree(self, group):
        started = time.monotonic()
        run_tree(group, self.folder(group), self.helper, self.tidepool)
        return time.monotonic() - started

    def ask(self):
        """Both sides of all groups, as many at a time as there are processors; guests first,
        since they take longest."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            jobs = [(group, "Linux", pool.submit(self.ask_guest, group)) for group in self.groups]
            if not self.options.guest:
                jobs += [(group, "Tidepool", pool.submit(self.ask_tree, group))
                         for group in self.groups]
            return {(group.name, side): self.outcome(group, side, job)
                    for group, side, job in jobs}

    def outcome(self, group, side, job):
        """Seconds; a side that broke down is a failure of the group, not the end of all."""
        try:
            return job.result()
        except Missing:
            raise
        except Exception as error:      # pylint: disable=broad-except
            self.add("fail", f"{group.name}/{side.lower()}", " ".join(str(error).split()))
            return 0.0

    # ---- comparison ----

    def add(self, verdict, name, reason):
        self.results.append((verdict, f"linux/{name}", reason))

    def compare(self, seconds):
        entries = read_entries(TABLE)
        for group in self.groups:
            folder = self.folder(group)
            linux = parse(read(folder / "guest.txt"))
            here = parse(read(folder / "tree.txt"), str(folder / "mount"))
            comparisons = compare(linux, here, entries)
            report_group(group, comparisons, seconds)
            for comparison in comparisons:
                self.add(comparison.verdict, comparison.name, comparison.reason)
        if self.complete:
            self.report_unused(entries)

    def report_unused(self, entries):
        for entry in entries:
            for side, pattern in entry.unused():
                reason = f"nothing needs this entry any more ({side}: {pattern})"
                self.add("fail", f"expected/{entry}", reason)
                print(f"FAIL  {TABLE.name}: {entry}: {reason}")

    def write_results(self):
        self.results_path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join("\t".join(result) + "\n" for result in self.results)
        self.results_path.write_text(text, encoding="utf-8")

    def failed(self):
        return sum(verdict == "fail" for verdict, _, _ in self.results)


def guest_key(group, helper):
    """Changes whenever the guest could answer otherwise."""
    digest = hashlib.sha256(repr((group.scripts, group.qemu, str(find_kernel()[0]))).encode())
    sources = [HERE / f"{name}.sh" for name in ("lib", "guest", *group.scripts)]
    for path in [*sources, HERE / "guest.py", helper]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read(path):
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def chosen_groups(scripts):
    """All groups, or what is left of them with only these scripts."""
    if not scripts:
        return list(GROUPS)
    known = {name for group in GROUPS for name in group.scripts}
    unknown = sorted(set(scripts) - known)
    if unknown:
        raise ValueError(f"no such script: {', '.join(unknown)}")
    chosen = [Group(group.name, [name for name in group.scripts if name in scripts], group.qemu)
              for group in GROUPS]
    return [group for group in chosen if group.scripts]


def report_group(group, comparisons, seconds):
    failed = [comparison for comparison in comparisons if comparison.reason]
    expected = sum(bool(comparison.expected) for comparison in comparisons)
    counts = f"{len(comparisons)} checks"
    counts += f", {expected} differ on purpose" if expected else ""
    counts += f", {len(failed)} FAILED" if failed else ""
    times = ", ".join(f"{side} {seconds[group.name, side]:.0f} s" for side in ("Linux", "Tidepool"))
    print(f"{'FAIL' if failed else 'ok':<6}{group.name:<14}{counts:<50}{times}")
    for comparison in failed:
        print(f"      fail {comparison.name}: {comparison.reason}")
        print_diff(comparison.diff())


def print_diff(lines):
    for line in lines[:DIFF_LINES]:
        print(f"           {line}")
    if len(lines) > DIFF_LINES:
        print(f"           ... and {len(lines) - DIFF_LINES} lines more")


def run(options):
    comparison = Run(options)
    seconds = comparison.ask()
    if not options.guest:
        comparison.compare(seconds)
        comparison.write_results()
    for verdict, name, reason in comparison.results:
        if name.endswith(("/linux", "/tidepool")):
            print(f"FAIL  {name}: {reason}")
    return EXIT_FOUND if comparison.failed() else 0


def main():
    parser = argparse.ArgumentParser(description="Compare the mounted tree with a real Linux.")
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where it was built")
    parser.add_argument("--reuse", action="store_true", help="keep answers that still hold")
    parser.add_argument("--guest", action="store_true", help="ask Linux only")
    options = parser.parse_args()
    try:
        return run(options)
    except (BadTable, ValueError) as error:
        print(f"check-linux: {error}", file=sys.stderr)
        return EXIT_USAGE
    except Missing as error:
        print(f"check-linux: {error}", file=sys.stderr)
        return EXIT_LACKING


if __name__ == "__main__":
    sys.exit(main())
