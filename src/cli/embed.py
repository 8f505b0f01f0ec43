#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed - write a text file as a C header with one array of characters.

    embed.py FILE HEADER NAME
"""

import sys
from pathlib import Path


def literal(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '\\n"'


def main():
    source, header, name = sys.argv[1:]
    lines = Path(source).read_text(encoding="utf-8").splitlines()
    text = "\n".join(literal(line) for line in lines)
    Path(header).write_text(f"static const char {name}[] =\n{text};\n", encoding="utf-8")


if __name__ == "__main__":
    main()
