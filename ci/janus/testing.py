# SPDX-License-Identifier: BSD-2-Clause
"""`janus test`: everything that must pass.

First the checks that need no guest (design rules, host unit tests), then the suite on every machine at
every number of CPUs, each result beside that of Debian's Linux: a subtest that Linux fails is an error of
the suite, not of Janus. The debug build runs the suite too: its poison, traps and lock checker panic,
so do races that forced rescheduling brings about, and allocations fail there by chance.
"""
import os

from . import (boots, console, costs, coverage, fuzz, guest as guests, hostchecks, ktap, pagetest, planted, programs,
               report, scenarios, setup)
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


def test(options):
    if options.planted is not None:
        return tell(planted.planted([name for name in options.planted.split(",") if name]), {})
    machines = [machine(name) for name in options.arch or list(MACHINES)]
    only = [name for name in options.only.split(",") if name]
    if options.oracle:
        return test_oracle(machines, only, options)
    counts = [] if options.debug else smp_list(options.smp)
    plain = not only and not options.debug      # with all that is not the suite
    if plain:       # asked for at once, not one by one in the middle of the run
        setup.need(setup.COMMON, setup.U_BOOT, pagetest.CHROMIUM, *(m.tools for m in machines))
    folders = {m.name: build(m, mode="debug" if options.debug else "release") for m in machines}
    known(only, folders[machines[0].name])
    hunts = boots.HUNTS if plain or options.debug else ()
    hunters = {m.name: build(m, mode="debug") for m in machines} if plain else folders
    counting = coverage.jobs(machines, options.timeout) if plain else []
    columns, logs, judges = hostchecks.run(machines, folders) if plain else [], {}, []
    jobs, suites = [], len(counts) + len(hunts)    # how many boots of Janus run the suite
    for m in machines:
        folder = folders[m.name]
        kernel = os.path.join(folder, "boot/kernel")
        jobs.append((boots.oracle, m, folder, only, options.timeout, options.verbose))
        jobs += [(boots.run_suite, m, kernel, folder, n, False, only, options.timeout, options.verbose)
                 for n in counts]
        debug = os.path.join(hunters[m.name], "boot/kernel")
        jobs += [(boots.run_suite, m, debug, folder, DEBUG_CPUS, False, only, options.timeout, options.verbose, hunt)
                 for hunt in hunts]
        if plain:
            jobs += [(programs.run, m, kernel, folder, options.timeout, name) for name in programs.COMMANDS]
            jobs.append((fuzz.run, m, folder, kernel, debug, options.timeout))
            jobs.append((scenarios.run, m, kernel, folder))
            jobs.append((scenarios.run_hangs, m, debug, folder))
            jobs.append((costs.run, m, kernel, folder))
    done = boots.run_all(jobs + counting)[:len(jobs)]
    beside = len(programs.COMMANDS) + 3 if plain else 0     # subjects that are not the suite's
    step = 1 + suites + beside + plain
    lanes = {}
    for at in range(0, len(done), step):
        oracle, *janus = done[at:at + 1 + suites]
        for boot in janus:
            judge(boot, oracle)
            columns.append((boot.name, boot.subjects))
            if boot.trouble:
                logs[boot.name] = (boot.log_path, console.telling_lines(boot.log))
        errors = suite_errors(oracle)
        columns.append((oracle.name, {"oracle": errors} if errors.results else {}))
        judges.append((oracle.name, oracle.subjects))
        if plain:
            columns.append((f"{oracle.machine.name} boots", {s.name: s for s in done[at + 1 + suites:at + step - 1]}))
            subjects, lanes[oracle.machine.name] = done[at + step - 1]
            columns.append((f"{oracle.machine.name} costs", {s.name: s for s in subjects}))
    if plain:
        columns += page_column(costs.together(lanes)) + coverage_column(machines)
    return tell(columns, logs, judges)


def page_column(recorded):
    if not recorded:
        return []
    try:
        wrong = costs.save(recorded)
        page = pagetest.run(recorded)
        page.put("the JSON is as docs/compare.md describes it", ktap.Result("fail" if wrong else "ok", "\n".join(wrong)))
    except (Trouble, OSError) as trouble:
        page = ktap.Subject("compare page")
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
    report.junit(columns, os.path.join(boots.REPORT, "junit.xml"))
    report.table([c for c in columns if c[1]] + list(judges))
    report.failures(columns, logs)
    report.slowest(columns)
    if not total.passed and not total.failed:
        raise Trouble("no test ran")
    print(f"\n{total.line()}", flush=True)
    return 1 if total.failed else 0
