# SPDX-License-Identifier: BSD-2-Clause
"""The recorded windows of a call on each kernel of each machine, as instructions grouped by stage."""
import concurrent.futures
import hashlib
import json
import os
import re
from dataclasses import dataclass, field

from . import boots, code, frames, packages, stages, trace
from .build import build
from .machine import BUILD, MACHINES, ROOT, machine
from .term import Trouble, say

SOURCE = os.path.join(ROOT, "userland/compare/window.c")
SCENARIO = re.compile(r'^\t\{ "([\w-]+)", "([^"]+)", ([-\w]+),', re.M)


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
    return {name: (what, "load" if nr == "-1" else "call") for name, what, nr in found}


def scenario(name):
    known = scenarios()
    if name not in known:
        raise Trouble(f"there is no scenario {name!r}; there are: {' '.join(known)}", 2)
    return known[name]


def janus_programs(machines):
    """Build, and read each kernel's code: {machine: (folder, Program)}."""
    return {name: (folder := build(machine(name)), code.Program(name, os.path.join(folder, "janus.elf")))
            for name in machines}


def of_janus(name, folder, program, call, kind):
    one = machine(name)
    symbols = trace.symbol_table(os.path.join(folder, "janus.elf"))
    frame_at = {symbols[name] for name in frames.FRAME_FUNCTIONS if name in symbols}
    taken = trace.record(one, "Janus", os.path.join(folder, "boot/kernel"), folder, call, kind, frame_at)
    instructions = [program.at(pc) if pc >> 63 else user(pc) for pc in taken.pcs]
    where = stages.JanusStages(name)
    return Recording(name, "Janus", instructions, [where.of(i) for i in instructions], taken.before, taken.after,
                     taken.frame)


def user(pc):
    return code.Instruction(pc, "(the user's)", "user", "", 0, 0, 0, "")


def linux_symbols(one, image, folder):
    """Debian's System.map is empty; root reads the kernel's own table. [(address, name)] rising."""
    output, outcome, _ = boots.run_command(one, image, folder, ["cat", "/proc/kallsyms"], {"icount": True}, 120,
                                           append=["nokaslr"])
    found = re.findall(rb"^([0-9a-f]{16}) [tTwW] (\S+)\r?$", output, re.M)
    if not found:
        raise Trouble(f"Linux on {one.name} does not tell its symbols ({outcome.why or 'no output'})")
    return sorted((int(address, 16), name.decode()) for address, name in found)


def linux_cache(one, folder, version, call):
    with open(os.path.join(folder, "userland/compare/window"), "rb") as file:
        program = file.read()
    with open(trace.__file__, "rb") as file:
        recorder = file.read()
    key = hashlib.sha256(program + recorder + version.encode() + call.encode()).hexdigest()[:20]
    return os.path.join(BUILD, "oracle", f"trace-{one.name}-{call}-{key}.json")


def of_linux(name, folder, call, kind):
    one = machine(name)
    image, version = packages.linux_kernel(one)
    path = linux_cache(one, folder, version, call)
    if os.path.exists(path):
        with open(path) as file:
            saved = json.load(file)
        instructions = [code.Instruction(*fields) for fields in saved["instructions"]]
        before, after = saved["before"], saved["after"]
    else:
        taken = trace.record(one, "Linux", image, folder, call, kind)
        memory = code.Memory(name, taken.loaded, linux_symbols(one, image, folder))
        instructions = [memory.at(pc) if pc >> 63 else user(pc) for pc in taken.pcs]
        before, after = taken.before, taken.after
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".part", "w") as out:
            json.dump({"instructions": [list(vars(i).values()) for i in instructions], "before": before,
                       "after": after}, out)
        os.replace(path + ".part", path)
    where = stages.LinuxStages()
    return Recording(name, "Linux", instructions, [where.of(i) for i in instructions], before, after)


def record(calls, machines=None, linux=True):
    """{call: [Recording of each lane]}: Janus on each machine, then Linux. Two guests at a time."""
    kinds = {call: scenario(call)[1] for call in calls}
    machines = machines or list(MACHINES)
    programs = janus_programs(machines)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        jobs = {}
        for call in calls:
            say(f"recording {call} ...")
            jobs[call] = [pool.submit(of_janus, name, *programs[name], call, kinds[call]) for name in machines]
            if linux:
                jobs[call] += [pool.submit(of_linux, name, programs[name][0], call, kinds[call]) for name in machines]
        return {call: [job.result() for job in lanes] for call, lanes in jobs.items()}
