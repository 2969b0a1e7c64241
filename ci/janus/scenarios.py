# SPDX-License-Identifier: BSD-2-Clause
"""Boots that ask one question each: other processors, little memory, many CPUs, U-Boot.

Each runs one command and wants its output and status; it is the boot that is tested. Boots of the debug build hang
on purpose (core/sched/hang.c), and want to be told where.
"""
from . import boots, console, ktap
from .term import say

COMMAND = ["sh", "-c", "echo up; grep -c ^processor /proc/cpuinfo; exit 7"]

# Title: what differs in QEMU's options
BOTH = {
    "8 CPUs": {"smp": 8},
    "32 MiB of memory": {"memory": "32M"},
    "2 GiB of memory and 2 CPUs": {"memory": "2G", "smp": 2},
    "counted instructions": {"icount": True},
    "U-Boot": {"u_boot": True},
}
OWN = {
    "x86_64": {"-cpu qemu64, without SMEP, SMAP and UMIP": {"cpu": "qemu64"},
               "-cpu Skylake-Client": {"cpu": "Skylake-Client,-pcid"}},
    "arm64": {"-cpu cortex-a53, without PAN": {"cpu": "cortex-a53"},
              "-cpu cortex-a76": {"cpu": "cortex-a76"},
              "an interrupt controller of version 3": {"board": "gic-version=3", "smp": 2}},
}


def run_one(machine, kernel, folder, title, options):
    output, outcome, errors = boots.run_command(machine, kernel, folder, COMMAND, options, timeout=90)
    wanted = f"up\n{options.get('smp', 1)}\n"
    if outcome.status == 7 and output.decode(errors="replace") == wanted:
        return ktap.Result("ok", seconds=outcome.seconds)
    log = outcome.log.decode(errors="replace")
    why = boots.panic_line(log) or (outcome.why == "died" and errors) or outcome.why or f"status {outcome.status}, output {output!r}"
    tail = "\n".join(log.replace("\r", "").splitlines()[-12:])
    return ktap.Result("fail", f"{why}\n{tail}", outcome.seconds)


# hunt.hang=KIND: how the detector's panic begins, and a function that its backtrace names
HANGS = {
    "spin": ("hang: CPU", "hang"),
    "irqs-off": ("hang: CPU", "thread_entry"),
    "sleep": ("hang: thread", "schedule"),
}


def run_hang(machine, kernel, folder, kind):
    _, outcome, _ = boots.run_command(machine, kernel, folder, ["sh", "-c", "while :; do sleep 1; done"], {"smp": 2},
                                      timeout=90, append=[f"hunt.hang={kind}", "hunt.patience=2"])
    log = outcome.log.decode(errors="replace")
    begin, function = HANGS[kind]
    told = f"not syncing: {begin}" in boots.panic_line(log) and f" {function}+" in log
    return ktap.Result("ok" if told else "fail", "" if told else console.telling_lines(log), outcome.seconds)


def run_hangs(machine, kernel, folder):
    subject = ktap.Subject("hang detector")
    for kind in HANGS:
        subject.put(f"{kind}: the panic says where", run_hang(machine, kernel, folder, kind))
        subject.seconds += subject.results[f"{kind}: the panic says where"].seconds
    return subject


def run(machine, kernel, folder):
    subject = ktap.Subject("boots")
    for title, options in {**BOTH, **OWN[machine.name]}.items():
        say(f"boot of {machine.name}: {title} ...")
        subject.put(title, run_one(machine, kernel, folder, title, options))
        subject.seconds += subject.results[title].seconds
    return subject
