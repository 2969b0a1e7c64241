# SPDX-License-Identifier: BSD-2-Clause
"""gcov's counts by line, branch and function, read and added up."""
import collections
import json
import os
import subprocess
from dataclasses import dataclass, field

from .machine import ROOT
from .term import Trouble

@dataclass
class File:
    """A source file's counts. A branch is one way out of a line's condition."""
    lines: dict = field(default_factory=collections.Counter)       # line: how often it was run
    branches: dict = field(default_factory=dict)                   # line: [how often each was taken]
    functions: dict = field(default_factory=collections.Counter)   # (line, name): calls

    def add(self, other):
        add_counts(self.lines, other.lines)
        add_counts(self.functions, other.functions)
        for line, taken in other.branches.items():
            self.add_branches(line, taken)

    def add_branches(self, line, taken):
        """The same line of another machine or copy; where its branches are others, the richer list stands."""
        mine = self.branches.get(line, [])
        if len(mine) == len(taken):
            self.branches[line] = [a + b for a, b in zip(mine, taken)]
        elif len(mine) < len(taken):
            self.branches[line] = list(taken)

    def figures(self):
        """[(run, all)] of lines, branches, functions."""
        taken = [count for line in self.branches.values() for count in line]
        return [(sum(c > 0 for c in counts), len(counts)) for counts in
                (self.lines.values(), taken, self.functions.values())]


def add_counts(mine, more):
    """Counter.update, which also keeps what was never run."""
    for key, count in more.items():
        mine[key] += count


def read(program, folder, branches=True):
    """{path in the tree: File} of the .gcda files in a folder."""
    names = sorted(os.path.join(at, n) for at, _, found in os.walk(folder) for n in found if n.endswith(".gcda"))
    found = collections.defaultdict(File)
    if not names:
        return found
    done = subprocess.run([program, "--json-format", "--branch-probabilities", "--stdout", *names],
                          text=True, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode or "mismatch" in done.stderr:
        raise Trouble(f"{program} cannot read {folder}: {done.stderr.strip()[-300:]}")
    for document in filter(None, done.stdout.splitlines()):
        unit = json.loads(document)
        for file in unit["files"]:
            path = os.path.relpath(os.path.join(unit["current_working_directory"], file["file"]), ROOT)
            if path.split(os.sep)[0] in ("core", "arch"):
                add_file(found[path], file, branches)
    return found


def add_file(into, file, branches):
    for line in file["lines"]:
        into.lines[line["line_number"]] += max(0, line["count"])    # a CPU may have stood within the function
        if branches and line["branches"]:
            into.add_branches(line["line_number"], [max(0, b["count"]) for b in line["branches"]])
    for function in file["functions"]:
        into.functions[function["start_line"], function["name"]] += function["execution_count"]


def add_all(parts):
    total = collections.defaultdict(File)
    for part in parts:
        for path, file in part.items():
            total[path].add(file)
    return total


def total(files):
    """[(run, all)] of lines, branches, functions of several files."""
    sums = [[0, 0], [0, 0], [0, 0]]
    for file in files:
        for kind, (run, there) in enumerate(file.figures()):
            sums[kind][0] += run
            sums[kind][1] += there
    return sums


def percent(run, there):
    return 100.0 * run / there if there else 0.0
