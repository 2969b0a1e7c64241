# SPDX-License-Identifier: BSD-2-Clause
"""`janus coverage`: which lines of the kernel the tests run, by gcov.

The kernel of -Dmode=coverage prints its counters as it stops (core/coverage.c). What a guest printed becomes a
folder of .gcda files beside links to the compiler's notes; gcov turns each folder into counts by line, and those of
all guests, both machines and the host's unit tests are added up. So a line counts as run when any of them ran it.
"""
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from . import boots, console, coveragepage, gcda, gcov, ktap, lock, programs, qemu, scenarios
from .build import build, build_folder
from .gcov import percent, total
from .machine import MACHINES, ROOT, machine
from .term import Step, Trouble, green, red, say

LEAST = 80.0            # per cent of core's lines; below it the run fails
FUZZED = ("--seed", "1", "--calls", "2000")
PLAIN_BOOTS = ("2 GiB of memory and 2 CPUs", "counted instructions", "-cpu Skylake-Client", "-cpu cortex-a76")
LONG = ("dynamic programs",)     # of programs.COMMANDS: it runs half a minute and few lines that nothing else runs
UNITS = "host units"


# ---- the runs ----

def missing_init(m, kernel, timeout):
    """A boot whose first process is not there: it panics."""
    with tempfile.TemporaryFile() as errors:
        guest = qemu.Guest(m, kernel, "", [f"console={m.console}", "panic=-1", "init=/none"])
        with qemu.Process(guest, errors) as process:
            outcome = console.converse(process, "#none", lambda data: None, timeout=timeout)
    gcda.take(outcome.log, kernel)


def runs(m, timeout):
    """[(title, call)]: the guests whose counters are wanted. Their programs are those of the release build."""
    kernel, folder = os.path.join(build_folder(m, "coverage"), "boot/kernel"), build_folder(m)

    def command(words, **options):
        return lambda: boots.run_command(m, kernel, folder, words, options, timeout)

    found = [(f"the suite on {n} CPUs", command(["/suite/run"], smp=n)) for n in (4, 1)]
    found += [(name, lambda name=name: programs.run_guest(m, kernel, folder, name, timeout))
              for name in programs.COMMANDS if name not in LONG]
    found.append(("random programs", command(["/fuzz/fuzz", *FUZZED])))
    found += [(title, lambda question=question: scenarios.ask(m, kernel, folder, question))
              for title, question in scenarios.questions(m).items() if title not in PLAIN_BOOTS]
    return found + [("a panic", lambda: missing_init(m, kernel, timeout))]


def prepare(machines):
    """Build, and forget what was counted before."""
    for m in machines:
        build(m, ["userland"])
        folder = build(m, ["bootable", "units"] if m is machines[0] else ["bootable"], mode="coverage")
        shutil.rmtree(gcda.home(folder), ignore_errors=True)


def run_one(m, title, call):
    say(f"coverage on {m.name}: {title} ...")
    call()


def jobs(machines, timeout):
    """[(function, arguments...)] for a pool, once all is built."""
    prepare(machines)
    return [(run_one, m, title, call) for m in machines for title, call in runs(m, timeout)]


def units(folder):
    """The host's unit tests, built in that folder, and what of core they run. Their sanitisers add branches of their
    own, so only lines and functions count."""
    at = os.path.join(folder, "ci/unit")
    for path in (os.path.join(home, name) for home, _, names in os.walk(at) for name in names):
        if path.endswith(".gcda"):
            os.remove(path)
    subprocess.run(["meson", "test", "-C", folder, "--no-rebuild", "--suite", "unit"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return gcov.read("gcov", at, branches=False)


def of_machine(m):
    """What the guests of one machine ran, and how many they were."""
    home = gcda.home(build_folder(m, "coverage"))
    program = "gcov" if m.name == "x86_64" else f"{m.triplet}-gcov"
    guests = sorted(os.listdir(home)) if os.path.isdir(home) else []
    return gcov.add_all(gcov.read(program, os.path.join(home, guest)) for guest in guests), len(guests)


# ---- what is told ----

@dataclass
class Report:
    parts: dict         # "x86_64", "arm64", "host units": {path: File}
    everything: dict    # all of them added up

    def folders(self):
        """{folder: {path: File}}, core first; a folder is core/NAME or arch/NAME."""
        found = collections.defaultdict(dict)
        for path in sorted(self.everything, key=lambda path: (not path.startswith("core"), path)):
            words = path.split("/")
            found["/".join(words[:2]) if len(words) > 2 else words[0]][path] = self.everything[path]
        return found

    def core(self, files=None):
        files = self.everything if files is None else files
        return total(file for path, file in files.items() if path.startswith("core/"))

    def never_called(self):
        """System calls that have a function, which nothing called."""
        return sorted({name[4:] for file in self.everything.values() for (_, name), calls in file.functions.items()
                       if name.startswith("sys_") and not calls})


def collect(machines):
    with Step("reading what gcov counted"):
        parts, wanting = {}, []
        with concurrent.futures.ProcessPoolExecutor() as pool:
            for m, (files, guests) in zip(machines, pool.map(of_machine, machines)):
                parts[m.name] = files
                wanted = len(runs(m, 0))
                if guests != wanted:
                    wanting.append(f"{guests} of {wanted} guests of {m.name} told what they counted")
        parts[UNITS] = units(build_folder(machines[0], "coverage"))
        if wanting:
            raise Trouble("; ".join(wanting))
    return Report(parts, gcov.add_all(parts.values()))


def save(report):
    home = os.path.join(boots.REPORT, "coverage")
    os.makedirs(home, exist_ok=True)
    figures = {name: dict(zip(("lines", "branches", "functions"), total(files.values())))
               for name, files in report.folders().items()}
    figures["core, all"] = dict(zip(("lines", "branches", "functions"), report.core()))
    with open(os.path.join(home, "coverage.json"), "w") as out:
        json.dump({"least": LEAST, "folders": figures, "never_called": report.never_called(),
                   "parts": {name: dict(zip(("lines", "branches", "functions"), report.core(files)))
                             for name, files in report.parts.items()}}, out, indent=1)
    page = os.path.join(home, "index.html")
    with open(page, "w") as out:
        out.write(coveragepage.page(report))
    return page


def summary(report):
    lines, branches, functions = (percent(*figure) for figure in report.core())
    parts = ", ".join(f"{name} {percent(*report.core(files)[0]):.1f} %" for name, files in report.parts.items())
    return (f"core: {lines:.1f} % of {report.core()[0][1]} lines, {branches:.1f} % of branches, "
            f"{functions:.1f} % of functions ({parts})")


def print_table(report):
    row = "{:14} {:>7} {:>8} {:>9} {:>10}"
    print("\n" + row.format("folder", "lines", "run", "branches", "functions"))
    for name, files in report.folders().items():
        print_row(row, name, total(files.values()))
    print_row(row, "core, all", report.core())
    if report.never_called():
        print("\nsystem calls that nothing called: " + " ".join(report.never_called()))


def print_row(row, name, figures):
    lines, branches, functions = ("{:.1f} %".format(percent(*figure)) for figure in figures)
    print(row.format(name, figures[0][1], lines, branches, functions))


def tell(machines):
    """Read what the guests printed, leave the page, print the table: the subject that a whole test counts."""
    report = collect(machines)
    page = save(report)
    print_table(report)
    core, text = percent(*report.core()[0]), summary(report)
    good = core >= LEAST
    print(f"\n{(green if good else red)(text)}\nthe page: {os.path.relpath(page, ROOT)}", flush=True)
    found = ktap.Subject("coverage")
    found.put(f"at least {LEAST:g} % of core's lines are run", ktap.Result("ok" if good else "fail", text))
    return found


def coverage(options):
    machines = [machine(name) for name in options.arch or list(MACHINES)]
    lock.alone(lock.REPORT, "another ./janus writes build/report")
    if not options.again:
        boots.run_all(jobs(machines, options.timeout))
    return 1 if tell(machines).count("fail") else 0
