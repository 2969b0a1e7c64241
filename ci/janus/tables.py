# SPDX-License-Identifier: BSD-2-Clause
"""The tables that a test ends with: the suite, subject by boot, and what else was tested, subject by machine.

A subject that passed whole in a boot is one number there, its tests; any other is what passed of them. So what went
wrong stands out, also without colours, and its line says so.
"""
import re
from dataclasses import dataclass

from .machine import MACHINES
from .term import dim, green, red, yellow

WIDE = 120
BOOT = re.compile(r"(\S+) (Linux|\d+ CPUs?)(?: (\w+))?$")   # boots.Boot.name: machine, kernel, hunt
GAP = 2             # before a column, and once more before a group of them


@dataclass
class Column:
    group: str      # a machine, where a table has several columns of each
    head: str
    subjects: dict
    width: int = 0

    def cell(self, name):
        """(text, paint) of a subject."""
        subject = self.subjects.get(name)
        if not subject or not subject.results:
            return "-", dim
        passed, tests = subject.count("ok"), len(subject.results)
        if passed == tests:
            return str(tests), green
        return f"{passed}/{tests}", red if subject.count("fail") else yellow

    def fit(self, names):
        self.width = max(map(len, (self.head, *(self.cell(name)[0] for name in names))))


def columns_of(results):
    """(the suite's columns, the others), of results as report.py has them; of two with one head, one is made."""
    suite, beside = {}, {}
    for heading, subjects in results:
        boot, place = BOOT.match(heading), heading.split()[0]
        if boot:
            key, into = (boot[1], boot[3] or boot[2]), suite
        else:
            key, into = ("", place if place in MACHINES else "host"), beside
        into.setdefault(key, {}).update(subjects)
    groups = list(dict.fromkeys(group for group, _ in suite))
    ordered = sorted(suite, key=lambda key: groups.index(key[0]))
    return [Column(*key, suite[key]) for key in ordered], [Column(*key, beside[key]) for key in beside]


def show(columns):
    """One table, or one a group where that is too wide."""
    names = sorted({name for column in columns for name in column.subjects})
    groups = list(dict.fromkeys(column.group for column in columns))
    if not names:
        return
    first = max(map(len, ("subject", *names)))
    for column in columns:
        column.fit(names)
    mark = "FAILED"
    if first + sum(GAP + c.width for c in columns) + GAP * len(groups) + GAP + len(mark) > WIDE and len(groups) > 1:
        for group in groups:
            show([column for column in columns if column.group == group])
        return
    print()
    if any(groups):
        print(" " * first + "".join(over(group, columns) for group in groups))
    print("subject".ljust(first) + "".join(lead(columns, at) + c.head.rjust(c.width) for at, c in enumerate(columns)))
    for name in names:
        cells = [column.cell(name) for column in columns]
        failed = any(paint is red for _, paint in cells)
        line = "".join(lead(columns, at) + paint(text.rjust(columns[at].width))
                       for at, (text, paint) in enumerate(cells))
        print((red if failed else str)(name.ljust(first)) + line + (" " * GAP + red(mark) if failed else ""))


def lead(columns, at):
    """The space before a column."""
    new_group = columns[at].group and (not at or columns[at - 1].group != columns[at].group)
    return " " * GAP * (2 if new_group else 1)


def over(group, columns):
    """A group's name above its columns."""
    mine = [column.width for column in columns if column.group == group]
    return " " * 2 * GAP + f" {group} ".center(sum(mine) + GAP * (len(mine) - 1), "-")


def tell(results):
    for columns in columns_of(results):
        show(columns)
