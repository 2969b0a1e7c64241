# SPDX-License-Identifier: BSD-2-Clause
"""The recorded windows of a call on each kernel of each machine, as instructions grouped by stage."""
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field

from . import boots, code, packages, stages, trace
from .build import build
from .files import write
from .machine import BUILD, MACHINES, ROOT, machine
from .term import Trouble, say

SOURCE = os.path.join(ROOT, "userland/compare/window.c")
ASKING = threading.Lock()
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
    """Build, and read each kernel's code: {machine: (folder, Program)}."""
    return {name: (folder := build(machine(name)), code.Program(name, os.path.join(folder, "janus.elf")))
            for name in machines}


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


def kept(path, make):
    """The JSON in a file of build/oracle; made and put there when it is not there."""
    path = os.path.join(BUILD, "oracle", path)
    if not os.path.exists(path):
        data = make()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(path, json.dumps(data))
    with open(path) as file:
        return json.load(file)


def linux_symbols(one, image, folder, version):
    """Debian's System.map is empty; root reads the kernel's own table. [(address, name)] rising."""
    def ask():
        say(f"asking Linux on {one.name} for its symbols ...")
        output, outcome, _ = boots.run_command(one, image, folder, ["cat", "/proc/kallsyms"], {"icount": True}, 600,
                                               append=["nokaslr"])
        found = re.findall(rb"^([0-9a-f]{16}) [tTwW] (\S+)\r?$", output, re.M)
        if not found:
            raise Trouble(f"Linux on {one.name} does not tell its symbols ({outcome.why or 'no output'})")
        return sorted((int(address, 16), name.decode()) for address, name in found)

    with ASKING:        # several lanes want them at once
        return kept(f"symbols-{one.name}-{version}.json", ask)


def linux_recording(one, image, folder, version, call, kind):
    """What can be kept of a recording: instructions and registers."""
    symbols = linux_symbols(one, image, folder, version)
    taken = trace.record(one, "Linux", image, folder, call, kind, {name: address for address, name in symbols})
    memory, users = code.Memory(one.name, taken.pages, symbols), UserCode(one.name, folder, taken)
    instructions = [memory.at(pc) if pc >> 63 else users.at(pc) for pc in taken.pcs]
    return {"instructions": [list(vars(i).values()) for i in instructions], "before": taken.before,
            "after": taken.after}


def linux_name(one, folder, version, call):
    """The file of a Linux recording; it holds as long as the program, the recorder and that kernel are the same."""
    digest = hashlib.sha256(version.encode() + call.encode())
    for path in (os.path.join(folder, "userland/compare/window"), trace.__file__, code.__file__, __file__):
        with open(path, "rb") as file:
            digest.update(file.read())
    return f"trace-{one.name}-{call}-{digest.hexdigest()[:20]}.json"


def of_linux(name, folder, call, kind):
    one = machine(name)
    image, version = packages.linux_kernel(one)
    saved = kept(linux_name(one, folder, version, call),
                 lambda: linux_recording(one, image, folder, version, call, kind))
    instructions = [code.Instruction(*fields) for fields in saved["instructions"]]
    where = stages.LinuxStages()
    return Recording(name, "Linux", instructions, [where.of(i) for i in instructions], saved["before"], saved["after"])


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
