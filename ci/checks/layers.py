#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: core's folders stand in layers.

layers.py NM libcore.a libarch.a entry.h

What counts is not who includes what but who calls whom: the symbols that each folder's objects take from
another's.  A folder may use those below it.  The steps upwards that there are, are listed here with what they
are for; a new one is a fault to think about: let the higher layer register its operations with the lower one.
An architecture calls what entry.h declares, lib, the boot's folder, and what is listed here besides.
docs/architecture.md draws the layers.
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
    ("mm", "fs"): "mappings hold files, whose times and rights a write changes",
    ("mm", "process"): "faults become signals; running out kills a process",
    ("fs", "process"): "credentials, limits and signals of the caller; /proc shows processes",
    ("fs", "ipc"): "/proc shows System V's objects",
    ("fs", "drivers"): "/proc shows terminals and interrupts",
    ("fs", "syscall"): "/proc/sys shows the names that uname tells",
    ("process", "ipc"): "a program that ends gives its futexes up",
    ("process", "drivers"): "and its terminal",
    ("process", "syscall"): "a traced thread's call is made by its frame",
}

FROM_ARCH = {
    "cpus": "the array that entry code and interrupt controllers count in",
    "nr_cpus": "and how many of it there are",
    "smp_call": "a TLB flush asks the other CPUs",
    "ioremap": "an interrupt controller's registers are mapped",
    "set_blocked": "sigreturn restores the mask",
    "copy_siginfo_to_user": "a signal frame holds one",
    "uart_16550_register": "the platform says where its serial port is",
    "uart_pl011_register": "the platform says where its serial port is",
}


def folder_of(member):
    match = re.match(r"(?:.*/)?core_(?:(\w+?)_)?\w+?\.c\.o$", member)
    if not match:
        return None
    return match[1] if match[1] in LAYERS else "main"


def symbols(nm, library):
    """(member, kind, name) of each symbol in it."""
    text = subprocess.run([nm, "-A", library], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in text.splitlines():
        match = re.match(r"[^:]*:([^:]*):\s*[0-9a-f]* (\w) (\S+)$", line)
        if match:
            yield match.groups()


def users_and_homes(nm, core):
    """[(folder, symbol that it takes)], {symbol: folder that has it}."""
    wants, home = [], {}
    for member, kind, name in symbols(nm, core):
        folder = folder_of(member)
        if folder and kind == "U":
            wants.append((folder, name))
        elif folder and kind.isupper():
            home[name] = folder
    return wants, home


def steps_upwards(wants, home):
    """{(user, definer): {symbol}} of the folders that call one above them."""
    found = collections.defaultdict(set)
    for user, name in wants:
        definer = home.get(name, user)
        if LAYERS.index(user) < LAYERS.index(definer):
            found[user, definer].add(name)
    return found


def calls_of_arch(nm, arch, home, entry):
    """{symbol: folder} that the architecture takes from above lib, and that entry.h does not declare."""
    with open(entry) as file:
        upcalls = set(re.findall(r"\b(\w+)\(", file.read()))
    taken = {name for _, kind, name in symbols(nm, arch) if kind == "U" and name in home}
    return {name: home[name] for name in taken - upcalls - set(FROM_ARCH) if home[name] not in ("main", "lib")}


def main():
    nm, core, arch, entry = sys.argv[1:]
    wants, home = users_and_homes(nm, core)
    found = steps_upwards(wants, home)
    wrong = [f"core/{user} calls up to core/{definer}: {', '.join(sorted(names)[:8])}"
             for (user, definer), names in sorted(found.items())
             if (user, definer) not in UPWARDS and (user, "*") not in UPWARDS]
    wrong += [f"core/{user} does not call up to core/{definer} any more: take it off the list"
              for user, definer in UPWARDS if definer != "*" and (user, definer) not in found]
    wrong += [f"arch calls {name} of core/{folder}, which is no upcall"
              for name, folder in sorted(calls_of_arch(nm, arch, home, entry).items())]
    print("\n".join(wrong) or f"{len(found)} known steps upwards between {len(LAYERS)} layers, no new one")
    return bool(wrong)


sys.exit(main())
