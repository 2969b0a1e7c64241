# SPDX-License-Identifier: BSD-2-Clause
"""Boots that ask one question each: other processors, little memory, many CPUs, U-Boot.

Each runs one command and wants its output and status; it is the boot that is tested.
"""
from . import boots, ktap
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


def run(machine, kernel, folder):
    subject = ktap.Subject("boots")
    for title, options in {**BOTH, **OWN[machine.name]}.items():
        say(f"boot of {machine.name}: {title} ...")
        subject.put(title, run_one(machine, kernel, folder, title, options))
        subject.seconds += subject.results[title].seconds
    return subject
