#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the structure offsets that assembly needs, for GNU as and for nasm.

asm_offsets.py OUT.h OUT.inc DEPFILE SOURCE.c COMPILER ARGUMENT...

The source is compiled to assembly text; its lines `->NAME VALUE EXPRESSION` are the constants
(see arch/include/arch/asm_offsets_gen.h).
"""
import re
import subprocess
import sys

MARK = re.compile(r"^->(\w+) [$#]?(-?\d+) (.*)$")


def main():
    header, include, depfile, source, *compiler = sys.argv[1:]
    command = compiler + ["-S", "-g0", "-MD", "-MF", depfile, "-MT", header, "-o", "-", source]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return done.returncode
    found = [m.groups() for m in map(MARK.match, done.stdout.splitlines()) if m]
    if not found:
        print(f"asm_offsets: {source} defines nothing", file=sys.stderr)
        return 1
    note = f"generated from {source.split('../')[-1]}; do not edit"
    with open(header, "w") as out:
        out.write(f"/* {note} */\n#ifndef GENERATED_ASM_OFFSETS_H\n#define GENERATED_ASM_OFFSETS_H\n\n")
        out.writelines(f"#define {name} {value} /* {what} */\n" for name, value, what in found)
        out.write("\n#endif\n")
    with open(include, "w") as out:
        out.write(f"; {note}\n")
        out.writelines(f"%define {name} {value} ; {what}\n" for name, value, what in found)
    return 0


sys.exit(main())
