# SPDX-License-Identifier: BSD-2-Clause
"""`janus bench`: what each operation costs in guest instructions, on Janus and on Linux in the same QEMU."""
import json
import os
import re
from dataclasses import dataclass

from . import benchplot, boots, events, packages, recordings
from .build import build
from .files import can_write, write
from .machine import MACHINES, ROOT, machine
from .term import Trouble, green, red, say

TABLE = os.path.join(ROOT, "userland/bench/costs.tbl")
TOLERANCE = 1.02        # over a budget by more than this fails


@dataclass
class Row:
    """One line of costs.tbl: numbers by machine, None where there is none."""
    name: str
    goal: dict
    moonshot: dict
    floor: dict
    budget: dict


def both(word):
    """"130/150" as {x86_64: 130, arm64: 150}."""
    parts = word.split("/") if word != "-" else ["-", "-"]
    if len(parts) != 2:
        raise Trouble(f"{TABLE}: {word!r} is not X86_64/ARM64")
    return {name: None if part == "-" else int(part) for name, part in zip(MACHINES, parts)}


def rows():
    found = []
    with open(TABLE) as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                found.append(Row(words[0], *(both(word) for word in words[1:5])))
    return found


def parse(text):
    """The program's lines as {row: instructions an operation, or the text of what is missing}."""
    costs = {}
    for name, loops, ns in re.findall(r"^bench (\S+) (\d+) (\d+)\s*$", text, re.M):
        costs[name] = int(ns) / int(loops)
    for name, why in re.findall(r"^bench (\S+) missing (.*?)\s*$", text, re.M):
        costs[name] = why
    return costs


def measure(one, kernel, folder, what, names, timeout, smp=1):
    say(f"bench on {what} ...")
    output, outcome, errors = boots.run_command(one, kernel, folder, ["/bench/bench", *names],
                                                {"icount": True, "smp": smp}, timeout, append=["norandmaps", "nokaslr"])
    text = output.decode(errors="replace")
    if "bench done" not in text:
        log = outcome.log.decode(errors="replace")
        raise Trouble(f"the benchmarks did not end on {what}: "
                      f"{boots.panic_line(log) or errors or outcome.why or 'no result'}")
    return parse(text)


def linux_costs(one, folder, names, timeout):
    """Linux's costs, from the cache while the program and that kernel are the same."""
    image, version = packages.linux_kernel(one)
    name = recordings.kept_name(f"bench-{one.name}", [os.path.join(folder, "userland/bench/bench")], version, *names)
    return recordings.kept(name) or recordings.keep(
        name, measure(one, image, folder, f"{one.name} Linux {version}", names,
                                                                  timeout))


def number(value, width=9):
    text = f"{value:,.0f}" if isinstance(value, (int, float)) else value or "-"
    return f"{text:>{width}}"


def verdict(cost, row, name):
    """How a cost stands to its marks."""
    for word, marks in (("moonshot", row.moonshot), ("goal", row.goal)):
        if marks[name] and cost <= marks[name]:
            return green(word)
    return "" if row.goal[name] is None else red(f"{cost / row.goal[name]:.1f}x the goal")


def print_table(table, results):
    for name, (janus, linux) in results.items():
        print(f"\n{name:18}    Linux     Janus   ratio      goal  moonshot")
        for row in table:
            mine, theirs = janus.get(row.name), linux.get(row.name)
            if mine is None and theirs is None:
                continue
            known = isinstance(mine, float) and isinstance(theirs, float)
            ratio = f"{theirs / mine:6.1f}x" if known and mine else "      -"
            word = verdict(mine, row, name) if isinstance(mine, float) else ""
            print(f"{row.name:18}{number(theirs)} {number(mine)} {ratio} {number(row.goal[name])} "
                  f"{number(row.moonshot[name])}  {word}")


def over_budget(table, results):
    """The rows that cost more than their budget, as lines."""
    lines = []
    for name, (janus, _) in results.items():
        for row in table:
            budget, cost = row.budget[name], janus.get(row.name)
            if not budget:
                continue
            if not isinstance(cost, float):
                lines.append(f"{name} {row.name}: {cost or 'not run'}, its budget is {budget}")
            elif cost > budget * TOLERANCE:
                lines.append(f"{name} {row.name}: {cost:,.0f} instructions, {cost - budget:,.0f} over its budget "
                             f"of {budget:,}")
    return lines


def print_budgets(table, results):
    """costs.tbl with the budget column measured anew."""
    with open(TABLE) as file:
        for line in file:
            words = line.split("#")[0].split()
            row = next((r for r in table if words and r.name == words[0]), None)
            if row is None:
                print(line, end="")
                continue
            budget = "/".join(str(round(results[name][0][row.name]))
                              if name in results and isinstance(results[name][0].get(row.name), float)
                              else str(row.budget[name] or "-") for name in MACHINES)
            print(re.sub(r"\S+\s*$", budget, line.rstrip()))


def as_json(table, results, found=None):
    data = {"unit": "guest instructions", "machines": {
        name: {row.name: {"linux": linux.get(row.name), "janus": janus.get(row.name), "goal": row.goal[name],
                          "moonshot": row.moonshot[name], "floor": row.floor[name], "budget": row.budget[name]}
               for row in table} for name, (janus, linux) in results.items()}}
    for name, kernels in (found or {}).items():
        for row, costs in data["machines"][name].items():
            costs["events"] = {kernel: counts.get(row) for kernel, counts in kernels.items()}
    return data


def collect(names, machines, linux=True, timeout=600):
    """{machine: (Janus's costs, Linux's)}."""
    results = {}
    for name in machines:
        one = machine(name)
        folder = build(one)
        theirs = linux_costs(one, folder, names, timeout) if linux else {}
        results[name] = (measure(one, os.path.join(folder, "boot/kernel"), folder, f"{name} Janus", names, timeout),
                         theirs)
    return results


def bench_smp(options):
    from . import flatness, testing
    results, lines = flatness.flatness(options, counts := testing.smp_list(options.smp))
    found = {smp: events.collect(options.rows, list(results), False, smp) for smp in counts if options.events}
    for smp, machines in found.items():
        print(f"\nCPUs: {smp}", end="")
        events.print_tables(machines, smp)
    if options.json:
        write(options.json, json.dumps(flatness.as_json(results, found), indent=1) + "\n")
    for line in lines:
        print(red(f"not flat: {line}"))
    return 1 if lines and options.check else 0


def bench(options):
    table = rows()
    unknown = [name for name in options.rows if name not in {row.name for row in table}]
    if unknown:
        raise Trouble(f"there is no row {unknown[0]!r}; the rows are {', '.join(r.name for r in table)}", 2)
    can_write(options.json, options.html)
    if options.smp:
        return bench_smp(options)
    results = collect(options.rows, options.arch or list(MACHINES), not options.no_linux, options.timeout)
    if options.budgets:
        print_budgets(table, results)
        return 0
    print_table(table, results)
    found = events.collect(options.rows, list(results), not options.no_linux) if options.events else {}
    events.print_tables(found)
    data = as_json(table, results, found)
    if options.json:
        write(options.json, json.dumps(data, indent=1) + "\n")
    if options.html:
        write(options.html, benchplot.page(data))
    failed = over_budget([r for r in table if not options.rows or r.name in options.rows], results)
    for line in failed if options.check else []:
        print(red(f"over budget: {line}"))
    return 1 if failed and options.check else 0
