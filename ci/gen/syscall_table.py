# SPDX-License-Identifier: BSD-2-Clause
"""The parser of core/syscall/syscalls.tbl, for every program that reads it.

The file's own head describes its format.
"""
import re
from collections import namedtuple

MACHINES = ("x86_64", "i386", "arm64")

# C type of a handler's parameter, by the semantic type of the argument.
C_TYPES = {
    "int": "int", "uint": "unsigned int", "long": "long", "ulong": "unsigned long",
    "u32": "u32", "u64": "u64", "size": "size_t", "off": "loff_t", "fd": "unsigned int", "dfd": "int",
    "pid": "pid_t", "uid": "uid_t", "gid": "gid_t", "mode": "mode_t", "dev": "unsigned int",
    "sig": "int", "clock": "clockid_t", "timer": "int", "addr": "uaddr_t", "ptr": "uaddr_t",
}
DIRECTIONS = ("in", "out", "inout")
MEMORY = ("str", "path", "strv", "buf", "array", "struct")

Call = namedtuple("Call", "name numbers flags args section line")
Arg = namedtuple("Arg", "name kind direction length detail")

LINE = re.compile(r"^(\w+)\s+(\d+|-)\s+(\d+|-)\s+(\d+|-)\s+(\S+)\s+\((.*)\)$")
ARG = re.compile(r"^(\w+?)(?:\[(\w+)\])?(?::(\w+))? (\w+)$")


class TableError(Exception):
    """A line of the table that cannot be understood; says the file and line."""


def parse_arg(text):
    match = ARG.match(text)
    if not match:
        raise ValueError(f"not an argument: {text!r}")
    kind, length, detail, name = match.groups()
    if kind in C_TYPES:
        return Arg(name, kind, None, length, detail)
    direction, _, what = kind.partition("_")
    if direction not in DIRECTIONS or what not in MEMORY:
        raise ValueError(f"unknown type {kind!r}")
    if (what in ("buf", "array")) != bool(length):
        raise ValueError(f"{kind} {name}: a length in [] goes with buf and array only")
    return Arg(name, what, direction, length, detail)


def parse_line(text, section, line):
    match = LINE.match(text)
    if not match:
        raise ValueError("want: name x86_64 i386 arm64 flags (type name, ...)")
    name, *columns, flags, arguments = match.groups()
    numbers = {m: int(n) for m, n in zip(MACHINES, columns) if n != "-"}
    args = [parse_arg(a.strip()) for a in arguments.split(",")] if arguments else []
    if len(args) > 6:
        raise ValueError("more than six arguments")
    names = {a.name for a in args}
    for arg in args:
        if arg.length and arg.length not in names:
            raise ValueError(f"{arg.name}: no argument is called {arg.length}")
    return Call(name, numbers, () if flags == "-" else tuple(flags.split(",")), args, section, line)


def whole_lines(table):
    """(number of the first, text) of what belongs together: a call goes on until its parenthesis closes."""
    first, parts = 0, []
    for line, text in enumerate(table, 1):
        first, parts = first if parts else line, [*parts, text.strip()]
        if "(" not in parts[0] or parts[0].startswith("#") or parts[-1].endswith(")"):
            yield first, " ".join(parts)
            parts = []
    if parts:
        yield first, " ".join(parts)


def read(path):
    """The calls of the table, in its order."""
    calls, section, taken = [], "", set()
    with open(path) as table:
        for line, text in whole_lines(table):
            if text.startswith("# "):
                section = text[2:]
            if not text or text.startswith("#"):
                continue
            try:
                call = parse_line(text, section, line)
                for number in list(call.numbers.items()) + [("name", call.name)]:
                    if number in taken:
                        raise ValueError(f"{number[0]} {number[1]} is taken")
                    taken.add(number)
            except ValueError as error:
                raise TableError(f"{path}:{line}: {error}") from None
            calls.append(call)
    return calls


def swapped(call, machine):
    """Whether this machine hands over the fourth and fifth argument the other way round."""
    return any(f.startswith("swap45@") and machine in f[7:].split("+") for f in call.flags)


def c_type(arg):
    return C_TYPES.get(arg.kind, "uaddr_t")


def prototype(call):
    args = ", ".join(f"{c_type(a)} {a.name}" for a in call.args) or "void"
    return f"long sys_{call.name}({args})"
