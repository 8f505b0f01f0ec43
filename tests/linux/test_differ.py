#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The differ finds what differs, lets be what may, and convicts entries that nothing needs."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import differ  # noqa: E402 (its folder had to be found first)
import groups  # noqa: E402

TABLE_HEAD = differ.HEADING + "\n\nWords.\n\n| check | Linux | here | why |\n|---|---|---|---|\n"
ANSWERS = """@script zones
@check gap
memory32 <- online: ok, now online
Movable: free 1 spanned 3
@check shrink
Movable: free 0 spanned 0
@status 0
"""


def comparisons(linux, here, *rows):
    entries = differ.parse_entries(TABLE_HEAD + "".join(row + "\n" for row in rows))
    return differ.compare(differ.parse(linux), differ.parse(here), entries), entries


def failures(linux, here, *rows):
    return {each.name: each.reason for each in comparisons(linux, here, *rows)[0] if each.reason}


class Differences(unittest.TestCase):
    def test_same_answers(self):
        self.assertEqual(failures(ANSWERS, ANSWERS), {})

    def test_other_line(self):
        found = failures(ANSWERS, ANSWERS.replace("spanned 3", "spanned 2"))
        self.assertEqual(found, {"zones/gap": "2 lines differ"})

    def test_missing_line(self):
        found = failures(ANSWERS, ANSWERS.replace("Movable: free 0 spanned 0\n", ""))
        self.assertEqual(found, {"zones/shrink": "1 line differs"})

    def test_additional_line(self):
        found = failures(ANSWERS, ANSWERS.replace("@check shrink\n", "@check shrink\nmore\n"))
        self.assertEqual(found, {"zones/shrink": "1 line differs"})

    def test_order_matters(self):
        lines = ANSWERS.splitlines()
        lines[2], lines[3] = lines[3], lines[2]
        self.assertIn("zones/gap", failures(ANSWERS, "\n".join(lines)))

    def test_blanks_matter(self):
        self.assertIn("zones/gap", failures(ANSWERS, ANSWERS.replace("free 1 ", "free  1 ")))

    def test_check_not_reached(self):
        found = failures(ANSWERS, ANSWERS.split("@check shrink")[0])
        self.assertEqual(found, {"zones/shrink": "Tidepool did not get that far"})

    def test_check_only_here(self):
        found = failures(ANSWERS.split("@check shrink")[0], ANSWERS)
        self.assertEqual(found, {"zones/shrink": "Linux was not asked"})

    def test_nothing_answered_at_all(self):
        self.assertEqual(list(failures(ANSWERS, "")), ["zones/gap", "zones/shrink"])

    def test_script_that_fails(self):
        found = failures(ANSWERS, ANSWERS.replace("@status 0", "@status 137"))
        self.assertEqual(found, {"zones/shrink": "1 line differs"})

    def test_lines_before_the_first_check(self):
        found = failures(ANSWERS, ANSWERS.replace("@check gap", "plug dimm: refused\n@check gap"))
        self.assertEqual(found, {"zones/start": "1 line differs"})

    def test_name_used_twice(self):
        twice = ANSWERS.replace("@check shrink", "@check gap")
        self.assertEqual(failures(twice, twice.replace("free 0", "free 9")),
                         {"zones/gap-2": "2 lines differ"})

    def test_diff_names_both_sides(self):
        found = comparisons(ANSWERS, ANSWERS.replace("spanned 3", "spanned 2"))[0][0].diff()
        self.assertEqual(found[:2], ["--- Linux", "+++ Tidepool"])
        self.assertIn("-Movable: free 1 spanned 3", found)
        self.assertIn("+Movable: free 1 spanned 2", found)


class Normalising(unittest.TestCase):
    def test_mount_folder_goes(self):
        self.assertEqual(differ.normalise("cat: /x/mount/sys/a", "/x/mount"), "cat: /sys/a")

    def test_each_rule(self):
        self.assertEqual(differ.normalise("add@/devices/a SUBSYSTEM=memory SEQNUM=12\r"),
                         "add@/devices/a SUBSYSTEM=memory")
        self.assertEqual(differ.normalise("cat: /tmp/tmp.aB3/out"), "cat: TMP/out")

    def test_each_rule_has_a_reason(self):
        for _, _, reason in differ.RULES:
            self.assertTrue(reason)

    def test_all_else_stays(self):
        line = "Node 2, zone  Movable      0     63     32 "
        self.assertEqual(differ.normalise(line), line)


class Expectations(unittest.TestCase):
    HERE = ANSWERS.replace("spanned 3", "spanned 2")
    ROW = "| `zones/gap` | `*spanned 3` | `*spanned 2` | because |"

    def test_listed_difference(self):
        found, entries = comparisons(ANSWERS, self.HERE, self.ROW)
        self.assertEqual([each.reason for each in found], ["", ""])
        self.assertEqual(len(found[0].expected), 2)
        self.assertEqual([list(entry.unused()) for entry in entries], [[]])

    def test_only_the_listed_lines_may_differ(self):
        here = self.HERE.replace("now online", "now offline")
        self.assertEqual(failures(ANSWERS, here, self.ROW), {"zones/gap": "2 lines differ"})

    def test_only_the_listed_checks_may_differ(self):
        row = self.ROW.replace("zones/gap", "zones/shrink")
        self.assertIn("zones/gap", failures(ANSWERS, self.HERE, row))

    def test_sides_are_not_mixed_up(self):
        row = "| `zones/gap` | `*spanned 2` | `*spanned 3` | because |"
        self.assertIn("zones/gap", failures(ANSWERS, self.HERE, row))

    def test_wildcard_in_the_check(self):
        self.assertEqual(failures(ANSWERS, self.HERE, self.ROW.replace("gap", "*")), {})

    def test_entries_add_up(self):
        rows = ("| `zones/gap` | `*spanned 3` | | one |", "| `*` | | `*spanned 2` | two |")
        self.assertEqual(failures(ANSWERS, self.HERE, *rows), {})

    def test_unused_entry(self):
        _, entries = comparisons(ANSWERS, ANSWERS, self.ROW)
        self.assertEqual(list(entries[0].unused()),
                         [("Linux", "*spanned 3"), ("here", "*spanned 2")])

    def test_unused_half_of_an_entry(self):
        row = self.ROW.replace("`*spanned 2`", "`*spanned 2` `*spanned 9`")
        _, entries = comparisons(ANSWERS, self.HERE, row)
        self.assertEqual(list(entries[0].unused()), [("here", "*spanned 9")])

    def test_only_the_star_is_special(self):
        row = "| `zones/gap` | `Movable: free . spanned 3` | `*` | because |"
        self.assertEqual(failures(ANSWERS, self.HERE, row), {"zones/gap": "1 line differs"})

    def test_bar_in_a_line(self):
        linux = ANSWERS.replace("free 1", "a | b")
        row = "| `zones/gap` | `Movable: a \\| b*` | `*` | because |"
        self.assertEqual(failures(linux, ANSWERS, row), {})

    def test_table_ends_at_the_next_heading(self):
        text = TABLE_HEAD + self.ROW + "\n\n## Other\n\n| a | b |\n|---|---|\n| c | d |\n"
        self.assertEqual(len(differ.parse_entries(text)), 1)

    def test_bad_tables(self):
        for text in ("no section", TABLE_HEAD + "| `a/b` | `c` | |\n",
                     TABLE_HEAD + "| a/b | `c` | `d` | why |\n",
                     TABLE_HEAD + "| `a/b` | | | why |\n", TABLE_HEAD + "| `a/b` | `c` | | |\n"):
            with self.subTest(text), self.assertRaises(differ.BadTable):
                differ.parse_entries(text)


class ThisTree(unittest.TestCase):
    """What the comparison needs is there, though nothing is run."""

    def test_every_script_is_in_one_group(self):
        used = [name for group in groups.GROUPS for name in group.scripts]
        present = {path.stem for path in groups.HERE.glob("*.sh")} - {"lib", "guest", "tree"}
        self.assertEqual(sorted(used), sorted(present))

    def test_every_group_has_a_machine(self):
        for group in groups.GROUPS:
            self.assertTrue((groups.HERE / f"{group.name}.lua").exists(), group.name)

    def test_table_can_be_read(self):
        differ.read_entries(groups.HERE.parent.parent / "docs" / "linux-differences.md")

    def test_entries_name_scripts_that_exist(self):
        scripts = {name for group in groups.GROUPS for name in group.scripts}
        for entry in differ.read_entries(groups.HERE.parent.parent / "docs" /
                                         "linux-differences.md"):
            for check in entry.checks:
                self.assertTrue(check.startswith("*") or check.split("/")[0] in scripts, check)


if __name__ == "__main__":
    unittest.main()
