# SPDX-License-Identifier: BSD-2-Clause
"""Boots that ask one question each: other processors, little memory, many CPUs, U-Boot, a typing user.

Each runs one command and wants its output and status. Of most it is the boot that is tested. Boots of the debug
build hang on purpose (core/sched/hang.c), and want to be told where.
"""
import gzip
import os
from dataclasses import dataclass, field

from . import boots, console, ktap
from .term import say


LIMIT = 600         # seconds; a boot takes two, by way of U-Boot ten


@dataclass
class Question:
    command: list
    output: str
    status: int
    options: dict = field(default_factory=dict)     # QEMU's
    typed: bytes = None
    pack: object = None                             # changes the initrd's bytes


def sh(script):
    return ["sh", "-c", script]


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


# A shell that keeps ever more variables of 100 kB.
HOARD = "big=$(yes | head -c 100000); i=0; while :; do i=$((i+1)); eval v$i=\\$big; done"

ASKED = {
    "what is typed on the console": Question(sh("read a; echo got $a; cat"), "got a line\nand the rest\n", 0,
                                             typed=b"a line\nand the rest\n"),
    "an initrd packed by gzip": Question(sh("echo up; exit 7"), "up\n", 7, pack=lambda data: gzip.compress(data, 1)),
    "memory runs out, one process dies of it": Question(
        sh(f"{{ sh -c '{HOARD}'; echo $?; }} 2>/dev/null; echo up"), "137\nup\n", 0,
        options={"memory": "64M"}),
}


def questions(machine):
    """{title: Question} of one machine."""
    up = sh("echo up; grep -c ^processor /proc/cpuinfo; exit 7")
    found = {title: Question(up, f"up\n{options.get('smp', 1)}\n", 7, options)
             for title, options in {**BOTH, **OWN[machine.name]}.items()}
    return {**found, **ASKED}


def ask(machine, kernel, folder, question):
    """(output, Outcome, errors) of the guest. A pipe holds what is typed."""
    typed = None
    if question.typed is not None:
        typed, writer = os.pipe()
        os.write(writer, question.typed)
        os.close(writer)
    try:
        return boots.run_command(machine, kernel, folder, question.command, question.options, timeout=LIMIT,
                                 typed=typed, pack=question.pack)
    finally:
        if typed is not None:
            os.close(typed)


def run_one(machine, kernel, folder, question):
    output, outcome, errors = ask(machine, kernel, folder, question)
    if outcome.status == question.status and output.decode(errors="replace") == question.output:
        return ktap.Result("ok", seconds=outcome.seconds)
    log = outcome.log.decode(errors="replace")
    why = (boots.panic_line(log) or (outcome.why == "died" and errors) or outcome.why
           or f"status {outcome.status}, output {output!r}")
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
                                      timeout=LIMIT, append=[f"hunt.hang={kind}", "hunt.patience=5"])
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
    for title, question in questions(machine).items():
        say(f"boot of {machine.name}: {title} ...")
        subject.put(title, run_one(machine, kernel, folder, question))
        subject.seconds += subject.results[title].seconds
    return subject
