# SPDX-License-Identifier: BSD-2-Clause
"""`janus fuzz`: random programs of system calls on Janus and on Linux, the same by their seed.

/fuzz/fuzz prints a hash of all that each program gave. A program whose hashes differ is shrunk, by leaving
out its steps as long as the difference stays, and printed as C with what each kernel said. A storm runs many
programs at once on several CPUs, where nothing can be compared: it must end without a panic or a hang.
"""
import concurrent.futures
import difflib
import hashlib
import json
import os
import re
import subprocess

from . import boots, guest as guests, ktap, packages
from .build import build
from .machine import BUILD, MACHINES, machine
from .term import Trouble, say

SHOWN = 5       # differences that are shrunk and told in full
TOLD = 2        # and by `janus test`
ROUNDS = 12     # of leaving steps out
HASH = re.compile(r"^(\d+) ([0-9a-f]{8})$", re.M)
STATISTIC = re.compile(r"^= .*$", re.M)
TROUBLE = re.compile(r"^# (?!\d+ calls done).*$", re.M)
# Janus has no protection keys; Linux is told to do without, too.
APPEND = ["nopku"]
# `janus test`: one seed for all, so that a red run is the change's own doing; `janus fuzz` explores.
SEED, CALLS, STORM_CALLS = 1, 2000, 2000
STORM = {"at once": 6, "CPUs": 4}


class Pair:
    """The two kernels of one machine, asked the same."""

    def __init__(self, m, folder, kernel, seed, timeout):
        self.machine, self.folder, self.seed, self.timeout = m, folder, seed, timeout
        linux, self.version = packages.linux_kernel(m)
        self.kernels = {"Linux": linux, "Janus": kernel}

    def ask_one(self, name, words, cpus=1, append=()):
        """(what it printed, why it did not get to its end or None)"""
        command = ["/fuzz/fuzz", "--seed", str(self.seed), *map(str, words)]
        output, outcome, errors = boots.run_command(self.machine, self.kernels[name], self.folder, command,
                                                    {"smp": cpus},
                                                    self.timeout, append=[*APPEND, *append], idle=boots.IDLE)
        trouble = None
        if outcome.status is None:
            log = outcome.log.decode(errors="replace")
            trouble = boots.panic_line(log) or errors or f"{outcome.why}\n{log[-1500:]}"
        text = output.decode(errors="replace").replace("\r", "")
        return text, trouble or "\n".join(TROUBLE.findall(text)) or None

    def ask(self, *words):
        """{kernel: (output, trouble)}"""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {name: pool.submit(self.ask_one, name, words) for name in self.kernels}
            return {name: job.result() for name, job in jobs.items()}

    def linux_kept(self, calls):
        """What Linux said of so many calls, from the cache when nothing has changed."""
        digest = hashlib.sha256(f"{self.version} {self.seed} {calls} {APPEND}".encode())
        for path in [*guests.programs(os.path.join(self.folder, "userland/fuzz")),
                     os.path.join(self.folder, "userland/init/init")]:
            with open(path, "rb") as file:
                digest.update(file.read())
        path = os.path.join(BUILD, "oracle", f"{self.machine.name}-fuzz-{digest.hexdigest()[:20]}.txt")
        if os.path.exists(path):
            with open(path) as file:
                return file.read(), None
        output, trouble = self.ask_one("Linux", ("--calls", calls))
        if not trouble:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as out:
                out.write(output)
        return output, trouble


def hashes(text):
    return {int(n): h for n, h in HASH.findall(text)}


def differing(linux, janus):
    """Numbers of what both said something of, and not the same."""
    linux, janus = hashes(linux), hashes(janus)
    return [n for n in sorted(linux) if n in janus and linux[n] != janus[n]]


def shrink(pair, number):
    """The bits of the steps that can be left out while the difference stays."""
    without = 0
    for _ in range(ROUNDS):
        answers = pair.ask("--only", number, "--without", without, "--drops")
        useless = differing(answers["Linux"][0], answers["Janus"][0])
        if not useless:
            break
        everything = without
        for step in useless:
            everything |= 1 << step
        for attempt in (everything, without | 1 << useless[-1]):
            said = [output.splitlines()[-1:] for output, _ in pair.ask("--only", number, "--without", attempt).values()]
            if said[0] != said[1]:
                without = attempt
                break
        else:
            break
    return without


def story(pair, number):
    """A program that differs: as C, and what each kernel said of it."""
    say(f"shrinking program {number} of seed {pair.seed} on {pair.machine.name} ...")
    without = shrink(pair, number)
    text, _ = pair.ask_one("Linux", ("--only", number, "--without", without, "--print"))
    answers = pair.ask("--only", number, "--without", without)
    linux, janus = (answers[name][0].splitlines()[:-1] for name in ("Linux", "Janus"))
    lines = list(difflib.unified_diff(linux, janus, "Linux", "Janus", lineterm="", n=1))
    lines = lines or ["no difference when it runs alone"]
    command = f"/* ./janus fuzz {pair.machine.name} --seed {pair.seed} --program {number} */"
    return "\n".join([command, text.rstrip(), *lines,
                      *filter(None, (trouble for _, trouble in answers.values()))])


def storm(pair, calls, append=()):
    """None, or why programs on all CPUs at once did not all end."""
    output, trouble = pair.ask_one("Janus", ("--storm", STORM["at once"], "--calls", calls), STORM["CPUs"], append)
    ended = len(re.findall(r"^# \d+ calls done$", output, re.M))
    return trouble or (None if ended == STORM["at once"] else f"{ended} of {STORM['at once']} came to their end")


# ---- the command ----

def fuzz_machine(m, options):
    folder = build(m)
    kernel = os.path.join(build(m, mode="debug") if options.debug else folder, "boot/kernel")
    pair = Pair(m, folder, kernel, options.seed, options.timeout)
    if options.program is not None:
        print(story(pair, options.program))
        return False
    if options.storm:
        say(f"{options.calls} calls at once on {m.name}, seed {options.seed} ...")
        why = storm(pair, options.calls, boots.HUNTS["resched"] if options.debug else ())
        print(f"{m.name}: {why or 'no panic, no hang'}", flush=True)
        return bool(why)
    say(f"{options.calls} calls on {m.name}, seed {options.seed} ...")
    answers = pair.ask("--calls", options.calls, *["--stats"] * options.stats)
    for name, (output, trouble) in answers.items():
        if trouble:
            print(f"{m.name}: {name} did not get through: {trouble}")
        if options.stats:
            print("\n".join([f"{name}:", *STATISTIC.findall(output)]))
    linux, janus = answers["Linux"][0], answers["Janus"][0]
    if not hashes(linux):
        raise Trouble(f"{m.name}: Linux ran no program")
    different, missing = differing(linux, janus), len(hashes(linux)) - len(hashes(janus))
    for number in different[:SHOWN]:
        print("\n" + story(pair, number), flush=True)
    print(f"{m.name}: {len(hashes(janus))} of {len(hashes(linux))} programs ran, {len(different)} differ"
          + (f": {' '.join(map(str, different[:40]))}" if different else ""), flush=True)
    return bool(different or missing or any(trouble for _, trouble in answers.values()))


def fuzz(options):
    for name, number, least in (("calls", options.calls, 1), ("seed", options.seed, 0),
                                ("program", options.program or 0, 0)):
        if number < least:
            raise Trouble(f"--{name} {number}: want a number from {least} on", 2)
    failed = [fuzz_machine(machine(name), options) for name in options.arch or list(MACHINES)]
    return 1 if any(failed) else 0


# ---- a short run as a test ----

def compiles(pair, number):
    """None, or what the compiler says of a program that was printed as C."""
    text, trouble = pair.ask_one("Janus", ("--only", number, "--print"))
    if trouble:
        return trouble
    with open(os.path.join(pair.folder, "meson-info/intro-targets.json")) as file:
        target = next(t for t in json.load(file) if t["name"] == "fuzz")["target_sources"][0]
    done = subprocess.run([*target["compiler"], *target["parameters"], "-fsyntax-only", "-x", "c", "-"],
                          input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout + text if done.returncode else None


def run(m, folder, kernel, debug_kernel, timeout):
    """The subject of `janus test`."""
    subject = ktap.Subject("random programs")
    pair = Pair(m, folder, kernel, SEED, timeout)
    say(f"random programs on {m.name} ...")
    linux, linux_trouble = pair.linux_kept(CALLS)
    janus, trouble = pair.ask_one("Janus", ("--calls", CALLS))
    missing = len(hashes(linux)) - len(hashes(janus))
    if linux_trouble or trouble or missing:
        why = linux_trouble and f"Linux: {linux_trouble}" or trouble or f"{missing} programs did not run"
        subject.put("the programs of seed %d run" % SEED, ktap.Result("fail", why))
    different = differing(linux, janus)
    for number in hashes(linux):
        bad = number in different
        detail = "" if not bad else story(pair, number) if number in different[:TOLD] else "not what Linux gives"
        subject.put(f"program {number} gives what Linux gives", ktap.Result("fail" if bad else "ok", detail))
    why = compiles(pair, 0)
    subject.put("a program is printed as C that compiles", ktap.Result("fail" if why else "ok", why or ""))
    why = storm(Pair(m, folder, debug_kernel, SEED, timeout), STORM_CALLS, boots.HUNTS["resched"])
    subject.put("a storm on 4 CPUs of the debug build ends", ktap.Result("fail" if why else "ok", why or ""))
    return subject
