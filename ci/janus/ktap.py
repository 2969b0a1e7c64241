# SPDX-License-Identifier: BSD-2-Clause
"""Reading KTAP: what /suite/run prints, subject by subject.

A guest may die or print rubbish at any byte, so nothing here trusts its input: what cannot be
understood is kept as a diagnostic of the result that follows it.
"""
import re
from dataclasses import dataclass, field

RESULT = re.compile(r"^(ok|not ok) \d+ ?(?:- )?(.*)$")
DIRECTIVE = re.compile(r"\s+# (SKIP|TODO|\d+s)\b\s*(.*)$")
SUBTEST = re.compile(r"^  # Subtest: (\S+)$")


@dataclass
class Result:
    status: str                 # "ok", "fail", "skip"
    detail: str = ""            # what was printed before it, and a skip's reason
    seconds: float = 0.0


@dataclass
class Subject:
    name: str
    results: dict = field(default_factory=dict)     # title: Result, in order
    finished: bool = False      # its own result line has come
    seconds: float = 0.0

    def put(self, title, result):
        name, number = title or "(no title)", 2
        while name in self.results:
            name, number = f"{title} ({number})", number + 1
        self.results[name] = result

    def count(self, status):
        return sum(r.status == status for r in self.results.values())


def parse_result(line, notes):
    """(title, Result) of a result line, or None."""
    match = RESULT.match(line)
    if not match:
        return None
    word, title = match.groups()
    status, seconds, detail = ("ok" if word == "ok" else "fail"), 0.0, list(notes)
    directive = DIRECTIVE.search(title)
    if directive:
        title = title[:directive.start()]
        if directive[1] == "SKIP":
            status = "skip"
            detail.append(directive[2])
        elif directive[1].endswith("s"):
            seconds = float(directive[1][:-1])
    return title, Result(status, "\n".join(detail), seconds)


def parse(text):
    """The subjects of a run, by name, in order."""
    subjects, current, notes = {}, None, []
    for line in text.replace("\r", "").split("\n"):
        begins = SUBTEST.match(line)
        if begins:
            current, notes = subjects.setdefault(begins[1], Subject(begins[1])), []
            continue
        inner = line.startswith("  ")
        result = parse_result(line.strip() if inner else line, notes)
        if not result:
            if current and line.strip() and not re.match(r"\s*(KTAP version|\d+\.\.\d+)", line):
                notes = (notes + [line.strip().removeprefix("# ")])[-40:]
            continue
        title, outcome = result
        if inner and current:
            current.put(title, outcome)
        elif current and title == current.name:
            finish(current, outcome)
            current = None
        notes = []
    return subjects


def finish(subject, outcome):
    """The subject's own line: when it fails and no result of its own did, that is a failure more."""
    subject.finished, subject.seconds = True, outcome.seconds
    if outcome.status == "fail" and (not subject.count("fail") or outcome.detail):
        subject.put("the program ends well", Result("fail", outcome.detail))
    elif outcome.status == "skip" and not subject.results:
        subject.put("the program", outcome)
