# SPDX-License-Identifier: BSD-2-Clause
"""The tests that Meson knows and that need no guest: the design's rules, and unit tests of the core."""
import json
import os
import subprocess

from . import ktap
from .term import Step, Trouble

# A check takes seconds; Meson would end it after 30, which a host under load can need.
PATIENT = ("--timeout-multiplier", "20")
STATUS = {"OK": "ok", "EXPECTEDFAIL": "ok", "SKIP": "skip"}


def results(folder):
    """Subjects from the log of Meson's last run: {suite: Subject}."""
    subjects = {}
    with open(os.path.join(folder, "meson-logs/testlog.json")) as log:
        for line in log:
            test = json.loads(line)
            suite, _, name = test["name"].rpartition(" / ")
            suite = suite.split(":")[-1] or "checks"
            detail = "" if test["result"] == "OK" else "\n".join(
                (test.get("stdout", "") + "\n" + test.get("stderr", "")).strip().splitlines()[-40:])
            status = STATUS.get(test["result"], "fail")
            subject = subjects.setdefault(suite, ktap.Subject(suite))
            subject.seconds += test["duration"]
            units = unit_results(test.get("stdout", ""))
            for title, result in units:
                subject.put(f"{name}: {title}", result)
            if status != "ok" and not any(r.status == "fail" for _, r in units) or not units:
                subject.put(name, ktap.Result(status, detail, test["duration"]))
    return subjects


def unit_results(text):
    """The results within a unit test's TAP; none for a check that prints something else."""
    found, notes = [], []
    for line in text.splitlines() if text.startswith("1..") else []:
        result = ktap.parse_result(line, notes)
        if result:
            found.append(result)
            notes = []
        elif line.startswith("# "):
            notes.append(line[2:])
    return found


def run_meson(folder, *arguments):
    done = subprocess.run(["meson", "test", "-C", folder, "--no-rebuild", *PATIENT, *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode and not os.path.exists(os.path.join(folder, "meson-logs/testlog.json")):
        raise Trouble(f"meson test failed: {done.stdout.strip()[-500:]}")
    return results(folder)


def run(machines, folders):
    """[(heading, subjects)]: what is the same for all machines once, then each machine's own."""
    columns = []
    with Step("checking the design's rules and the core's units"):
        first = run_meson(folders[machines[0].name], "--no-suite", "image")
        columns.append(("host", first))
        for machine in machines:
            columns.append((f"{machine.name} image", run_meson(folders[machine.name], "--suite", "image")))
    return columns
