#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: shared code names no machine.

no_machine.py ROOT

In core/, include/uapi/ and userland/suite/ there is no word for an architecture, no inline assembly, and
no header from behind the contract (<arch/impl/...>).  Comments may name what they like.
"""
import os
import re
import sys

FOLDERS = ("core", "include/uapi", "userland/suite", "userland/programs", "userland/bench", "userland/init")
WORDS = re.compile(r"x86|amd64|i[3-6]86|\barm(?:v\d|64|32)\b|aarch(?:64|32)|__LP64__|\b(?:__)?asm(?:__)?\b|arch/impl/",
                   re.I)
# <uapi/asm/...> and <asm/...> are the ABI that the contract lets differ; EM_* are numbers of the ELF format.
ALLOWED = re.compile(r"#\s*include <(?:uapi/)?asm/\w+\.h>|\bEM_\w+")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def blank(match):
    return "\n" * match[0].count("\n")


def sources(root):
    for folder in FOLDERS:
        for where, _, files in os.walk(os.path.join(root, folder)):
            yield from (os.path.join(where, f) for f in sorted(files) if f.endswith((".c", ".h")))


def main():
    root, wrong, count = sys.argv[1], 0, 0
    for path in sources(root):
        count += 1
        with open(path, errors="replace") as file:
            code = COMMENT.sub(blank, file.read())
        for number, line in enumerate(code.split("\n"), 1):
            found = WORDS.search(ALLOWED.sub("", line))
            if found:
                wrong += 1
                print(f"{os.path.relpath(path, root)}:{number}: {found[0]!r} in shared code: {line.strip()}")
    if not wrong:
        print(f"{count} shared files name no machine")
    return bool(wrong)


sys.exit(main())
