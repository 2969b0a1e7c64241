#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write what is generated from core/syscall/syscalls.tbl.

syscalls.py --arch ARCH --output FILE {syscall_nr|syscalls|syscall_table|markdown} TABLE

syscall_nr     the numbers of one machine, a C header
syscalls       the handlers' prototypes and the tables' declarations, a C header
syscall_table  the machine's table and the decoder's metadata, C
markdown       the page docs/syscalls.md
"""
import argparse
import sys

import syscall_table as table

NOTE = "generated from core/syscall/syscalls.tbl; do not edit"


def on_machine(calls, arch):
    return sorted((c for c in calls if arch in c.numbers), key=lambda c: c.numbers[arch])


def slots(calls, arch):
    return 1 << max(c.numbers.get(arch, 0) for c in calls).bit_length()


def syscall_nr(calls, arch):
    calls = on_machine(calls, arch)
    yield f"/* {NOTE} */\n#ifndef GENERATED_SYSCALL_NR_H\n#define GENERATED_SYSCALL_NR_H\n\n"
    for call in calls:
        yield f"#define __NR_{call.name} {call.numbers[arch]}\n"
    yield f"\n/* One more than the highest number. */\n"
    yield f"#define NR_syscalls {calls[-1].numbers[arch] + 1}\n"
    yield f"/* The table is padded to a power of two, which the dispatcher masks with. */\n"
    yield f"#define SYSCALL_SLOTS {slots(calls, arch)}\n\n#endif\n"


def kind_name(arg):
    return "ARG_" + arg.kind.upper()


def syscalls(calls, arch):
    kinds = ["ARG_" + k.upper() for k in (*table.C_TYPES, *table.MEMORY)]
    yield f"""/* {NOTE} */
#ifndef GENERATED_SYSCALLS_H
#define GENERATED_SYSCALLS_H

#include <janus/types.h>
#include <generated/syscall_nr.h>

/* The table: called with the six argument registers, whatever the handler takes of them. */
typedef long (*syscall_fn_t)(long, long, long, long, long, long);
extern const syscall_fn_t syscall_table[SYSCALL_SLOTS];

/* What an argument is, for the decoder. */
enum syscall_arg_kind {{
"""
    for kind in kinds:
        yield f"\t{kind},\n"
    yield """};

enum syscall_arg_direction { ARG_VALUE, ARG_IN, ARG_OUT, ARG_INOUT };

struct syscall_arg {
	const char *name;
	const char *detail;	/* its flag set or structure, or NULL */
	u8 kind;		/* enum syscall_arg_kind */
	u8 direction;		/* enum syscall_arg_direction */
	s8 length;		/* which argument holds its length, or -1 */
};

struct syscall_meta {
	const char *name;	/* NULL: no call has this number */
	const struct syscall_arg *args;
	u8 nargs;
	bool implemented;
};
extern const struct syscall_meta syscall_meta[NR_syscalls];

/* Of a call that is not implemented: -ENOSYS. */
long sys_ni_syscall(void);

"""
    for call in calls:
        yield table.prototype(call) + ";\n"
    yield "\n#endif\n"


def handler(call, arch):
    if call is None or "ni" in call.flags:
        return "sys_ni_syscall"
    return ("swap45_" if table.swapped(call, arch) else "sys_") + call.name


def wrapper(call):
    """The handler of a machine that swaps the fourth and fifth argument."""
    args = call.args[:3] + [call.args[4], call.args[3]] + call.args[5:]
    parameters = ", ".join(f"{table.c_type(a)} {a.name}" for a in args)
    return (f"static long swap45_{call.name}({parameters})\n{{\n"
            f"\treturn sys_{call.name}({', '.join(a.name for a in call.args)});\n}}\n\n")


def meta_args(call, arch):
    args = list(call.args)
    if table.swapped(call, arch):
        args[3], args[4] = args[4], args[3]
    names = [a.name for a in args]
    for arg in args:
        detail = f'"{arg.detail}"' if arg.detail else "NULL"
        direction = "ARG_" + (arg.direction or "value").upper()
        length = names.index(arg.length) if arg.length else -1
        yield f'\t{{ "{arg.name}", {detail}, {kind_name(arg)}, {direction}, {length} }},\n'


def syscall_table_c(calls, arch):
    calls = on_machine(calls, arch)
    by_number = {c.numbers[arch]: c for c in calls}
    yield f"/* {NOTE} */\n#include <generated/syscalls.h>\n\n"
    yield "long sys_ni_syscall(void)\n{\n\treturn -38; /* ENOSYS */\n}\n\n"
    for call in calls:
        if table.swapped(call, arch) and "ni" not in call.flags:
            yield wrapper(call)
    yield "const syscall_fn_t syscall_table[SYSCALL_SLOTS] = {\n"
    for number in range(slots(calls, arch)):
        yield f"\t[{number}] = (syscall_fn_t){handler(by_number.get(number), arch)},\n"
    yield "};\n\n"
    for call in calls:
        if call.args:
            yield f"static const struct syscall_arg args_{call.name}[] = {{\n"
            yield from meta_args(call, arch)
            yield "};\n\n"
    yield "const struct syscall_meta syscall_meta[NR_syscalls] = {\n"
    for call in calls:
        args = f"args_{call.name}" if call.args else "NULL"
        done = "false" if "ni" in call.flags else "true"
        yield f'\t[{call.numbers[arch]}] = {{ "{call.name}", {args}, {len(call.args)}, {done} }},\n'
    yield "};\n"


def markdown(calls, _arch):
    done = [c for c in calls if "ni" not in c.flags]
    yield "# System calls\n\n"
    yield (f"Generated from `core/syscall/syscalls.tbl`. Of Linux 6.1's {len(calls)} calls on these machines "
           f"Janus has {len(done)}; the others answer ENOSYS.\n")
    section = None
    for call in calls:
        if call.section != section:
            section = call.section
            yield f"\n## {section}\n\n| call | x86_64 | arm64 | there |\n|---|---|---|---|\n"
        numbers = [str(call.numbers.get(m, "")) for m in ("x86_64", "arm64")]
        args = ", ".join(f"{a.direction + ' ' if a.direction else ''}{a.name}" for a in call.args)
        state = "" if "ni" in call.flags else "yes"
        yield f"| `{call.name}({args})` | {numbers[0]} | {numbers[1]} | {state} |\n"


WRITERS = {"syscall_nr": syscall_nr, "syscalls": syscalls,
           "syscall_table": syscall_table_c, "markdown": markdown}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="x86_64", choices=table.MACHINES)
    parser.add_argument("--output", required=True)
    parser.add_argument("what", choices=WRITERS)
    parser.add_argument("table")
    options = parser.parse_args()
    try:
        text = "".join(WRITERS[options.what](table.read(options.table), options.arch))
    except table.TableError as error:
        sys.exit(str(error))
    with open(options.output, "w") as out:
        out.write(text)


main()
