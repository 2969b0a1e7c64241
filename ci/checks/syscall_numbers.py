#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: the numbers in syscalls.tbl are those of Linux's own headers, for every machine.

syscall_numbers.py TABLE

Needs linux-libc-dev (asm/unistd_64.h, asm/unistd_32.h, asm-generic/unistd.h).
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../gen"))
import syscall_table as table  # noqa: E402

# The generic list is arm64's; these are what arm64's own asm/unistd.h asks of it.
ARM64_WANTS = ("RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "TIME32_SYSCALLS", "SYS_CLONE3", "MEMFD_SECRET")
HEADERS = {
    "x86_64": ("asm/unistd_64.h", ()),
    "i386": ("asm/unistd_32.h", ()),
    "arm64": ("asm-generic/unistd.h", tuple(f"-D__ARCH_WANT_{w}" for w in ARM64_WANTS)),
}
NOT_CALLS = ("syscalls", "arch_specific_syscall")


def header_numbers(header, defines):
    command = ["gcc", "-E", "-dM", *defines, "-include", header, "-x", "c", "/dev/null"]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    macros = dict(re.findall(r"^#define (__NR\w*) (\w+)$", text, re.M))
    numbers = {}
    for name, value in macros.items():
        while value in macros:
            value = macros[value]
        if name.startswith("__NR_") and value.isdigit() and name[5:] not in NOT_CALLS:
            numbers[name[5:]] = int(value)
    return numbers


def main():
    calls, wrong = table.read(sys.argv[1]), []
    known = {c.name for c in calls}
    for machine, (header, defines) in HEADERS.items():
        linux = header_numbers(header, defines)
        janus = {c.name: c.numbers[machine] for c in calls if machine in c.numbers}
        for name in sorted(linux.keys() | janus.keys()):
            if machine == "i386" and name not in known:
                continue    # its calls of 32 bits alone come with its door
            if linux.get(name) != janus.get(name):
                wrong.append(f"{machine} {name}: Linux {linux.get(name)}, syscalls.tbl {janus.get(name)}")
    print("\n".join(wrong) or f"{len(calls)} calls have Linux's numbers")
    return bool(wrong)


sys.exit(main())
