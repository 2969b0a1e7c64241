# SPDX-License-Identifier: BSD-2-Clause
"""The recorded windows of a call on each kernel of each machine, as instructions grouped by stage."""
import concurrent.futures
import contextlib
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

from . import code, host, packages, stages, trace
from .build import build
from .files import write
from .machine import BUILD, MACHINES, ROOT, machine
from .term import Trouble, say

SOURCE = os.path.join(ROOT, "userland/compare/window.c")
TARGETS = ("janus.elf", "boot/kernel", "userland/init/init", "userland/compare/window")
SCENARIO = re.compile(r'^\t\{ "([\w-]+)", "(\w+)", "([^"]+)",', re.M)


@dataclass
class Recording:
    """One lane: what one kernel of one machine did for the call."""
    machine: str
    kernel: str
    instructions: list
    keys: list              # the stage of each
    before: dict
    after: dict
    frame: list = field(default_factory=list)

    def __post_init__(self):
        self.stages = stages.group(self.keys, self.instructions)

    @property
    def count(self):
        """Instructions in the kernel and the trap itself."""
        return len(self.instructions)


def scenarios():
    """{name: (what it is, door)} from the guest's program."""
    with open(SOURCE) as file:
        found = SCENARIO.findall(file.read())
    return {name: (what, door) for name, door, what in found}


def scenario(name):
    known = scenarios()
    if name not in known:
        raise Trouble(f"there is no scenario {name!r}; there are: {' '.join(known)}", 2)
    return known[name]


def janus_programs(machines):
    """Build what a recording needs, and read each kernel's code: {machine: (folder, Program)}."""
    return {name: (folder := build(machine(name), [*TARGETS, f"arch/{name}/vdso/vdso.so"]),
                   code.Program(name, os.path.join(folder, "janus.elf"))) for name in machines}


class UserCode:
    """The user's side of a recording: the guest's program, and the vDSO."""

    def __init__(self, name, folder, taken):
        self.program = code.Program(name, os.path.join(folder, "userland/compare/window"), lines=False)
        self.base, image = taken.vdso
        if not self.base:
            self.vdso = None
        elif taken.kernel == "Janus":
            self.vdso = code.Program(name, os.path.join(folder, "arch", name, "vdso/vdso.so"))
        else:
            self.vdso = code.Memory(name, {0: image}, vdso_symbols(image))

    def at(self, pc):
        if pc in trace.PROGRAM:
            return dataclasses.replace(self.program.at(pc), file="", line=0)
        if not self.vdso:
            return code.Instruction(pc, "?", "?", "", 0, 0, 0, "")
        return dataclasses.replace(self.vdso.at(pc - self.base), address=pc)


def vdso_symbols(image):
    """[(address, name)] rising, of a shared object's dynamic symbols."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(image)
        file.flush()
        done = subprocess.run(["nm", "-D", file.name], text=True, capture_output=True)
    found = re.findall(r"^([0-9a-f]{16}) [TtWw] ([\w.]+)", done.stdout, re.M)
    return sorted((int(address, 16), name) for address, name in found if name.startswith("__")) or [(0, "vdso")]


def of_janus(name, folder, program, call, kind):
    one = machine(name)
    symbols = trace.symbol_table(os.path.join(folder, "janus.elf"))
    taken = trace.record(one, "Janus", os.path.join(folder, "boot/kernel"), folder, call, kind, symbols)
    users = UserCode(name, folder, taken)
    instructions = [program.at(pc) if pc >> 63 else users.at(pc) for pc in taken.pcs]
    where = stages.JanusStages(name)
    return Recording(name, "Janus", instructions, [where.of(i) for i in instructions], taken.before, taken.after,
                     taken.frame)


def kept_path(name):
    """A file of what Linux was seen to do, which a later call need not do again."""
    return os.path.join(BUILD, "oracle", name)


def kept(name):
    """Its JSON, or None."""
    with contextlib.suppress(FileNotFoundError), open(kept_path(name)) as file:
        return json.load(file)
    return None


def keep(name, data):
    os.makedirs(os.path.dirname(kept_path(name)), exist_ok=True)
    write(kept_path(name), json.dumps(data))
    return data


def kept_name(what, paths, *words):
    """The name of a file that holds as long as the contents of these files and these words are the same."""
    digest = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        with open(path, "rb") as file:
            digest.update(file.read())
    return f"{what}-{digest.hexdigest()[:20]}.json"


def linux_name(one, folder, version, call):
    """The file of a Linux recording, which depends on the program and the recorder."""
    paths = (os.path.join(folder, "userland/compare/window"), trace.__file__, code.__file__, __file__)
    return kept_name(f"trace-{one.name}-{call}", paths, version, call)


def storable(one, folder, taken, symbols):
    """What is kept of a Linux recording: instructions and registers."""
    memory, users = code.Memory(one.name, taken.pages, symbols), UserCode(one.name, folder, taken)
    instructions = [memory.at(pc) if pc >> 63 else users.at(pc) for pc in taken.pcs]
    return {"instructions": [list(vars(i).values()) for i in instructions], "before": taken.before,
            "after": taken.after}


def record_linux(one, folder, kinds):
    """{call: what is kept of its recording}; one boot for all that have to be recorded."""
    image, version = packages.linux_kernel(one)
    names = {call: linux_name(one, folder, version, call) for call in kinds}
    found = {call: kept(name) for call, name in names.items()}
    absent = {call: kind for call, kind in kinds.items() if not found[call]}
    if not absent:
        return found
    say(f"booting Linux on {one.name} to record {' '.join(absent)} ...")
    symbols_name = f"symbols-{one.name}-{version}.json"
    known = kept(symbols_name)
    traces = trace.record_linux(one, image, folder, absent, known)
    symbols = next(traces)
    if not known:
        keep(symbols_name, symbols)
    for call, taken in zip(absent, traces):
        found[call] = keep(names[call], storable(one, folder, taken, symbols))
    return found


def of_linux(name, folder, kinds):
    """{call: Recording}"""
    where, lanes = stages.LinuxStages(), {}
    for call, saved in record_linux(machine(name), folder, kinds).items():
        instructions = [code.Instruction(*fields) for fields in saved["instructions"]]
        lanes[call] = Recording(name, "Linux", instructions, [where.of(i) for i in instructions], saved["before"],
                                saved["after"])
    return lanes


def record(calls, machines=None, linux=True):
    """{call: [Recording of each lane]}: Janus on each machine, then Linux. As many guests at a time as there is room
    for."""
    kinds = {call: scenario(call)[1] for call in calls}
    machines = machines or list(MACHINES)
    programs = janus_programs(machines)
    say(f"recording {' '.join(calls)} ...")
    with concurrent.futures.ThreadPoolExecutor(host.guests_at_once()) as pool:
        # Linux first: its boots take longest.
        theirs = [pool.submit(of_linux, name, programs[name][0], kinds) for name in machines] if linux else []
        ours = {call: [pool.submit(of_janus, name, *programs[name], call, kinds[call]) for name in machines]
                for call in calls}
        try:
            return {call: [job.result() for job in ours[call]] + [job.result()[call] for job in theirs]
                    for call in calls}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
