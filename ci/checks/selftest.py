#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: what runs the tests bears what tests and guests can do to it.

selftest.py ROOT CC...

/suite/run, built for this computer, runs planted programs that crash, hang, flood and stop within a line; guests
that die are played by a QEMU that is a script. Prints TAP.
"""
import contextlib
import io
import os
import subprocess
import sys
import types
import xml.etree.ElementTree as xml
from unittest import mock

import tap
from tap import wanted

ROOT, CC = sys.argv[1], sys.argv[2:]
sys.path.insert(0, os.path.join(ROOT, "ci"))

from janus import boots, console, cpio, files, guest, host, ktap, packages, report, setup, tables, testing  # noqa: E402
from janus.machine import MACHINES  # noqa: E402
from janus.term import Trouble  # noqa: E402

# Programs of a suite, as shell scripts.
GOOD = "echo 1..2; echo ok 1 it works; echo 'ok 2 so does this'\n"
PLANTED = {
    "crash": "echo 1..2; echo ok 1 before; kill -SEGV $$\n",
    "flood": "echo 1..1; while :; do echo it never stops and so fills the console of whoever listens; done\n",
    "good": GOOD,
    "half": "echo 1..2; echo ok 1 whole; printf 'ok 2 ha'\n",
    "hang": "echo 1..1; echo '# about to hang'; while :; do sleep 100; done\n",
    "less": "echo 1..3; echo ok 1 the only one\n",
    "orphan": GOOD + "setsid sleep 100 &\n",      # holds the output, too
    "rubbish": "echo 1..1; printf '\\377\\000\\033[2Jok\\nnot\\nok 1 after rubbish\\n'\n",
    "silent": "exit 0\n",
    "wrong": "echo 1..2; echo ok 1 right; echo '# 2 + 2: expected 4, got 5'; echo not ok 2 wrong; exit 1\n",
    "zgood": GOOD,
}
# Seconds after which a hang is one here. What does not hang takes milliseconds, on a host under load some more.
HANG, NO_HANG = 5, 600
WHY = {
    "crash": "Segmentation fault", "flood": "flooded its output", "half": "ended within a line", "hang": "timed out",
    "less": "did not print every result it planned", "silent": "did not print every result it planned",
}
# A QEMU that finds the run's marker in the initrd and then does as the guest of its name would.
QEMU = '''#!/usr/bin/python3
import re, sys, time
def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()
initrd = open(sys.argv[sys.argv.index("-initrd") + 1], "rb").read()
marker = re.search(rb"marker (#janus:[0-9a-f]+)", initrd)[1].decode()
say("boot noise\\n" + marker + " begin\\nKTAP version 1\\n1..2\\n  # Subtest: first\\n  1..1\\n  ok 1 a\\n"
    "ok 1 first # 0s\\n  # Subtest: second\\n  1..3\\n  ok 1 b\\n")
'''
GUESTS = {
    "panics": 'say("[ 1.0] \\nKernel panic - not syncing: planted\\ncpu 0, thread 7 (second)\\nbacktrace:\\n")\n',
    "hangs": "time.sleep(3600)\n",
    "stops": "sys.exit(0)\n",
    "is refused": 'sys.stderr.write("qemu: no such machine\\n")\nsys.exit(1)\n',
    "ends early": 'say(marker + " exit 3\\n")\n',
}
ORACLE = "  # Subtest: first\n  ok 1 a\nok 1 first\n  # Subtest: second\n  ok 1 b\n  ok 2 c\n  ok 3 d\nok 2 second\n"


def write_program(path, text):
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, 0o755)


def run_planted(folder):
    """The output of /suite/run over the planted programs."""
    suite = os.path.join(ROOT, "userland/suite")
    run = os.path.join(folder, "run")
    subprocess.run([*CC, "-D_GNU_SOURCE", "-O1", "-w", "-o", run, f"{suite}/run.c", f"{suite}/memuse.c"], check=True)
    for name, body in PLANTED.items():
        write_program(os.path.join(folder, name), "#!/bin/sh\n" + body)
    done = subprocess.run([run], stdout=subprocess.PIPE, timeout=NO_HANG,
                          env={**os.environ, "SUITE_TIMEOUT": str(HANG)})
    return done.stdout.decode(errors="replace")


def test_planted_programs(folder):
    text = run_planted(folder)
    subjects = ktap.parse(text)
    wanted(list(subjects) == sorted(PLANTED), f"subjects are {list(subjects)}")
    wanted(text.rstrip().endswith("# suite done"), "the run did not go on to its end")
    for name, subject in subjects.items():
        wanted(subject.finished, f"{name} has no result of its own")
        details = "\n".join(r.detail for r in subject.results.values() if r.status == "fail")
        if name in WHY:
            wanted(WHY[name] in details, f"{name}: {details!r}")
        elif name == "wrong":
            wanted(subject.count("fail") == 1 and "expected 4, got 5" in details, details)
        elif name != "rubbish":
            wanted(not subject.count("fail") and subject.count("ok") == 2, f"{name}: {subject.results}")
    wanted(subjects["rubbish"].results["after rubbish"].status == "ok")
    wanted("about to hang" in subjects["hang"].results["the program ends well"].detail, "its log is not with it")


def test_cut_off_anywhere(_):
    text = ("KTAP version 1\n1..1\n  # Subtest: s\n  1..2\n  # why\r\n  not ok 1 a # 3s\n  ok 2 b # SKIP no\n"
            "not ok 1 s # 4s\n")
    for end in range(len(text)):
        subject = ktap.parse(text[:end]).get("s")
        wanted(not subject or not subject.finished or end > text.rindex("not ok 1 s") + 9, f"cut at {end}")
    whole = ktap.parse(text)["s"]
    wanted(whole.results["a"].detail == "why" and whole.results["b"].status == "skip" and whole.seconds == 4)


def fake_boot(folder, name):
    """A suite's boot in a guest that is a script."""
    path = os.path.join(folder, "qemu")
    write_program(path, QEMU + GUESTS[name])
    machine = types.SimpleNamespace(name="fake", qemu=path, board="", cpu="", icount_cpu="", console="ttyS0")
    guest.root_archive = lambda *_: cpio.Archive()
    boots.REPORT, boots.IDLE = os.path.join(folder, "report"), HANG if name == "hangs" else NO_HANG
    with contextlib.redirect_stderr(io.StringIO()):
        boot = boots.run_suite(machine, "kernel", folder, 1, False, [], NO_HANG, False)
    oracle = boots.Boot(machine, 1, True, subjects=ktap.parse(ORACLE))
    testing.judge(boot, oracle)
    return boot


def test_guests(folder):
    troubles = {
        "panics": "Kernel panic - not syncing: planted", "hangs": f"the guest hung: silent for {HANG} s",
        "stops": "the guest died",
        "is refused": "qemu: no such machine", "ends early": "/suite/run ended early, with status 3",
    }
    for name, trouble in troubles.items():
        boot = fake_boot(folder, name)
        wanted(boot.trouble == trouble, f"a guest that {name}: {boot.trouble!r}")
        wanted(boot.subjects["first"].results["a"].status == boot.subjects["second"].results["b"].status == "ok")
        for title in ("c", "d"):
            wanted(boot.subjects["second"].results[title].detail == f"not reached: {trouble}", name)


def test_report_of_a_dead_guest(folder):
    boot = fake_boot(folder, "panics")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        report.failures([(boot.name, boot.subjects)], {boot.name: (boot.log_path, console.telling_lines(boot.log))})
    lines = out.getvalue().splitlines()
    at = next(i for i, line in enumerate(lines) if "FAILED" in line)
    wanted("2 tests not reached: Kernel panic - not syncing: planted" in lines[at], lines[at])
    wanted("in second" in lines[at + 1], lines[at + 1])
    wanted(any("thread 7 (second)" in line for line in lines[at + 2:]), "the panic is not below it")


def test_tables(_):
    def subject(name, *statuses):
        made = ktap.Subject(name)
        for status in statuses:
            made.put("a", ktap.Result(status))
        return {name: made}

    machines = [types.SimpleNamespace(name=name) for name in MACHINES]
    whole, lost = subject("pipe", "ok", "ok"), subject("pipe", "ok", "fail")
    results = [("host", subject("rules", "ok", "skip")), (f"{machines[0].name} costs", subject("costs", "fail"))]
    hunts = ("", *boots.HUNTS)
    for machine in machines:
        results += [(boots.Boot(machine, smp, linux, hunt=hunt).name, lost if hunt == "alloc" else whole)
                    for smp, linux, hunt in [(1, False, ""), *((4, False, hunt) for hunt in hunts), (1, True, "")]]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        tables.tell(results)
    lines = out.getvalue().splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    wanted(rows["pipe"] == ["2", "2", "2", "2", "1/2", "2"] * 2 + ["FAILED"], rows["pipe"])
    wanted((rows["rules"], rows["costs"]) == (["1/2", "-"], ["-", "0/1", "FAILED"]), rows)
    wanted(max(map(len, lines)) <= tables.WIDE and lines[2].split()[1:4] == ["1", "CPU", "4"], lines)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        tables.tell([(f"{machine.name} {n} CPUs", whole) for machine in machines for n in range(2, 9)])
    wanted(max(map(len, out.getvalue().splitlines())) <= tables.WIDE, out.getvalue())


def test_junit(folder):
    boot = fake_boot(folder, "panics")
    odd = ktap.Subject("odd", seconds=1.5)
    odd.put("<&\"' \x00\x1b\ud800 title", ktap.Result("fail", "the log: \x07]]> \xff\nits second line", 0.5))
    odd.put("left out", ktap.Result("skip", "no such machine"))
    path = os.path.join(folder, "report", "junit.xml")
    logs = {boot.name: ("a.ktap", console.telling_lines(boot.log))}
    report.junit([(boot.name, {**boot.subjects, "odd": odd})], path, logs)
    suites = {suite.get("name"): suite for suite in xml.parse(path).getroot()}
    wanted(list(suites) == [f"{boot.name}.{name}" for name in ("first", "second", "odd")], list(suites))
    odd = suites[f"{boot.name}.odd"]
    figures = [odd.get(what) for what in ("tests", "failures", "skipped", "time")]
    wanted(figures == ["2", "1", "1", "1.5"], odd.attrib)
    wanted(odd[0].get("name") == "<&\"' ??? title" and odd[0].get("time") == "0.5", odd[0].attrib)
    wanted(odd[0][0].tag == "failure" and "its second line" in odd[0][0].text and odd[1][0].tag == "skipped")
    wanted("thread 7 (second)" in suites[f"{boot.name}.second"].find("system-err").text, "the panic is not with it")


def test_flood_of_a_kernel(_):
    log = b"x" * console.LOG_KEPT
    wanted(len((log + b"more")[-console.LOG_KEPT:]) == console.LOG_KEPT)
    wanted("panic" in console.telling_lines("a\n" * 10 + "Kernel panic - not syncing: p\n" + "tail\n" * 500))


def trouble_of(function, *arguments):
    try:
        function(*arguments)
    except Trouble as trouble:
        return str(trouble)
    raise AssertionError("no trouble")


def test_what_is_missing_is_one_line(folder):
    setup.may_install = lambda *_: False
    said = [trouble_of(setup.need, {"no-such-program": "no-such-package"})]
    wanted("no-such-package" in said[0])
    machine = types.SimpleNamespace(name="fake", debian="fake", qemu="/no/such/qemu", board="", cpu="", console="ttyS0")
    guest.root_archive = lambda *_: cpio.Archive()
    said.append(trouble_of(boots.run_command, machine, "kernel", folder, ["true"]))
    wanted("/no/such/qemu" in said[1])
    packages.Apt.run = lambda *_, **__: subprocess.CompletedProcess([], 100, "E: Unable to locate package linux-none\n")
    apt = packages.Apt.__new__(packages.Apt)
    apt.machine, apt.home = machine, folder
    with contextlib.redirect_stderr(io.StringIO()):
        said.append(trouble_of(apt.download, ["linux-none"]))
    wanted("Unable to locate package linux-none" in said[2])
    wanted(not any("\n" in line for line in said), said)


def test_guests_at_once(folder):
    """A container's share of 64 processors and 100 GiB, in the files of both versions of control groups."""
    host.CGROUPS, host.OURS, host.MEMINFO = folder, os.path.join(folder, "ours"), os.path.join(folder, "meminfo")
    files.write(host.OURS, "3:memory:/box\n2:cpu,cpuacct:/far/away\n0::/box/inner\n")
    files.write(host.MEMINFO, "MemTotal: 209715200 kB\nMemAvailable: 104857600 kB\n")
    for path, text, processors, guests in (
            ("nothing", "", 64, 64), ("box/cpu.max", "max 100000", 64, 64),
            ("memory/box/memory.limit_in_bytes", str(5 << 30), 64, 3),
            ("box/cpu.max", "250000 100000", 3, 3), ("cpu,cpuacct/cpu.cfs_period_us", "100000", 3, 3),
            ("cpu,cpuacct/cpu.cfs_quota_us", "-1", 3, 3), ("cpu,cpuacct/cpu.cfs_quota_us", "150000", 2, 2),
            ("box/inner/memory.max", str(1 << 29), 2, 1), ("box/inner/cpu.max", "20000 100000", 1, 1)):
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        files.write(os.path.join(folder, path), text + "\n")
        with mock.patch.object(os, "sched_getaffinity", lambda _: range(64)):
            found = host.processors(), host.guests_at_once()
        wanted(found == (processors, guests), f"{path} {text}: {found}")


TESTS = {
    "programs that crash, hang, flood or stop within a line fail alone": test_planted_programs,
    "KTAP that is cut off anywhere is read": test_cut_off_anywhere,
    "a guest that dies or hangs is told with what it did not reach": test_guests,
    "a dead guest's panic is below its failure": test_report_of_a_dead_guest,
    "the tables fit, and a line of theirs with a failure says so": test_tables,
    "junit.xml has names, times and logs, whatever characters they hold": test_junit,
    "a flood keeps the end of the log": test_flood_of_a_kernel,
    "as many guests run at once as there is room for, also in a container": test_guests_at_once,
    "a missing QEMU, tool or package is one clear line": test_what_is_missing_is_one_line,
}


sys.exit(tap.run(TESTS, "janus."))
