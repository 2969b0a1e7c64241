# SPDX-License-Identifier: BSD-2-Clause
"""`janus bench --smp 1,2,4,8`: whether an operation takes as many instructions when there are more CPUs.

-icount runs the CPUs one at a time by one clock, so a row's figure is what all of them ran for one operation.
"""
import os

from . import bench
from .build import build
from .machine import MACHINES, machine
from .term import green, red

FLAT = 1.10     # of the fewest CPUs' figure


def rising(costs, counts):
    """{row: by how much its dearest number of CPUs is above the first} of rows that were measured at each."""
    found = {}
    for row, first in costs[counts[0]].items():
        others = [costs[n].get(row) for n in counts]
        if isinstance(first, float) and first and all(isinstance(cost, float) for cost in others):
            found[row] = max(others) / first
    return found


def not_flat(costs, counts):
    """The rows that take more than a tenth more, or that fail with more CPUs, as lines."""
    ratios = rising(costs, counts)
    lines = [f"{row}: {ratio:.2f} times as many instructions with more CPUs" for row, ratio in ratios.items()
             if ratio > FLAT]
    return lines + [f"{row}: not measured at each number of CPUs" for row, cost in costs[counts[0]].items()
                    if isinstance(cost, float) and row not in ratios]


def print_flatness(name, costs, counts):
    ratios = rising(costs, counts)
    print(f"\n{name:20}" + "".join(f"{n:>9} CPU{'s' if n > 1 else ' '}" for n in counts) + "    most")
    for row in costs[counts[0]]:
        cells = "".join(f"{bench.number(costs[n].get(row), 13)}" for n in counts)
        ratio = ratios.get(row)
        word = "" if ratio is None else (green if ratio <= FLAT else red)(f"{ratio:8.2f}")
        print(f"{row:20}{cells}{word}")


def as_json(results, found):
    data = {"unit": "guest instructions", "machines": {
        name: {str(n): row for n, row in costs.items()} for name, costs in results.items()}}
    if found:
        data["events"] = {name: {str(n): machines[name]["janus"] for n, machines in found.items()} for name in results}
    return data


def flatness(options, counts):
    """{machine: {CPUs: costs}} of Janus, and the lines of what is not flat."""
    results, lines = {}, []
    for name in options.arch or list(MACHINES):
        one = machine(name)
        folder = build(one)
        kernel = os.path.join(folder, "boot/kernel")
        results[name] = {n: bench.measure(one, kernel, folder, f"{name} Janus, CPUs: {n}", options.rows,
                                          options.timeout, n)
                         for n in counts}
        print_flatness(name, results[name], counts)
        lines += [f"{name} {line}" for line in not_flat(results[name], counts)]
    return results, lines
