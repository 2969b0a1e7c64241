#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: the two faces mirror each other.

mirror.py ROOT

arch/x86_64 and arch/arm64 hold the same files (.asm beside .S); in each pair of assembly files the same
numbered banners stand in the same order, and the same global labels.  What one machine has and
the other cannot have is named here, with the reason.
"""
import os
import re
import sys

FACES = ("x86_64", "arm64")
# PATH without its suffix: why only one machine has it.
ONE_SIDED = {
    "include/.keep": "",
}
BANNER = re.compile(r"^[\s;/*#@|=-]*?(\d+)\.\s+(\S.*?)[\s*/=-]*$")
GLOBAL = re.compile(r"^\s*\.?glob(?:a)?l\s+(.+?)\s*(?:[;/].*)?$")
# How a macro declares a global function in either file.
MACRO = re.compile(r"^\s*(?:ENTRY|FUNC|FUNCTION|SYM_FUNC_START)[\s(]+(\w+)")
# Labels that a boot protocol asks for on one machine alone.
OWN_LABELS = {}


def stems(root, face):
    base = os.path.join(root, "arch", face)
    found = {}
    for where, folders, files in os.walk(base):
        folders[:] = [f for f in folders if f != "uapi"]
        for name in files:
            path = os.path.relpath(os.path.join(where, name), base)
            stem, suffix = os.path.splitext(path)
            found[stem if suffix in (".asm", ".S", ".inc") else path] = os.path.join(where, name)
    return found


def read(path):
    with open(path, errors="replace") as file:
        return file.read().split("\n")


def banners(lines):
    """The numbered banners: comment lines that a rule of ---- or ==== marks, on the line or around it."""
    found = []
    for at, line in enumerate(lines):
        match = BANNER.match(line)
        around = "".join(lines[max(0, at - 1):at + 2])
        if match and re.match(r"\s*(;|//|/\*|\*|#)", line) and re.search(r"[-=]{4}|\*{4}", around):
            found.append(f"{match[1]}. {match[2].strip().rstrip('.').lower()}")
    return found


def labels(lines):
    found = set()
    for line in lines:
        match = GLOBAL.match(line)
        if match:
            found.update(name.split(":")[0].strip() for name in match[1].split(","))
        macro = MACRO.match(line)
        if macro:
            found.add(macro[1])
    return found


def compare_pair(stem, ours, theirs):
    first, second = read(ours), read(theirs)
    if banners(first) != banners(second):
        yield f"{stem}: banners differ:\n    {FACES[0]}: {banners(first)}\n    {FACES[1]}: {banners(second)}"
    own = OWN_LABELS.get(stem, set())
    a, b = labels(first) - own, labels(second) - own
    for face, only in ((FACES[0], a - b), (FACES[1], b - a)):
        if only:
            yield f"{stem}: only {face} has the global labels {', '.join(sorted(only))}"


def main():
    root, wrong = sys.argv[1], []
    one, two = (stems(root, face) for face in FACES)
    for stem in sorted(one.keys() ^ two.keys()):
        if stem not in ONE_SIDED:
            wrong.append(f"only arch/{FACES[0] if stem in one else FACES[1]} has {stem}")
    pairs = [stem for stem in sorted(one.keys() & two.keys()) if one[stem].endswith(".asm")]
    for stem in pairs:
        wrong += compare_pair(stem, one[stem], two[stem])
    if "entry" in pairs and len(banners(read(one["entry"]))) != 7:
        wrong.append(f"entry: want the seven banners of design.md, found {banners(read(one['entry']))}")
    print("\n".join(wrong) or f"the faces mirror each other in {len(one)} files, {len(pairs)} of them assembly")
    return bool(wrong)


sys.exit(main())
