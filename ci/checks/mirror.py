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
# What one machine has and the other cannot have: PATH (without the suffix of assembly): why.
ONE_SIDED = {
    "acpi.c": "x86_64's machine is described by ACPI tables; arm64's by a device tree, which core reads",
    "smap": "where stac and clac are patched in; arm64's PAN sites are a macro of uaccess.S",
    "syscall.c": "the calls that x86_64 alone has, such as arch_prctl",
    "include/arch/impl/regs.h": "the names of x86_64's registers and bits",
    "include/arch/impl/x86.h": "what x86_64's files say to each other",
    "include/arch/impl/sysreg.h": "the names of arm64's registers and bits",
    "include/arch/impl/platform.h": "what arm64's files say to each other",
    "include/arch/impl/vdso.h": "arm64's programs return from signals through the vDSO; x86_64's bring their own code",
}
# Global labels that only one file of a pair has, and why.
OWN_LABELS = {
    # arm64 watches a thread's calls by another table of vectors; x86_64 by another address for `syscall`.
    "entry": {"vectors_traced"},
    # The vDSO has what each machine's C library looks for there.
    "vdso/vdso": {"__vdso_getcpu", "__vdso_time", "__kernel_rt_sigreturn"},
    # x86_64 saves FP state with one instruction; into user memory that one needs a fixup.
    "switch": {"fpu_save", "fpu_load"},
    # x86_64 does these with one string instruction, in mmu.c.
    "uaccess": {"fpu_xsave_user", "fpu_xrstor_user", "fpu_fxsave_user", "fpu_fxrstor_user",
                "arch_clear_page", "arch_copy_bulk"},
}
# Each boot protocol wants its own entries and tables; these labels both have.
SHARED_ONLY = {"boot": {"_start", "secondary_start", "boot_stack"}}
BANNER = re.compile(r"^[\s;/*#@|=-]*?(\d+)\.\s+(\S.*?)[\s*/=-]*$")
# A macro that declares the global label it is given.
MACRO = re.compile(r"^\s*[.%]macro\s+(\w+)")


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
    """The global labels, whether declared by the directive or by a macro around it."""
    found, declaring, macro = set(), {"global", ".global", ".globl"}, None
    for line in lines:
        begins = MACRO.match(line)
        if begins:
            macro = begins[1]
        elif re.match(r"\s*(\.endm|%endmacro)", line):
            macro = None
        words = re.split(r"[;/]", line)[0].replace(",", " ").split()
        if not words or words[0] not in declaring:
            continue
        if macro:
            declaring.add(macro)
        else:
            found.update(name.split(":")[0] for name in words[1:] if not name.startswith(("\\", "%")))
    return found


def compare_pair(stem, ours, theirs):
    first, second = read(ours), read(theirs)
    if banners(first) != banners(second):
        yield f"{stem}: banners differ:\n    {FACES[0]}: {banners(first)}\n    {FACES[1]}: {banners(second)}"
    own = OWN_LABELS.get(stem, set())
    a, b = labels(first) - own, labels(second) - own
    if stem in SHARED_ONLY:
        a, b = a & SHARED_ONLY[stem], b & SHARED_ONLY[stem]
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
