# SPDX-License-Identifier: BSD-2-Clause
"""`janus test`: everything that must pass.

First the checks that need no guest (design rules, host unit tests), then the suite on every machine at
every number of CPUs, each result beside that of Debian's Linux: a subtest that Linux fails is an error of
the suite, not of Janus. The debug build runs the suite too: its poison, traps and lock checker panic,
so do races that forced rescheduling brings about, and allocations fail there by chance.
"""
import glob
import os
from dataclasses import dataclass, field

from . import (boots, console, costs, coverage, fuzz, guest as guests, hostchecks, ktap, lock, pagetest, planted,
               programs, report, scenarios, setup, tables)
from .build import build
from .machine import MACHINES, machine
from .term import Trouble


DEBUG_CPUS = 4      # where lock order and lost wake-ups show


def smp_list(text):
    try:
        counts = [int(n) for n in text.split(",")]
    except ValueError:
        counts = []
    if not counts or not all(1 <= n <= 8 for n in counts):
        raise Trouble(f"--smp {text}: want numbers of CPUs from 1 to 8, by commas", 2)
    return counts


def judge(boot, oracle):
    """Hold a boot's results against Linux's."""
    if boot.hunt == "alloc":
        boot.only_survival()
    boot.not_reached(oracle)
    for name, mine in boot.subjects.items():
        theirs = oracle.subjects.get(name)
        for title, result in mine.results.items():
            linux = theirs.results.get(title) if theirs else None
            if result.status == "skip" and linux and linux.status == "ok":
                mine.results[title] = ktap.Result("fail", f"skipped here, passes on Linux: {result.detail}")
            elif result.status == "ok" and linux and linux.status == "skip":
                result.detail = "Linux skips it"


def known(only, folder):
    """Mistyped names are told before anything boots."""
    subjects = sorted(os.path.basename(path) for path in guests.programs(os.path.join(folder, "userland/suite")))
    subjects.remove("run")      # the runner of them all
    for name in only:
        if name not in subjects:
            raise Trouble(f"there is no subject {name!r}; there are {' '.join(subjects)}", 2)


def suite_errors(oracle):
    """A subject for what Linux itself fails."""
    subject = ktap.Subject("oracle")
    for name, theirs in oracle.subjects.items():
        for title, result in theirs.results.items():
            if result.status == "fail":
                subject.put(f"{name}: {title}", ktap.Result("fail", "Linux fails it, so the suite is wrong\n"
                                                            + result.detail))
    if oracle.trouble:
        subject.put("the suite ends on Linux", ktap.Result("fail", oracle.trouble))
    return subject


class Plan:
    """What runs on one machine. A job is a function and its arguments."""

    def __init__(self, m, folder, hunter, options, only):
        self.machine, self.folder, self.options = m, folder, options
        self.kernel, self.debug = (os.path.join(f, "boot/kernel") for f in (folder, hunter))
        self.asked = (only, options.timeout, options.verbose)
        self.suites, self.beside, self.costs = [(boots.oracle, m, folder, *self.asked)], [], []

    def boot(self, counts, hunts):
        """Janus runs the suite on so many CPUs each, and its debug build with each hunt."""
        self.suites += [(boots.run_suite, self.machine, self.kernel, self.folder, n, False, *self.asked)
                        for n in counts]
        self.suites += [(boots.run_suite, self.machine, self.debug, self.folder, DEBUG_CPUS, False, *self.asked, hunt)
                        for hunt in hunts]

    def the_rest(self):
        """What is not the suite: a subject each, and the costs with what was recorded."""
        m, folder, kernel, timeout = self.machine, self.folder, self.kernel, self.options.timeout
        self.beside = [(programs.run, m, kernel, folder, timeout, name) for name in programs.COMMANDS]
        self.beside += [(fuzz.run, m, folder, kernel, self.debug, timeout), (scenarios.run, m, kernel, folder),
                        (scenarios.run_hangs, m, self.debug, folder)]
        self.costs = [(costs.run, m, kernel, folder)]

    def jobs(self):
        return self.suites + self.beside + self.costs


@dataclass
class Told:
    """What a run has told so far."""
    columns: list                                   # (name, subjects), as report.py wants them
    logs: dict = field(default_factory=dict)        # name of a boot that went wrong: its log
    judges: list = field(default_factory=list)      # Linux's columns
    lanes: dict = field(default_factory=dict)       # machine: what was recorded on it

    def take(self, plan, done):
        """The results of a plan's jobs, next in `done`."""
        oracle, *janus = [next(done) for _ in plan.suites]
        for boot in janus:
            judge(boot, oracle)
            self.put(boot.name, boot.subjects.values())
            if boot.trouble:
                self.logs[boot.name] = (boot.log_path, console.telling_lines(boot.log))
        errors = suite_errors(oracle)
        self.put(oracle.name, [errors] if errors.results else [])
        self.judges.append((oracle.name, oracle.subjects))
        self.put(f"{plan.machine.name} boots", [next(done) for _ in plan.beside])
        for _ in plan.costs:
            subjects, self.lanes[plan.machine.name] = next(done)
            self.put(f"{plan.machine.name} costs", subjects)

    def put(self, name, subjects):
        self.columns.append((name, {s.name: s for s in subjects}))


def test(options):
    if options.oracle and options.debug:
        raise Trouble("--debug is a build of Janus; the oracle is Debian's own kernel", 2)
    if options.planted is not None:
        return tell(planted.planted([name for name in options.planted.split(",") if name]), {})
    machines = [machine(name) for name in options.arch or list(MACHINES)]
    only = [name for name in options.only.split(",") if name]
    counts = [] if options.debug else smp_list(options.smp)
    lock.alone(lock.REPORT, "another ./janus writes build/report")
    forget_reports()
    if options.oracle:
        return test_oracle(machines, only, options)
    whole = not only and not options.debug      # with all that is not the suite
    if whole:       # asked for at once, not one by one in the middle of the run
        setup.need(setup.COMMON, setup.GIT, setup.U_BOOT, pagetest.CHROMIUM, *(m.tools for m in machines))
    folders = {m.name: build(m, mode="debug" if options.debug else "release") for m in machines}
    known(only, folders[machines[0].name])
    hunters = {m.name: build(m, mode="debug") for m in machines} if whole else folders
    counting = coverage.jobs(machines, options.timeout) if whole else []
    told = Told(hostchecks.run(machines, folders) if whole else [])
    plans = [Plan(m, folders[m.name], hunters[m.name], options, only) for m in machines]
    for plan in plans:
        plan.boot(counts, boots.HUNTS if whole or options.debug else ())
        if whole:
            plan.the_rest()
    done = iter(boots.run_all([job for plan in plans for job in plan.jobs()] + counting))
    for plan in plans:
        told.take(plan, done)
    if whole:
        told.columns += page_column(costs.together(told.lanes)) + coverage_column(machines)
    return tell(told.columns, told.logs, told.judges)


def forget_reports():
    """Those of an earlier run: what lies in build/report is of one."""
    for path in glob.glob(os.path.join(boots.REPORT, "*.*")):
        if os.path.isfile(path):
            os.unlink(path)


def page_column(recorded):
    if not recorded:
        return []
    try:
        wrong = costs.save(recorded)
        page = pagetest.run(recorded)
        page.put("the JSON is as docs/compare.md describes it", costs.found("\n".join(wrong)))
    except (Trouble, OSError) as trouble:
        page = ktap.Subject("pages")
        page.put("the page is opened in Chromium", ktap.Result("fail", str(trouble)))
    return [("browser", {page.name: page})]


def coverage_column(machines):
    try:
        found = coverage.tell(machines)
    except Trouble as trouble:
        found = ktap.Subject("coverage")
        found.put("the lines that were run are counted", ktap.Result("fail", str(trouble)))
    return [("gcov", {found.name: found})]


def test_oracle(machines, only, options):
    folders = {m.name: build(m, ["userland"]) for m in machines}
    known(only, folders[machines[0].name])
    done = boots.run_all([(boots.oracle, m, folders[m.name], only, options.timeout, options.verbose, True)
                      for m in machines])
    logs = {b.name: (b.log_path, console.telling_lines(b.log)) for b in done if b.trouble}
    for boot in done:
        if boot.trouble:
            boot.subjects["oracle"] = suite_errors(boot)
    return tell([(boot.name, boot.subjects) for boot in done], logs)


def tell(columns, logs, judges=()):
    """judges: Linux's results, which stand in the table and are not counted."""
    total = report.Total()
    for _, subjects in columns:
        for subject in subjects.values():
            for result in subject.results.values():
                total.add(result)
    report.junit(columns, os.path.join(boots.REPORT, "junit.xml"), logs)
    tables.tell([c for c in columns if c[1]] + list(judges))
    report.failures(columns, logs)
    report.slowest(columns)
    if not total.passed and not total.failed:
        raise Trouble("no test ran")
    print(f"\n{total.line()}", flush=True)
    return 1 if total.failed else 0
