#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the table of system calls for the programs of userland/fuzz, from core/syscall/syscalls.tbl.

calls.py --arch ARCH --output FILE TABLE

A call that is not implemented is left out: it answers ENOSYS, which the suite checks.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../ci/gen"))
import syscall_table as table  # noqa: E402  (the path comes first)

# Bytes of the structures that calls fill or read; the others are taken to be 256.
SIZES = {
    "int": 4, "uid": 4, "gid": 4, "uint": 4, "pipefd": 8, "sigset": 8, "loff": 8, "ulong": 8, "timespec": 16, "timeval": 16,
    "rlimit": 16, "iovec": 16, "pollfd": 8, "epoll_event": 16, "itimerspec": 32, "itimerval": 32, "flock": 32,
    "sigaction": 32, "timespec2": 32, "timeval2": 32, "stack": 24, "rusage": 144, "fd_set": 128, "stat": 144,
    "msghdr": 56, "mmsghdr": 64, "sigevent": 64, "siginfo": 128, "open_how": 24, "cap_header": 8, "cap_data": 24,
    "sched_param": 4, "sched_attr": 56, "cpumask": 8, "futex_waitv": 24, "clone_args": 88, "utimbuf": 16,
    "sigset_argpack": 16, "u32": 4, "size": 8, "time": 8, "sockaddr": 110, "sembuf": 6,
    "mq_attr": 32,
}

# What the fuzzer leaves out, and why.
SPARED = {
    "its result or effect is not the program's alone":
        "settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname syslog reboot vhangup pivot_root",
    "its child runs on its parent's stack": "vfork",
    "it reads registers from whatever is on the stack": "rt_sigreturn",
    "it moves what the actors themselves live in": "brk",
    "its answer is an order of its own": "kcmp",
    "from then on a CPU's number is written into the program's memory": "rseq",
    "no call works for an actor behind it": "seccomp",
    "it stops the actors themselves, and writes into them": "ptrace",
}
SPARED_NAMES = {name for names in SPARED.values() for name in names.split()}


def argument(arg, args):
    names = [a.name for a in args]
    direction = {None: 0, "in": 1, "out": 2, "inout": 3}[arg.direction]
    length = names.index(arg.length) if arg.length else -1
    detail = f'"{arg.detail}"' if arg.detail else "0"
    size = SIZES.get(arg.detail, 256) if arg.kind in ("struct", "array") else 1
    return f'{{ "{arg.name}", {detail}, K_{arg.kind.upper()}, {direction}, {length}, {size} }}'


def call_line(call, arch, theme):
    args = list(call.args)
    if table.swapped(call, arch):
        args[3], args[4] = args[4], args[3]
    inner = ", ".join(argument(a, args) for a in args)
    fuzzed = int(call.name not in SPARED_NAMES)
    return f'\t{{ "{call.name}", {call.numbers[arch]}, {len(args)}, {fuzzed}, {theme}, {{ {inner or "{ 0 }"} }} }},\n'


def write(calls, arch):
    yield "/* generated from core/syscall/syscalls.tbl; do not edit */\n#include \"fuzz.h\"\n\n"
    yield "const struct call calls[] = {\n"
    chosen = [c for c in calls if arch in c.numbers and "ni" not in c.flags]
    themes = sorted({c.section for c in chosen})
    for call in sorted(chosen, key=lambda c: c.name):
        yield call_line(call, arch, themes.index(call.section))
    yield f"}};\nconst int call_count = {len(chosen)};\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", required=True)
    parser.add_argument("--all", action="store_true", help="those that are not implemented, too")
    parser.add_argument("--output", required=True)
    parser.add_argument("table")
    options = parser.parse_args()
    calls = table.read(options.table)
    if options.all:
        calls = [c._replace(flags=tuple(f for f in c.flags if f != "ni")) for c in calls]
    with open(options.output, "w") as out:
        out.writelines(write(calls, options.arch))


if __name__ == "__main__":
    main()
