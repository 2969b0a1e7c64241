# SPDX-License-Identifier: BSD-2-Clause
"""`janus compare`: how a call enters, is dispatched and leaves on both machines, side by side."""
import collections
import difflib
import itertools
import json
import os

from . import comparepage, recordings, schema
from .bench import TOLERANCE
from .files import can_write, write
from .machine import MACHINES, ROOT
from .stages import STAGES
from .term import Trouble, dim, green, red

BUDGETS = os.path.join(ROOT, "userland/compare/budgets.tbl")
NAMED = ("getppid", "read")    # calls whose instructions stand in the budgets by name
TITLES = dict(STAGES)
CELL = 46           # columns of a lane on the terminal


def stage_json(stage):
    return {"instructions": stage.count, "loads": stage.total("loads"), "stores": stage.total("stores"),
            "events": stage.events()}


def trace_json(lane):
    """Every instruction in order: address, function, file, line, text, stage."""
    return [[f"{i.address:#x}", i.function, i.file, i.line, i.text, key]
            for i, key in zip(lane.instructions, lane.keys)]


def as_json(recorded):
    """The figures; docs/compare.md says what each field is."""
    calls = {}
    for call, lanes in recorded.items():
        calls[call] = {"what": recordings.scenario(call)[0], "lanes": [
            {"machine": lane.machine, "kernel": lane.kernel, "instructions": lane.count,
             "stages": {key: stage_json(stage) for key, stage in lane.stages.items() if stage.count},
             "before": lane.before, "after": lane.after,
             "trace": trace_json(lane)}
            for lane in lanes]}
    return {"schema": schema.SCHEMA, "unit": schema.UNIT, "calls": calls}


def events_text(stage):
    return " ".join(f"{count} {name}" for name, count in sorted(stage.events().items()))


def cell(stage):
    if not stage.count:
        return f"{'-':>7}{'':{CELL - 7}}"
    return f"{stage.count:7}{stage.total('loads'):7}{stage.total('stores'):7}  {events_text(stage):{CELL - 23}}"


def print_columns(call, lanes):
    """Janus's lanes beside each other, and Linux's below them."""
    print(f"{call}: {recordings.scenario(call)[0]}")
    for _, side in itertools.groupby(lanes, lambda lane: lane.kernel):
        print_side(list(side), lanes[0].count)


def print_side(lanes, first):
    """One kernel's lanes; `first` is what their ratio is to."""
    print(f"{'':28}" + "".join(f"{lane.machine + ' ' + lane.kernel:{CELL}}" for lane in lanes).rstrip())
    print(f"{'stage':28}" + f"{'instr':>7}{'ld':>7}{'st':>7}  {'events':{CELL - 23}}" * len(lanes))
    for key, title in STAGES:
        if any(lane.stages[key].count for lane in lanes):
            print(f"{title:28}" + "".join(cell(lane.stages[key]) for lane in lanes).rstrip())
    print(f"{'total':28}" + "".join(f"{lane.count:7}{'':{CELL - 7}}" for lane in lanes).rstrip())
    print(f"{'ratio':28}" + "".join(f"{lane.count / first:7.2f}{'':{CELL - 7}}" for lane in lanes).rstrip() + "\n")


def print_full(lane):
    print(f"\n{lane.machine} {lane.kernel}, every instruction:")
    place = None
    for i in lane.instructions:
        if (i.function, i.file, i.line) != place:
            place = (i.function, i.file, i.line)
            print(dim(f"  {i.function}" + (f"  {i.file}:{i.line}" if i.file else "")))
        print(f"    {i.address:016x}  {i.text}")


def read_json(path):
    try:
        with open(path) as file:
            data = json.load(file)
    except OSError as error:
        raise Trouble(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise Trouble(f"{path} is no whole JSON file of janus compare") from None
    wrong = schema.errors(data)
    if wrong:
        raise Trouble(f"{path} is no JSON of this janus compare: {wrong[0]}")
    return data


def stage_counts(data):
    """{(call, machine, stage): instructions} of Janus's lanes."""
    return {(call, lane["machine"], key): stage["instructions"]
            for call, found in data["calls"].items() for lane in found["lanes"] if lane["kernel"] == "Janus"
            for key, stage in lane["stages"].items()}


def print_against(path, data):
    old, new = stage_counts(read_json(path)), stage_counts(data)
    calls = {call for call, _, _ in new}
    changed = [(key, old.get(key, 0), new.get(key, 0)) for key in sorted(set(old) | set(new))
               if key[0] in calls and old.get(key, 0) != new.get(key, 0)]
    if not changed:
        print(f"\nno stage differs from {path}")
    for (call, machine, key), before, after in changed:
        text = f"{call:12} {machine:8} {TITLES[key]:28} {before:6} -> {after:6}  {after - before:+d}"
        print(red(text) if after > before else green(text))


def budget_lines():
    """(call, machine, stage), instructions, and their names in order when the table holds them, of each line."""
    with open(BUDGETS) as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                yield tuple(words[:3]), int(words[3]), words[4:]


def read_budgets():
    """{(call, machine, stage): instructions}"""
    return {key: count for key, count, _ in budget_lines()}


def budgeted_calls():
    return list(dict.fromkeys(call for call, _, _ in read_budgets()))


def names(instructions):
    return [i.text.split()[0] for i in instructions]


def folded(words):
    """push push push as push*3, as the table has it."""
    runs = [(word, len(list(run))) for word, run in itertools.groupby(words)]
    return [word if count == 1 else f"{word}*{count}" for word, count in runs]


def unfolded(words):
    return [name for word in words for name, _, count in [word.partition("*")] for _ in range(int(count or 1))]


def added(before, stage):
    """The instructions of a stage that its budget's names have not, as lines; its functions when there are none."""
    if not before:
        totals = collections.Counter(i.function for i in stage.instructions)
        return [f"    {count:6} in {function}" for function, count in totals.most_common(8)]
    match = difflib.SequenceMatcher(None, unfolded(before), names(stage.instructions), autojunk=False)
    new = [i for _, _, _, first, end in (op for op in match.get_opcodes() if op[0] in ("insert", "replace"))
           for i in stage.instructions[first:end]]
    return [f"    added at {file}:{line} in {function}: {' '.join(folded(names(run)))}"
            for (file, line, function), run in itertools.groupby(new, lambda i: (i.file, i.line, i.function))]


def over_budget(recorded):
    """What Janus's lanes of {call: lanes} take over their budgets, as lines; a stage without a budget has one of 0."""
    budgets = {key: (count, words) for key, count, words in budget_lines()}
    known, lines = {key[:2] for key in budgets}, []
    for call, lane, key, stage in janus_stages(recorded):
        allowed, before = budgets.get((call, lane.machine, key), (0, []))
        if (call, lane.machine) in known and stage.count > allowed * TOLERANCE:
            lines.append(f"{lane.machine} {call}: stage '{TITLES[key]}' has {stage.count} instructions, "
                         f"{stage.count - allowed} more than its budget of {allowed}")
            lines += added(before, stage)
    return lines


def janus_stages(recorded):
    """(call, lane, key, stage) of every stage in which Janus ran."""
    return [(call, lane, key, stage) for call, lanes in recorded.items() for lane in lanes if lane.kernel == "Janus"
            for key, stage in lane.stages.items() if stage.count and key != "user"]


def print_budgets(recorded):
    with open(BUDGETS) as file:
        for line in file:
            if line.startswith("#"):
                print(line, end="")
    for call, lane, key, stage in janus_stages(recorded):
        words = folded(names(stage.instructions)) if call in NAMED else []
        print(" ".join([f"{call:16} {lane.machine:8} {key:14} {stage.count:<6}", *words]).rstrip())


def print_list():
    for name, (what, _) in recordings.scenarios().items():
        print(f"{name:14} {what}")


def wanted_calls(options):
    if options.all:
        return list(recordings.scenarios())
    if not options.call and (options.check or options.budgets):
        return budgeted_calls()
    return options.call or ["getppid"]


def compare(options):
    if options.list:
        print_list()
        return 0
    calls = wanted_calls(options)
    can_write(options.json, options.html)
    if options.against:
        read_json(options.against)      # before the long part
    recorded = recordings.record(calls, list(MACHINES), options.linux or bool(options.html))
    data = as_json(recorded)
    if options.budgets:
        print_budgets(recorded)
        return 0
    for call, lanes in recorded.items():
        print_columns(call, lanes)
        for lane in lanes if options.full else []:
            print_full(lane)
    if options.json:
        write(options.json, json.dumps(data, indent=1) + "\n")
    if options.html:
        write(options.html, comparepage.page(recorded))
    if options.against:
        print_against(options.against, data)
    failed = over_budget(recorded) if options.check else []
    for line in failed:
        print(red(line if line.startswith(" ") else f"over budget: {line}"))
    return 1 if failed else 0
