# SPDX-License-Identifier: BSD-2-Clause
"""Costs as tests: every row of the benchmarks and every stage of the recorded calls against its budget."""
import json
import os

from . import bench, boots, code, compare, ktap, recordings
from .machine import MACHINES
from .term import Trouble, say

CALLS = ("getppid", "read")     # recorded in every test run; budgets.tbl may hold more


def bench_subject(machine, kernel, folder):
    subject = ktap.Subject("costs")
    table = [row for row in bench.rows() if row.budget[machine.name]]
    try:
        costs = bench.measure(machine, kernel, folder, f"{machine.name} Janus", [], timeout=600)
    except Trouble as trouble:
        subject.put("the benchmarks end", ktap.Result("fail", str(trouble)))
        return subject
    for row in table:
        over = bench.over_budget([row], {machine.name: (costs, {})})
        subject.put(row.name, ktap.Result("fail" if over else "ok", "\n".join(over)))
    return subject


def stage_subject(lanes):
    """Each stage of each recorded call of one machine."""
    subject = ktap.Subject("stages")
    budgets = compare.read_budgets()
    for call, lane in lanes.items():
        counts = {(call, lane.machine, key): stage.count for key, stage in lane.stages.items() if stage.count}
        over = compare.over_budget(budgets, counts)
        subject.put(f"{call} within the budget of each stage", ktap.Result("fail" if over else "ok", "\n".join(over)))
    return subject


def repeat_result(first, second):
    same = [i.address for i in first.instructions] == [i.address for i in second.instructions]
    return ktap.Result("ok" if same else "fail", "" if same else
                       f"{first.count} instructions once, {second.count} the other time, or other ones")


def run(machine, kernel, folder):
    """([subjects], {call: lane}) of one machine."""
    say(f"costs on {machine.name} ...")
    try:
        program = code.Program(machine.name, os.path.join(folder, "janus.elf"))
        kinds = recordings.scenarios()
        lanes = {call: recordings.of_janus(machine.name, folder, program, call, kinds[call][1]) for call in CALLS}
        stages = stage_subject(lanes)
        again = recordings.of_janus(machine.name, folder, program, CALLS[0], kinds[CALLS[0]][1])
        stages.put("a call recorded twice is the same", repeat_result(lanes[CALLS[0]], again))
    except Trouble as trouble:
        stages, lanes = ktap.Subject("stages"), {}
        stages.put("the calls are recorded", ktap.Result("fail", str(trouble)))
    return [bench_subject(machine, kernel, folder), stages], lanes


def save(recorded):
    """The recorded figures as an artifact."""
    os.makedirs(boots.REPORT, exist_ok=True)
    compare.write(os.path.join(boots.REPORT, "compare.json"), json.dumps(compare.as_json(recorded), indent=1) + "\n")


def together(lanes_by_machine):
    """{call: lanes} of the machines that were recorded, for the page."""
    return {call: [lanes_by_machine[name][call] for name in MACHINES if call in lanes_by_machine.get(name, {})]
            for call in CALLS if any(call in lanes for lanes in lanes_by_machine.values())}
