# SPDX-License-Identifier: BSD-2-Clause
"""Programs whose output is the test: what they print on Janus must be what they print on Linux, byte for byte.

userland/programs/real-programs.sh runs Debian's busybox and static programs, title by title, dynamic.sh those of
packages.PROGRAMS, which are linked dynamically. /fuzz/pointers gives each implemented call bad pointers and bad
descriptors, a title a call. Each title is a result.
"""
import difflib
import os
import re

from . import boots, ktap, packages
from .machine import BUILD
from .term import say

# Subject: the command, and the name that its saved results on Linux have.
COMMANDS = {"real programs": (["/programs/real-programs.sh"], "programs"),
            "dynamic programs": (["/programs/dynamic.sh"], "dynamic"),
            "bad pointers": (["/fuzz/pointers"], "pointers")}
GUEST = {"smp": 2, "memory": "1G"}      # the dynamic programs and their archive are 300 MiB
TITLE = re.compile(r"^== (.*)$", re.M)


def sections(text):
    """{title: what was printed} of the program's output; a title whose end did not come is left out."""
    found = {}
    starts = list(TITLE.finditer(text))
    for match, following in zip(starts, starts[1:]):
        found[match[1]] = text[match.end() + 1:following.start()]
    return found


def run_guest(machine, kernel, folder, name, timeout):
    command, short = COMMANDS[name]
    return boots.run_command(machine, kernel, folder, command, GUEST, timeout, idle=boots.IDLE,
                             debian=short == "dynamic")


def on_linux(machine, folder, timeout, name):
    """The oracle's sections, cached like its suite results."""
    command, short = COMMANDS[name]
    image, version = packages.linux_kernel(machine)
    digest = boots.suite_hash(folder, version, [*command, *packages.PROGRAMS, *packages.LEFT_OUT])
    path = os.path.join(BUILD, "oracle", f"{machine.name}-{short}-{digest}.txt")
    if os.path.exists(path):
        with open(path) as file:
            return sections(file.read())
    say(f"{name} on {machine.name} Linux ...")
    output, outcome, errors = run_guest(machine, image, folder, name, timeout)
    text = output.decode(errors="replace")
    if outcome.status == 0:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)
    return sections(text)


def compare(want, got):
    if got is None:
        return ktap.Result("fail", "not reached: the program did not get here")
    if got == want:
        return ktap.Result("ok")
    lines = difflib.unified_diff(want.splitlines(), got.splitlines(), "Linux", "Janus", lineterm="", n=2)
    return ktap.Result("fail", "\n".join(list(lines)[:30]))


def run(machine, kernel, folder, timeout, name):
    subject = ktap.Subject(name)
    wanted = on_linux(machine, folder, timeout, name)
    say(f"{name} on {machine.name} ...")
    output, outcome, errors = run_guest(machine, kernel, folder, name, timeout)
    got = sections(output.decode(errors="replace"))
    for title, text in wanted.items():
        subject.put(title, compare(text, got.get(title)))
    if not wanted:
        subject.put("the program on Linux", ktap.Result("fail", "Linux did not run it"))
    if outcome.status is None:
        log = outcome.log.decode(errors="replace")
        why = errors or boots.panic_line(log) or outcome.why
        subject.put("the guest ends by itself", ktap.Result("fail", f"{why}\n{log[-1500:]}"))
    subject.seconds = outcome.seconds
    return subject
