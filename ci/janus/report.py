# SPDX-License-Identifier: BSD-2-Clause
"""What the tests' results look like: failures with their logs on the terminal, JUnit XML."""
import os
import re
import xml.etree.ElementTree as xml

from . import files
from .machine import ROOT
from .term import green, red

# What XML 1.0 cannot hold.
BAD_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd]")
SHOWN = 60      # failures that are told in full on the terminal


class Total:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, result):
        if result.status == "ok":
            self.passed += 1
        elif result.status == "skip":
            self.skipped += 1
        else:
            self.failed += 1

    def line(self):
        text = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return red(text) if self.failed else green(text)


def failures(columns, logs):
    """Each failure, with what was printed before it; then the end of a dead guest's console."""
    shown = 0
    for heading, subjects in columns:
        not_reached = {}
        for subject in subjects.values():
            for title, result in subject.results.items():
                if result.status != "fail":
                    continue
                if result.detail.startswith("not reached: "):
                    not_reached.setdefault(subject.name, []).append(result.detail)
                    continue
                shown += 1
                if shown <= SHOWN:
                    print(f"\n{red('FAILED')} {heading}: {subject.name}: {title}")
                    for line in result.detail.splitlines():
                        print(f"    {line}")
        if not_reached:
            why = next(iter(not_reached.values()))[0]
            count = sum(len(v) for v in not_reached.values())
            print(f"\n{red('FAILED')} {heading}: {count} tests {why}")
            print(f"    in {', '.join(not_reached)}")
        if logs.get(heading):
            path, tail = logs[heading]
            print(f"    the end of its console ({os.path.relpath(path, ROOT)}):")
            for line in tail.splitlines():
                print(f"    | {line}")
    if shown > SHOWN:
        print(f"\n... and {shown - SHOWN} more; build/report/junit.xml has all")


def slowest(columns, count=5):
    times = [(s.seconds, s.name, heading) for heading, subjects in columns for s in subjects.values()]
    times = sorted((t for t in times if t[0] >= 3), reverse=True)[:count]
    if times:
        print("\nslowest: " + ", ".join(f"{name} on {where} {seconds:.0f} s" for seconds, name, where in times))


def junit(columns, path, logs=None):
    """logs: {heading: (path, what tells most of it)} of boots that went wrong."""
    root = xml.Element("testsuites", name="janus")
    logs = dict(logs or {})
    for heading, subjects in columns:
        for subject in subjects.values():
            suite = xml.SubElement(root, "testsuite", name=f"{heading}.{subject.name}", tests=str(len(subject.results)),
                                   failures=str(subject.count("fail")), skipped=str(subject.count("skip")),
                                   time=f"{subject.seconds:g}")
            for title, result in subject.results.items():
                case = xml.SubElement(suite, "testcase", name=BAD_XML.sub("?", title), time=f"{result.seconds:g}",
                                      classname=f"{heading}.{subject.name}".replace(" ", "-"))
                if result.status != "ok":
                    kind = "failure" if result.status == "fail" else "skipped"
                    detail = BAD_XML.sub("?", result.detail)
                    xml.SubElement(case, kind, message=detail.splitlines()[0] if detail else "").text = detail
            if subject.count("fail") and heading in logs:
                xml.SubElement(suite, "system-err").text = BAD_XML.sub("?", logs.pop(heading)[1])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    files.write(path, xml.tostring(root, encoding="utf-8", xml_declaration=True).decode())
