#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_table - docs/litmus.md has the table that test_litmus prints.

    check_table.py TEST_LITMUS DOCUMENT
"""

import subprocess
import sys
from pathlib import Path


def main():
    program, document = sys.argv[1:]
    table = subprocess.run([program, "--table"], check=True, capture_output=True, text=True).stdout
    if table and table in Path(document).read_text(encoding="utf-8"):
        return 0
    print(f"{document} is old: put what \"test_litmus --table\" prints into it")
    return 1


if __name__ == "__main__":
    sys.exit(main())
