#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/tidy convicts each kind of bad file, by the right rule, and lets good ones be."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TIDY = Path(__file__).resolve().parent.parent.parent / "tools" / "tidy"
HEAD = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
BUILD_HEAD = "# SPDX-License-Identifier: LGPL-2.1-or-later\n"


def tidy(files, *options):
    """Run tidy over a tree of these files; every C file is listed unless a meson.build is given."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if "meson.build" not in files:
            listed = "".join(f"'{name}',\n" for name in files if name.endswith(".c"))
            files = {**files, "meson.build": BUILD_HEAD + listed}
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, str(TIDY), "--root", folder, *options],
                              capture_output=True, text=True, check=False)


def function_of(lines, head="static void f(void)"):
    return head + "\n{\n" + "\tg();\n" * (lines - 3) + "}\n"


class Tidy(unittest.TestCase):
    def assert_good(self, files):
        run = tidy(files)
        self.assertEqual((run.returncode, run.stdout), (0, ""), run.stderr)

    def assert_bad(self, files, finding):
        run = tidy(files)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn(finding, run.stdout)
        self.assertEqual(run.stdout.count("\n"), 1, "one fault, one finding:\n" + run.stdout)

    # ---- include rules ----

    def test_lower_room_may_not_include_higher_one(self):
        self.assert_bad({"src/mm/a.c": HEAD + '#include "numa/tier.h"\n'},
                        "src/mm/a.c:2: include: room mm may not include numa/tier.h")

    def test_higher_room_may_include_lower_one(self):
        self.assert_good({"src/numa/a.c": HEAD + '#include "mm/zone.h"\n#include "core/list.h"\n'})

    def test_drivers_do_not_include_each_other(self):
        self.assert_bad({"src/net/a.c": HEAD + '#include "gpu/bo.h"\n'}, "src/net/a.c:2: include:")

    def test_driver_may_not_include_model(self):
        self.assert_bad({"src/gpu/a.c": HEAD + '#include "model/gpu.h"\n'}, "a.c:2: include:")

    def test_model_may_include_register_header(self):
        self.assert_good({"src/model/a.c": HEAD + '#include "net/avf_regs.h"\n'})

    def test_model_may_not_include_driver(self):
        self.assert_bad({"src/model/a.c": HEAD + '#include "net/avf.h"\n'}, "a.c:2: include:")

    def test_view_may_not_include_mm(self):
        self.assert_bad({"src/view/a.c": HEAD + '#include "mm/zone.h"\n'}, "a.c:2: include:")

    def test_internal_include_needs_room(self):
        self.assert_bad({"src/mm/a.c": HEAD + '#include "zone.h"\n'}, "a.c:2: include:")

    def test_internal_include_in_angle_brackets(self):
        self.assert_bad({"src/mm/a.c": HEAD + "#include <core/list.h>\n"}, "a.c:2: include:")

    def test_commented_out_include_is_ignored(self):
        self.assert_good({"src/mm/a.c": HEAD + '/*\n#include "numa/tier.h"\n*/\n'})

    def test_unknown_room(self):
        self.assert_bad({"src/attic/a.c": HEAD}, "src/attic/a.c:1: room:")

    # ---- banned primitives ----

    def test_banned_primitives(self):
        for code in ("pthread_mutex_t lock;", "_Atomic int n;", "int n = atomic_load(&x);",
                     "void *p = malloc(1);", "int n = rand();", "int n = time(NULL);",
                     "int n = clock_gettime(0, &t);", "int n = usleep (1);", "int n = sleep(1);",
                     "int n = getrandom(p, 1, 0);", "char *s = strdup(t);",
                     "int n = __atomic_load_n(p, 0);"):
            with self.subTest(code):
                self.assert_bad({"src/mm/a.c": HEAD + code + "\n"}, "src/mm/a.c:2: banned:")

    def test_banned_headers(self):
        for header in ("pthread.h", "stdatomic.h", "threads.h"):
            with self.subTest(header):
                self.assert_bad({"src/lab/a.c": HEAD + f"#include <{header}>\n"}, "a.c:2: banned:")

    def test_core_may_use_them(self):
        self.assert_good({"src/core/a.c": HEAD + "#include <pthread.h>\nvoid *p = malloc(1);\n"})

    def test_tests_may_use_them(self):
        self.assert_good({"tests/unit/test_a.c": HEAD + "void *p = malloc(1);\n"})

    def test_own_names_and_members_are_not_primitives(self):
        self.assert_good({"src/mm/a.c": HEAD + "int n = tp_free(p) + ops->free(p) + o.time(p);\n"
                          "int m = tp_atomic_load(&x, TP_RELAXED);\n"})

    def test_words_in_comments_and_strings_are_not_primitives(self):
        self.assert_good({"src/mm/a.c": HEAD + '/* malloc(1) */\nchar s[] = "rand()";\n'})

    # ---- lengths ----

    def test_function_length(self):
        padding = "".join(function_of(4, f"static void g{n}(void)") for n in range(20))
        self.assert_good({"src/mm/a.c": HEAD + function_of(70) + padding})
        self.assert_bad({"src/mm/a.c": HEAD + function_of(71) + padding},
                        "src/mm/a.c:2: function-length: f has 71 lines")

    def test_function_length_in_tests(self):
        self.assert_bad({"tests/unit/test_a.c": HEAD + function_of(71)}, "function-length")

    def test_median_of_functions(self):
        self.assert_bad({"src/mm/a.c": HEAD + function_of(20) + function_of(20)},
                        "src:1: function-length: median 20")

    def test_file_length(self):
        self.assert_good({"src/mm/a.c": HEAD + "\n" * 699})
        self.assert_bad({"src/mm/a.c": HEAD + "\n" * 700}, "file-length: 701 lines")

    def test_line_length_counts_tabs(self):
        self.assert_good({"src/mm/a.c": HEAD + "\t/* " + "x" * 86 + " */\n"})
        self.assert_bad({"src/mm/a.c": HEAD + "\t/* " + "x" * 87 + " */\n"},
                        "a.c:2: line-length: 101 columns")

    # ---- names ----

    def test_global_function_without_prefix(self):
        self.assert_bad({"src/mm/a.c": HEAD + "int zone(void)\n{\n\treturn 0;\n}\n"},
                        "src/mm/a.c:2: prefix: zone()")

    def test_head_over_several_lines(self):
        code = "static int\nzone(int a,\n     int b)\n{\n\treturn 0;\n}\n"
        self.assert_good({"src/mm/a.c": HEAD + code})
        self.assert_bad({"src/mm/a.c": HEAD + code.removeprefix("static ")},
                        "a.c:2: prefix: zone()")

    def test_header_names(self):
        for code, name in (("#define ZONE 1", "ZONE"), ("struct zone {\n\tint a;\n};", "zone"),
                           ("enum { TP_A, B };", "B"), ("enum tp_x {\n\tA = 1,\n};", "A"),
                           ("int zone(int a,\n\t int b);", "zone"),
                           ("typedef int zone;", "zone"),
                           ("typedef struct {\n\tint v;\n} zone;", "zone")):
            with self.subTest(code):
                self.assert_bad({"src/mm/a.h": HEAD + code + "\n"}, f"prefix: '{name}'")

    def test_static_inline_in_header(self):
        code = "static inline int zone(void)\n{\n\treturn 0;\n}\n"
        self.assert_bad({"src/mm/a.h": HEAD + code}, "prefix: zone()")

    def test_good_header(self):
        self.assert_good({"src/mm/a.h": HEAD + "#ifndef TP_MM_A_H\n#define TP_MM_A_H\n"
                          "#include <stdint.h>\nstruct lua_State;\nenum { TP_A = 1, TP_B };\n"
                          "_Static_assert(sizeof(int) == 4, \"\");\n"
                          "int tp_f(int (*call)(void *arg)) __attribute__((nonnull));\n#endif\n"})

    # ---- the rest ----

    def test_spdx(self):
        self.assert_bad({"src/mm/a.c": "int tp_a;\n"}, "src/mm/a.c:1: spdx:")
        self.assert_bad({"tests/e2e/run.sh": "#!/bin/sh\n"}, "run.sh:1: spdx:")

    def test_trailing_space(self):
        self.assert_bad({"src/mm/a.c": HEAD + "int tp_a; \n"}, "a.c:2: trailing-space:")

    def test_forbidden_text(self):
        for text in ("/wo" "rk/main", "/home" "/me", "TO" "DO: later", "/tmp/" "build-x"):
            with self.subTest(text):
                self.assert_bad({"docs/a.md": f"see {text}\n"}, "docs/a.md:1: forbidden-text:")

    def test_paths_inside_the_tree_are_fine(self):
        self.assert_good({"docs/a.md": "see src/home/a.c and docs/work/b.md\n"})

    def test_unlisted_file(self):
        build = {"src/mm/meson.build": BUILD_HEAD + "files('b.c')\n"}
        self.assert_good({"src/mm/b.c": HEAD, "meson.build": BUILD_HEAD, **build})
        self.assert_bad({"src/mm/a.c": HEAD, "meson.build": BUILD_HEAD, **build},
                        "src/mm/a.c:1: unlisted:")

    def test_unlisted_script(self):
        script = "#!/bin/sh\n# SPDX-License-Identifier: LGPL-2.1-or-later\n"
        self.assert_bad({"tests/e2e/test_a.sh": script}, "tests/e2e/test_a.sh:1: unlisted:")

    def test_stats(self):
        run = tidy({"src/mm/a.c": HEAD + function_of(8)}, "--stats")
        self.assertRegex(run.stdout, r"mm +1 +9 +9 +1 +8 +8 +8\n")


if __name__ == "__main__":
    unittest.main()
