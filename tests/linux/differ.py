# SPDX-License-Identifier: LGPL-2.1-or-later
"""differ - compare the answers of two sides, check by check.

What must differ for reasons that have nothing to do with Tidepool is made equal first (RULES).
What differs on purpose stands in a table of docs/linux-differences.md, and only there: a line that
only one side says needs an entry, and an entry that no line needs is a finding too.
"""

import difflib
import fnmatch
import re
from pathlib import Path

HEADING = "## What `make check-linux` expects to differ"

# (pattern, what it becomes, why)
RULES = (
    (r"\r", "", "a serial line ends its lines with it"),
    (r" SEQNUM=\d+", "", "Linux numbers the events of all its subsystems together"),
    (r"/tmp/tmp\.\w+", "TMP", "the scratch folder of a script has a random name"),
)


# ---- answers -----------------------------------------------------------------------------------


def normalise(line, prefix=""):
    """The line without what must differ; PREFIX is where the tree is mounted."""
    if prefix:
        line = line.replace(prefix, "")
    for pattern, replacement, _ in RULES:
        line = re.sub(pattern, replacement, line)
    return line


def parse(text, prefix=""):
    """What a side said: the lines of each check, called SCRIPT/NAME, in order.

    What a script says before its first check is "SCRIPT/start"; it should be nothing.
    """
    answers = {}
    script, lines = "", []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "@script":
            script, lines = rest, []
            answers[f"{script}/start"] = lines
        elif word == "@check":
            lines = []
            answers[unused(f"{script}/{rest}", answers)] = lines
        elif word == "@status":
            if rest != "0":
                lines.append(f"the script ended with exit code {rest}")
        else:
            lines.append(normalise(line, prefix))
    return answers


def unused(name, answers):
    """The name itself, or with a number if a script used it twice."""
    number, candidate = 1, name
    while candidate in answers:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


# ---- differences on purpose --------------------------------------------------------------------


class Pattern:
    """A line of an answer, in which * stands for anything."""

    def __init__(self, text):
        self.text = text
        self.used = False
        parts = map(re.escape, text.strip().split("*"))
        self.regex = re.compile(".*".join(parts))

    def covers(self, line):
        if not self.regex.fullmatch(line.strip()):
            return False
        self.used = True
        return True


class Entry:
    """One row of the table: in these checks, these lines may be said by one side only."""

    def __init__(self, checks, linux, here):
        self.checks = checks
        self.linux = [Pattern(text) for text in linux]
        self.here = [Pattern(text) for text in here]

    def concerns(self, check):
        return any(fnmatch.fnmatchcase(check, pattern) for pattern in self.checks)

    def unused(self):
        """The patterns that no line needed, with the side they are about."""
        for side, patterns in (("Linux", self.linux), ("here", self.here)):
            for pattern in patterns:
                if not pattern.used:
                    yield side, pattern.text

    def __str__(self):
        return ", ".join(self.checks)


class BadTable(Exception):
    """The table of differences cannot be read."""


def read_entries(path):
    return parse_entries(Path(path).read_text(encoding="utf-8"))


def parse_entries(text):
    """The entries of the table below HEADING; its cells hold what counts as `code`."""
    if HEADING not in text:
        raise BadTable(f"there is no section called '{HEADING}'")
    section = re.split(r"^## ", text.split(HEADING, 1)[1], maxsplit=1, flags=re.M)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [parse_row(row) for row in rows[2:]]


def parse_row(row):
    cells = re.split(r"(?<!\\)\|", row.strip().strip("|"))
    if len(cells) != 4:
        raise BadTable(f"not four cells: {row}")
    checks, linux, here = (code_spans(cell) for cell in cells[:3])
    if not checks or not (linux or here) or not cells[3].strip():
        raise BadTable(f"a row needs a check, a line of one side and a reason: {row}")
    return Entry(checks, linux, here)


def code_spans(cell):
    return [span.replace("\\|", "|") for span in re.findall(r"`([^`]*)`", cell)]


# ---- comparison --------------------------------------------------------------------------------


class Comparison:
    """The answers of both sides to one check."""

    def __init__(self, name, linux, here, entries):
        self.name = name
        self.linux = linux
        self.here = here
        self.expected = []      # lines of one side that an entry covers
        self.unexpected = []    # and those that none does
        if linux is not None and here is not None:
            self.compare([entry for entry in entries if entry.concerns(name)])

    def compare(self, entries):
        linux_patterns = [pattern for entry in entries for pattern in entry.linux]
        here_patterns = [pattern for entry in entries for pattern in entry.here]
        matcher = difflib.SequenceMatcher(None, self.linux, self.here, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind != "equal":
                self.sort(self.linux[a:b], linux_patterns)
                self.sort(self.here[c:d], here_patterns)

    def sort(self, lines, patterns):
        for line in lines:
            # All of them, so that each that could be needed counts as used.
            covering = [pattern for pattern in patterns if pattern.covers(line)]
            (self.expected if covering else self.unexpected).append(line)

    @property
    def verdict(self):
        return "fail" if self.reason else "pass"

    @property
    def reason(self):
        if self.linux is None:
            return "Linux was not asked"
        if self.here is None:
            return "Tidepool did not get that far"
        count = len(self.unexpected)
        return f"{count} line{'s differ' if count > 1 else ' differs'}" if count else ""

    def diff(self):
        """A unified diff, for a person to read; none if a side said nothing at all."""
        if self.linux is None or self.here is None:
            return []
        return list(difflib.unified_diff(self.linux, self.here, "Linux", "Tidepool", n=2,
                                         lineterm=""))


def compare(linux, here, entries):
    """All checks that either side answered, in the order of Linux."""
    names = list(linux) + [name for name in here if name not in linux]
    return [Comparison(name, linux.get(name), here.get(name), entries) for name in names
            if not name.endswith("/start") or linux.get(name) or here.get(name)]
