# SPDX-License-Identifier: BSD-2-Clause
"""The JSON of `janus compare`, as docs/compare.md describes it: what must be there, and that its sums are right."""

SCHEMA = 1
UNIT = "guest instructions"
COUNTS = ("instructions", "loads", "stores")


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def stage_errors(where, stage):
    if not isinstance(stage, dict) or set(stage) != {*COUNTS, "events"}:
        return [f"{where}: not instructions, loads, stores and events"]
    found = [f"{where}.{name}: no count" for name in COUNTS if not is_count(stage[name])]
    events = stage["events"]
    if not isinstance(events, dict) or not all(isinstance(k, str) and is_count(v) for k, v in events.items()):
        found.append(f"{where}.events: not counts by name")
    return found


def registers_errors(where, registers):
    right = isinstance(registers, dict) and all(isinstance(k, str) and is_count(v) for k, v in registers.items())
    return [] if right else [f"{where}: not numbers by name"]


def trace_errors(where, trace, stages):
    """Each instruction is [address, function, file, line, text, stage]; each stage has as many as it says."""
    totals = {}
    for at, row in enumerate(trace if isinstance(trace, list) else [None]):
        if not isinstance(row, list) or [type(word) for word in row] != [str, str, str, int, str, str]:
            return [f"{where}[{at}]: not address, function, file, line, text, stage"]
        totals[row[5]] = totals.get(row[5], 0) + 1
    return [f"{where}: {totals.get(key, 0)} instructions of stage {key}, which says {stages.get(key, 0)}"
            for key in sorted(set(totals) | set(stages)) if totals.get(key, 0) != stages.get(key, 0)]


def lane_errors(where, lane):
    names = {"machine", "kernel", "instructions", "stages", "before", "after", "trace"}
    if not isinstance(lane, dict) or names - set(lane):
        missing = ", ".join(sorted(names - set(lane if isinstance(lane, dict) else ())))
        return [f"{where}: lacks {missing}"]
    if not isinstance(lane["stages"], dict):
        return [f"{where}.stages: no stages"]
    found = [error for key, stage in lane["stages"].items() for error in stage_errors(f"{where}.stages.{key}", stage)]
    found += registers_errors(where + ".before", lane["before"]) + registers_errors(where + ".after", lane["after"])
    if found:
        return found
    counts = {key: stage["instructions"] for key, stage in lane["stages"].items()}
    if sum(counts.values()) != lane["instructions"]:
        found.append(f"{where}.instructions: {lane['instructions']}, its stages have {sum(counts.values())}")
    return found + trace_errors(where + ".trace", lane["trace"], counts)


def errors(data):
    """What is wrong with it, as lines; none when it is as described."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        return [f"schema: not {SCHEMA}"]
    if data.get("unit") != UNIT:
        return [f"unit: not {UNIT!r}"]
    if not isinstance(data.get("calls"), dict):
        return ["calls: there are none"]
    found = []
    for call, entry in data["calls"].items():
        if not (isinstance(entry, dict) and isinstance(entry.get("what"), str)
                and isinstance(entry.get("lanes"), list)):
            found.append(f"calls.{call}: lacks what or lanes")
            continue
        for at, lane in enumerate(entry["lanes"]):
            found += lane_errors(f"calls.{call}.lanes[{at}]", lane)
    return found
