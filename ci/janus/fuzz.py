# SPDX-License-Identifier: BSD-2-Clause
"""`janus fuzz`: random programs of system calls on Janus and on Linux, the same by their seed.

/fuzz/fuzz prints a hash of all that each program gave. A program whose hashes differ is shrunk, by leaving
out its steps as long as the difference stays, and printed as C with what each kernel said.
"""
import concurrent.futures
import difflib
import os
import re

from . import boots, packages
from .build import build
from .machine import MACHINES, machine
from .term import Trouble, say

SHOWN = 5       # differences that are shrunk and told in full
ROUNDS = 12     # of leaving steps out
HASH = re.compile(r"^(\d+) ([0-9a-f]{8})$", re.M)


class Pair:
    """The two kernels of one machine, asked the same."""

    def __init__(self, m, options):
        self.machine, self.timeout, self.seed = m, options.timeout, options.seed
        self.folder = build(m)
        self.kernels = {"Linux": packages.linux_kernel(m)[0], "Janus": os.path.join(self.folder, "boot/kernel")}

    def ask_one(self, name, words):
        command = ["/fuzz/fuzz", "--seed", str(self.seed), *map(str, words)]
        output, outcome, errors = boots.run_command(self.machine, self.kernels[name], self.folder, command, {"smp": 1},
                                                    self.timeout)
        trouble = None
        if outcome.status is None:
            log = outcome.log.decode(errors="replace")
            trouble = errors or boots.panic_line(log) or f"{outcome.why}\n{log[-1500:]}"
        return output.decode(errors="replace").replace("\r", ""), trouble

    def ask(self, *words):
        """{kernel: (output, trouble)}"""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {name: pool.submit(self.ask_one, name, words) for name in self.kernels}
            return {name: job.result() for name, job in jobs.items()}


def hashes(answers):
    return [dict((int(n), h) for n, h in HASH.findall(answers[name][0])) for name in ("Linux", "Janus")]


def differing(linux, janus):
    return [n for n in sorted(linux) if n in janus and linux[n] != janus[n]]


def shrink(pair, number):
    """The bits of the steps that can be left out while the difference stays."""
    without = 0
    for _ in range(ROUNDS):
        useless = differing(*hashes(pair.ask("--only", number, "--without", without, "--drops")))
        if not useless:
            break
        everything = without
        for step in useless:
            everything |= 1 << step
        for attempt in (everything, without | 1 << useless[-1]):
            said = [pair_answer.splitlines()[-1:] for pair_answer, _ in
                    pair.ask("--only", number, "--without", attempt).values()]
            if said[0] != said[1]:
                without = attempt
                break
        else:
            break
    return without


def tell(pair, number):
    say(f"shrinking program {number} ...")
    without = shrink(pair, number)
    text, _ = pair.ask_one("Linux", ("--only", number, "--print"))
    steps = [line for line in text.splitlines()
             if (found := re.search(r"/\* (\d+) \*/$", line)) and not without >> int(found[1]) & 1]
    answers = pair.ask("--only", number, "--without", without)
    linux, janus = (answers[name][0].splitlines()[:-1] for name in ("Linux", "Janus"))
    print(f"\nprogram {number} of seed {pair.seed} on {pair.machine.name}:")
    print("\n".join(steps))
    print("\n".join(difflib.unified_diff(linux, janus, "Linux", "Janus", lineterm="", n=1)), flush=True)


def fuzz_machine(m, options):
    pair = Pair(m, options)
    say(f"{options.calls} calls on {m.name}, seed {options.seed} ...")
    answers = pair.ask("--calls", options.calls)
    for name, (_, trouble) in answers.items():
        if trouble:
            print(f"{m.name}: {name} did not get through: {trouble}")
    linux, janus = hashes(answers)
    if not linux:
        raise Trouble(f"{m.name}: Linux ran no program")
    different = differing(linux, janus)
    for number in different[:SHOWN]:
        tell(pair, number)
    missing = len(linux) - len(janus)
    print(f"{m.name}: {len(janus)} of {len(linux)} programs ran, {len(different)} differ"
          + (f": {' '.join(map(str, different[:40]))}" if different else ""), flush=True)
    return bool(different or missing)


def fuzz(options):
    failed = [fuzz_machine(machine(name), options) for name in options.arch or list(MACHINES)]
    return 1 if any(failed) else 0
