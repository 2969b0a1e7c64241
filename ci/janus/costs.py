# SPDX-License-Identifier: BSD-2-Clause
"""Costs as tests: every row of the benchmarks and every stage of the recorded calls against its budget."""
import json
import os
import re

from . import bench, boots, code, compare, events, files, flatness, frames, ktap, recordings, schema
from .machine import MACHINES
from .term import Trouble, say

# Calls that can be repeated as they stand, or with the one that undoes them; polls last, for they watch the pipe.
COUNTED = ("getppid", "bad", "lseek", "fcntl", "write-null", "read-zero", "read+write", "pread", "pwrite", "fstat",
           "stat", "clock_gettime", "futex", "eventfd", "signal", "close+openat", "munmap+mmap", "ppoll", "epoll_pwait")
LIMIT = 1200        # seconds; the benchmarks take twenty
CPUS = 4            # where a row is to cost what it costs on one
# What an operation must do: (trap, tables, tlb). None of these has another CPU to wait for, or to interrupt.
EVENTS = {"clock_gettime": (0, 0, 0), "getppid": (1, 0, 0), "mmap_touch_munmap": (3, 0, 1), "pipe_pingpong": (4, 2, 0)}
FRAMES = ("read", "fault")
TWICE = ("getppid", "read", "fault", "fork", "switch")


def found(wrong):
    """A Result that is good when nothing is wrong."""
    return ktap.Result("fail" if wrong else "ok", wrong)


def bench_subject(machine, kernel, folder):
    """Each row within its budget, as many instructions with more CPUs, and the events of a few."""
    subject = ktap.Subject("costs")
    table = [row for row in bench.rows() if row.budget[machine.name]]
    try:
        costs = {smp: bench.measure(machine, kernel, folder, f"{machine.name} Janus, CPUs: {smp}", [], LIMIT, smp)
                 for smp in (1, CPUS)}
    except Trouble as trouble:
        subject.put("the benchmarks end", ktap.Result("fail", str(trouble)))
        return subject
    for row in table:
        over = bench.over_budget([row], {machine.name: (costs[1], {})})
        subject.put(row.name, found("\n".join(over)))
    steep = flatness.not_flat(costs, (1, CPUS))
    subject.put(f"no row takes a tenth more with {CPUS} CPUs", found("\n".join(steep)))
    try:
        for title, result in event_results(machine, folder):
            subject.put(title, result)
    except Trouble as trouble:
        subject.put("the events are counted", ktap.Result("fail", str(trouble)))
    return subject


def event_results(machine, folder):
    """(title, Result) of each of a few rows."""
    counted = events.of_janus(machine, folder, list(EVENTS), CPUS)
    for row, (trap, tables, tlb) in EVENTS.items():
        got, want = counted.get(row, {}), {"trap": trap, "tables": tables, "tlb": tlb, "spin": 0, "ipi": 0}
        wrong = [f"{name} {got.get(name)}, not {count}" for name, count in want.items() if got.get(name) != count]
        yield f"{row} with {CPUS} CPUs makes no needless event", found("\n".join(wrong))


def stage_subject(lanes):
    """Each stage of each recorded call of one machine."""
    subject = ktap.Subject("stages")
    for call, lane in lanes.items():
        over = compare.over_budget({call: [lane]})
        subject.put(f"{call} within the budget of each stage", found("\n".join(over)))
    return subject


def count_results(machine, kernel, folder, lanes):
    """(title, Result): what the clock of -icount says of a loop around a call, and what was recorded of it."""
    output, outcome, _ = boots.run_command(machine, kernel, folder, ["/compare/window", "--count", *COUNTED],
                                           {"icount": True}, LIMIT, append=["norandmaps", "nokaslr"])
    lines = re.findall(r"^window (\S+) (-?\d+) ns in (\d+) turns", output.decode(errors="replace"), re.M)
    counted = {call: int(ns) / int(turns) for call, ns, turns in lines}
    for call in COUNTED:
        want, got = sum(lanes[part].count for part in call.split("+")), counted.get(call)
        right = got is not None and abs(got - want) < 1
        yield (f"{call} recorded is what -icount counts",
               found("" if right else f"{want} recorded, {got} counted a turn {outcome.why or ''}"))


def repeat_result(first, second):
    same = [i.address for i in first.instructions] == [i.address for i in second.instructions]
    return found("" if same else f"{first.count} instructions once, {second.count} the other time, or other ones")


def frame_result(lane):
    """The frame's slots hold what the page says that they do."""
    wrong = frames.misplaced(lane)
    return found("\n".join(wrong) if lane.frame else "no frame was seen")


def run(machine, kernel, folder):
    """([subjects], {call: lane}) of one machine."""
    say(f"costs on {machine.name} ...")
    try:
        program = code.Program(machine.name, os.path.join(folder, "janus.elf"))
        kinds = recordings.scenarios()
        calls = dict.fromkeys(compare.budgeted_calls() + "+".join(COUNTED).split("+"))
        lanes = {call: recordings.of_janus(machine.name, folder, program, call, kinds[call][1]) for call in calls}
        stages = stage_subject({call: lanes[call] for call in compare.budgeted_calls()})
        for call in TWICE:
            again = recordings.of_janus(machine.name, folder, program, call, kinds[call][1])
            stages.put(f"{call} recorded twice is the same", repeat_result(lanes[call], again))
        for call in FRAMES:
            stages.put(f"the trap frame of {call} holds the user's registers", frame_result(lanes[call]))
        for title, result in count_results(machine, kernel, folder, lanes):
            stages.put(title, result)
    except Trouble as trouble:
        stages, lanes = ktap.Subject("stages"), {}
        stages.put("the calls are recorded", ktap.Result("fail", str(trouble)))
    return [bench_subject(machine, kernel, folder), stages], lanes


def save(recorded):
    """The recorded figures as an artifact; what is wrong with their form, as lines."""
    os.makedirs(boots.REPORT, exist_ok=True)
    path = os.path.join(boots.REPORT, "compare.json")
    files.write(path, json.dumps(compare.as_json(recorded), indent=1) + "\n")
    with open(path) as file:
        return schema.errors(json.load(file))


def together(lanes_by_machine):
    """{call: lanes} of the machines that were recorded, for the page."""
    return {call: [lanes_by_machine[name][call] for name in MACHINES if call in lanes_by_machine.get(name, {})]
            for call in recordings.scenarios() if any(call in lanes for lanes in lanes_by_machine.values())}
