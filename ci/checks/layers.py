#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: core's folders stand in layers.

layers.py NM libcore.a

What counts is not who includes what but who calls whom: the symbols that each folder's objects take from
another's.  A folder may use those below it.  The steps upwards that there are, are listed here with what they
are for; a new one is a fault to think about: let the higher layer register its operations with the lower one.
The same pages as docs/architecture.md.
"""
import collections
import re
import subprocess
import sys

# From the lowest.  "main" is core/*.c: the boot list, printk, panic, the command line, which all may use.
LAYERS = ("main", "lib", "sched", "time", "uaccess", "mm", "fs", "process", "ipc", "net", "drivers", "syscall")
UPWARDS = {
    ("main", "*"): "the boot list calls every layer's start, a panic reads all of them",
    ("lib", "mm"): "trees allocate their nodes",
    ("lib", "sched"): "and free them after a grace period",
    ("sched", "time"): "a turn ends by the clock",
    ("sched", "mm"): "a switch changes the address space; stacks are memory",
    ("sched", "uaccess"): "the scheduler's own calls copy their structures",
    ("sched", "process"): "a thread that is gone is put; priorities ask for capabilities",
    ("time", "mm"): "timers are allocated",
    ("time", "process"): "timers send signals, clocks look at processes",
    ("uaccess", "mm"): "a fault while copying is the address space's",
    ("mm", "fs"): "mappings hold files; the page cache writes back through them",
    ("mm", "process"): "faults become signals; running out kills a process",
    ("fs", "process"): "credentials, limits and signals of the caller; /proc shows processes",
    ("fs", "ipc"): "/proc and descriptors of events",
    ("fs", "drivers"): "/proc shows terminals and interrupts",
    ("fs", "syscall"): "/proc/sys shows the names that uname tells",
    ("process", "ipc"): "a program that ends gives its futexes up",
    ("process", "drivers"): "and its terminal",
    ("process", "syscall"): "seccomp and tracing look at the call",
}


def folder_of(member):
    match = re.match(r"(?:.*/)?core_(?:(\w+?)_)?\w+?\.c\.o$", member)
    if not match:
        return None
    return match[1] if match[1] in LAYERS else "main"


def edges(nm, library):
    """{(user, definer): {symbol}} between folders."""
    text = subprocess.run([nm, "-A", library], stdout=subprocess.PIPE, text=True, check=True).stdout
    home, wants = {}, []
    for line in text.splitlines():
        match = re.match(r"[^:]*:([^:]*):\s*[0-9a-f]* (\w) (\S+)$", line)
        folder = folder_of(match[1]) if match else None
        if folder and match[2] == "U":
            wants.append((folder, match[3]))
        elif folder and match[2].isupper():
            home[match[3]] = folder
    found = collections.defaultdict(set)
    for folder, symbol in wants:
        if home.get(symbol, folder) != folder:
            found[folder, home[symbol]].add(symbol)
    return found


def main():
    wrong, upwards = [], 0
    for (user, definer), names in sorted(edges(*sys.argv[1:]).items()):
        if LAYERS.index(user) > LAYERS.index(definer):
            continue
        upwards += 1
        if (user, definer) not in UPWARDS and (user, "*") not in UPWARDS:
            wrong.append(f"core/{user} calls up to core/{definer}: {', '.join(sorted(names)[:8])}")
    print("\n".join(wrong) or f"{upwards} known steps upwards between {len(LAYERS)} layers, no new one")
    return bool(wrong)


sys.exit(main())
