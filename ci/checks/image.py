#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: the linked kernel is small, nothing of it is both writable and executable, its names are there.

image.py READELF janus.elf boot/kernel
"""
import os
import re
import subprocess
import sys

LARGEST = 1 << 20


def main():
    readelf, elf, kernel = sys.argv[1:]
    wrong = []
    text = subprocess.run([readelf, "-lW", elf], stdout=subprocess.PIPE, text=True, check=True).stdout
    segments = re.findall(r"^\s+LOAD\s+(.*)$", text, re.M)
    for line in segments:
        flags = line.split()[5:-1]
        if "W" in "".join(flags) and "E" in "".join(flags):
            wrong.append(f"writable and executable: {line.strip()}")
    size = os.path.getsize(kernel)
    if size >= LARGEST:
        wrong.append(f"{kernel} has {size} bytes, the limit is {LARGEST}")
    names = subprocess.run(["grep", "-qa", "syscall_dispatch", kernel]).returncode
    if names:
        wrong.append(f"{kernel} has no table of its functions' names")
    print("\n".join(wrong) or f"{len(segments)} segments, {size} bytes")
    return bool(wrong)


sys.exit(main())
