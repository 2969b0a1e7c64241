#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the kernel's table of its own functions, from the first link.

kallsyms.py NM KERNEL.elf OUT.c

Functions only, by rising address.  Names with a dot are left out: they are nasm's local labels and
the compiler's clones.
"""
import subprocess
import sys


def functions(nm, elf):
    text = subprocess.run([nm, "-n", elf], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) != 3 or fields[1] not in "tTwW" or "." in fields[2] or "$" in fields[2]:
            continue
        address = int(fields[0], 16)
        if address >> 63:   # the kernel's half: what runs at its physical address is left out
            found.setdefault(address, fields[2])
    return sorted(found.items())


def main():
    nm, elf, output = sys.argv[1:]
    table = functions(nm, elf)
    base = table[0][0] if table else 0
    offsets, names, at = [], [], 0
    for _, name in table:
        offsets.append(at)
        names.append(f'\t"{name}\\0"\n')
        at += len(name) + 1
    section = '__attribute__((section(".rodata.kallsyms")))'
    with open(output, "w") as out:
        out.write("/* generated from the first link's symbols; do not edit */\n")
        out.write("#include <janus/kallsyms.h>\n\n")
        out.write(f"{section} const unsigned int kallsyms_num = {len(table)};\n")
        out.write(f"{section} const unsigned long kallsyms_base = {base:#x}UL;\n")
        out.write(f"{section} const unsigned int kallsyms_addresses[] = {{\n")
        out.writelines(f"\t{address - base:#x},\n" for address, _ in table)
        out.write("};\n")
        out.write(f"{section} const unsigned int kallsyms_offsets[] = {{\n")
        out.writelines(f"\t{offset},\n" for offset in offsets)
        out.write("};\n")
        out.write(f"{section} const char kallsyms_names[] =\n{''.join(names)};\n")
    return 0


sys.exit(main())
