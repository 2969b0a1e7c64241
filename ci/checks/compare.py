#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""janus compare without a guest: its budgets against planted instructions, its JSON, and its bad input.

compare.py ROOT
"""
import contextlib
import copy
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

import tap

ROOT = sys.argv[1]
sys.path.insert(0, os.path.join(ROOT, "ci"))

from janus import cli, code, compare, doors, events, files, frames  # noqa: E402
from janus import gdbstub, recordings, schema, stages, trace  # noqa: E402
from janus.machine import MACHINES  # noqa: E402
from janus.term import Trouble  # noqa: E402

PLANTED = 10
# Where a stage's instructions are said to come from: of the two entry files, and of C.
PLACES = {"vectors": "vectors", "syscall": "user_syscall", "return": "return_to_user"}


def made(machine, call, planted="", at=3):
    """A lane whose stages are as the budgets say, with ten more in one of them."""
    instructions, keys = [], []
    for (name, of, key), count, words in compare.budget_lines():
        if (name, of) != (call, machine):
            continue
        names = compare.unfolded(words) or ["nop"] * count
        if key == planted:
            names = names[:at] + ["wfi"] * PLANTED + names[at:]
        file = stages.ENTRY[machine] if key in PLACES else f"core/{key}.c"
        for number, text in enumerate(names):
            line = 100 + min(number, at) if text != "wfi" else 777
            function = PLACES.get(key, "c_" + key)
            instructions.append(code.Instruction(1 << 63 | len(keys), text, function, file, line, 0, 0, ""))
            keys.append(key)
    return recordings.Recording(machine, "Janus", instructions, keys, {"pc": 1}, {"pc": 2})


def trouble_of(function, *arguments):
    try:
        function(*arguments)
    except Trouble as trouble:
        return str(trouble)
    raise AssertionError("nothing was wrong")


def said_by(*words):
    """Exit status and what a command printed, on both outputs."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        status = cli.main(list(words))
    return status, out.getvalue()


def stages_of(machine, call):
    return [key for (name, of, key), _, _ in compare.budget_lines() if (name, of) == (call, machine)]


def ten_more_instructions_are_told_with_their_stage():
    for machine in MACHINES:
        assert not compare.over_budget({"getppid": [made(machine, "getppid")]})
        for key in stages_of(machine, "getppid"):
            allowed = compare.read_budgets()["getppid", machine, key]
            first, second = compare.over_budget({"getppid": [made(machine, "getppid", key, min(3, allowed))]})
            assert first == (f"{machine} getppid: stage '{compare.TITLES[key]}' has {allowed + PLANTED} instructions, "
                             f"{PLANTED} more than its budget of {allowed}"), first
            assert second.startswith("    added at ") and ":777 in " in second, second
            assert second.endswith(f": wfi*{PLANTED}"), second


def a_stage_without_names_tells_its_functions():
    for machine in MACHINES:
        first, second = compare.over_budget({"bad": [made(machine, "bad", "dispatch")]})
        assert "stage 'dispatch' has " in first and f"{PLANTED} more" in first, first
        count = made(machine, "bad", "dispatch").stages["dispatch"].count
        assert second.split() == [str(count), "in", "c_dispatch"], second


def a_new_stage_has_a_budget_of_none():
    lane = made("arm64", "getppid")
    longer = lane.instructions + lane.instructions[:1]
    lane = recordings.Recording("arm64", "Janus", longer, lane.keys + ["exit"], {}, {})
    assert compare.over_budget({"getppid": [lane]})[0] == ("arm64 getppid: stage 'exit work' has 1 instructions, "
                                                           "1 more than its budget of 0")


def two_in_a_hundred_are_allowed_and_no_more():
    key, allowed = max(((k, n) for k, n in compare.read_budgets().items() if k[0] == "read" and k[1] == "x86_64"),
                       key=lambda item: item[1])
    for more, fails in ((int(allowed * 0.02), False), (int(allowed * 0.02) + 1, True)):
        lane = made("x86_64", "read")
        one = lane.stages[key[2]].instructions[0]
        keys = lane.keys + [key[2]] * more
        lane = recordings.Recording("x86_64", "Janus", lane.instructions + [one] * more, keys, {}, {})
        assert bool(compare.over_budget({"read": [lane]})) is fails, (allowed, more)


def every_budget_is_of_a_scenario_and_a_stage():
    known = recordings.scenarios()
    for call, machine, key in compare.read_budgets():
        assert call in known and machine in MACHINES and key in compare.TITLES, (call, machine, key)


def doors_and_stages_are_those_of_the_entry_files():
    for machine in MACHINES:
        labels = stages.labels(machine)
        for _, _, label, _ in doors.DOORS[machine]:
            assert label in labels, (machine, label)
        assert {number for _, number in stages.banners(machine)} == set(range(1, 8))
    assert set(stages.ABOUT) == set(compare.TITLES)
    for machine in MACHINES:
        assert set(frames.CALL[machine]) <= set(frames.WORDS[machine]) >= set(frames.TRAP[machine])


CODE = {"x86_64": {"0fc7": "", "90": "", "480f07": "trap", "48cf": "trap", "0f22d8": "tables", "0f0138": "tlb",
                   "0f30": "register", "0fa2": "", "0faef0": "barrier", "f0480fb1": "atomic", "4887": "atomic",
                   "f390": "spin"},
        "arm64": {"1f2003d5": "", "e0039fd6": "trap", "002018d5": "tables", "1f8308d5": "tlb", "004118d5": "register",
                  "df4203d5": "", "bf3b03d5": "barrier", "207c5f88": "atomic", "207c0288": "", "200022b8": "atomic",
                  "207ca288": "atomic", "3f2003d5": "spin"}}


def an_event_is_known_by_its_code():
    for machine, pieces in CODE.items():
        texts = events.texts(machine, [bytes.fromhex(piece) for piece in pieces])
        found = [events.event_of(machine, text) for text in texts]
        assert found == list(pieces.values()), list(zip(pieces, texts, found))
    assert events.code_bytes(b"f0 48 0f ") == b"\xf0\x48\x0f" and events.code_bytes(b"d5033bbf ") == b"\xbf\x3b\x03\xd5"


def good_json():
    return compare.as_json({"getppid": [made(machine, "getppid") for machine in MACHINES]})


def the_json_is_as_described():
    data = json.loads(json.dumps(good_json()))
    assert schema.errors(data) == [], schema.errors(data)
    lane = data["calls"]["getppid"]["lanes"][0]
    for change in (lambda d: d.update(schema=2), lambda d: d.update(unit="ns"), lambda d: d.pop("calls"),
                   lambda d: d["calls"]["getppid"].pop("what"), lambda d: d["calls"]["getppid"]["lanes"].append([]),
                   *(lambda d, name=name: d["calls"]["getppid"]["lanes"][0].pop(name) for name in lane),
                   lambda d: d["calls"]["getppid"]["lanes"][0]["trace"].pop(),
                   lambda d: d["calls"]["getppid"]["lanes"][0]["stages"]["return"].update(loads=-1),
                   lambda d: d["calls"]["getppid"]["lanes"][0].update(instructions=1)):
        broken = copy.deepcopy(data)
        change(broken)
        assert schema.errors(broken), change


def the_fields_stand_in_the_document():
    with open(os.path.join(ROOT, "docs/compare.md")) as file:
        text = file.read()
    lane = good_json()["calls"]["getppid"]["lanes"][0]
    for name in [*lane, *lane["stages"]["return"], *(name for name, _ in code.EVENTS), "what", "schema", "unit"]:
        assert f"`{name}`" in text or f".{name}`" in text, name


def an_old_json_that_is_none_is_one_line():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "old.json")
        assert "No such file" in trouble_of(compare.read_json, path)
        whole = json.dumps(good_json())
        empty = ("[]", "{}", '{"schema": 1}', '{"schema": 1, "calls": {"read": {}}}', "\0")
        for text in (whole[:len(whole) // 2], *empty):
            with open(path, "w") as out:
                out.write(text)
            why = trouble_of(compare.read_json, path)
            assert path in why and "\n" not in why, why
        with open(path, "w") as out:
            out.write(whole)
        assert compare.read_json(path)["calls"]


def what_changed_is_told_by_stage():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as old:
        json.dump(good_json(), old)
        old.flush()
        new = compare.as_json({"getppid": [made("arm64", "getppid", "return"), made("x86_64", "getppid")]})
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            compare.print_against(old.name, good_json())
            compare.print_against(old.name, new)
        same, changed = out.getvalue().strip().splitlines()
        assert same.startswith("no stage differs") and changed.split()[:2] == ["getppid", "arm64"], out.getvalue()
        assert changed.split()[-1] == f"+{PLANTED}" and "6. return" in changed


def an_unknown_call_lists_the_known_ones():
    status, text = said_by("compare", "nonsense")
    assert status == 2 and len(text.strip().splitlines()) == 1, text
    assert all(f" {name}" in text for name in recordings.scenarios()), text
    status, text = said_by("compare", "--list")
    assert status == 0 and [line.split()[0] for line in text.splitlines()] == list(recordings.scenarios())


def a_file_that_cannot_be_written_is_told_before_the_run():
    with tempfile.TemporaryDirectory() as folder:
        for option in ("--json", "--html"):
            for path in (folder, os.path.join(folder, "none/page")):
                status, text = said_by("compare", "getppid", option, path)
                assert status == 1 and "cannot write " + path in text and len(text.strip().splitlines()) == 1, text
        assert os.listdir(folder) == []


def nothing_half_written_is_left():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page.html")
        files.write(path, "old")
        assert "cannot write" in trouble_of(files.write, os.path.join(folder, "page.html/x"), "new")
        try:
            files.write(path, "good" + "\ud800")        # a character that no encoding has: in the middle of the file
        except UnicodeEncodeError:
            pass
        assert os.listdir(folder) == ["page.html"] and open(path).read() == "old"


def a_kernel_without_symbols_is_one_line():
    with tempfile.TemporaryDirectory() as folder:
        source, bare = os.path.join(folder, "a.c"), os.path.join(folder, "a.o")
        with open(source, "w") as out:
            out.write("int a(void) { return 1; }\n")
        subprocess.run(["cc", "-c", "-o", bare, source], check=True)
        assert "has no debugging information" in trouble_of(code.Program, "x86_64", bare)
        subprocess.run(["strip", bare], check=True)
        assert "has no symbols" in trouble_of(trace.symbol_table, bare)
        assert "cannot read" in trouble_of(code.Program, "x86_64", source)
        assert trouble_of(trace.child_begins, "Janus", {}) == "the kernel has no symbol thread_entry"


def against_stub(answers, work):
    """What goes wrong in work(stub) with a gdb stub that gives these answers, one a packet, and then closes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "gdb")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)

        def serve():
            peer, _ = server.accept()
            with peer:
                for answer in answers:
                    peer.recv(4096)
                    peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        stub = gdbstub.Stub(path, "x86_64")
        try:
            return trouble_of(work, stub)
        finally:
            stub.close()
            thread.join()
            server.close()


def a_guest_that_dies_while_it_is_recorded_is_one_line():
    died = "the guest died while it was recorded"
    assert against_stub([], lambda stub: stub.step()) == died
    assert against_stub([b"+$T05thr"], lambda stub: stub.step()) == died      # in the middle of an answer
    assert against_stub([b"+$W00#b7"], lambda stub: stub.go(5)) == "the guest ended before the recorded place"
    assert against_stub([b"+$E01#a6"], lambda stub: stub.breakpoint(16)) == "QEMU takes no breakpoint at 0x10"


def a_truncated_answer_of_registers_is_one_line():
    assert "truncated" in against_stub([b"+$00112233#88"], lambda stub: stub.registers())


HELPERS = (said_by, good_json)
TESTS = [f for f in list(globals().values())
         if getattr(f, "__module__", "") == "__main__" and f.__code__.co_argcount == 0
         and f not in HELPERS]


if __name__ == "__main__":
    sys.exit(tap.run({test.__name__.replace("_", " "): lambda _, test=test: test() for test in TESTS}))
