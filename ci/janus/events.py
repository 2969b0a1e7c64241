# SPDX-License-Identifier: BSD-2-Clause
"""`janus bench --events`: what processors charge more for than an instruction, counted from what one operation ran.

The guest's program goes one turn and then more turns through an operation, each time between two calls of bench_mark
(userland/bench/bench.c). QEMU stops there and logs every block in between, a block an instruction; what the longer way
has more, divided by its turns, is one operation. Both are done twice, and the shorter counts: a tick may come in the
other.
"""
import collections
import concurrent.futures
import os
import re
import subprocess
import tempfile

from . import code, host, packages, recordings, trace
from .build import build
from .machine import machine
from .term import Trouble, say

MARK = 0x6A616E757362656E               # bench.c's
ARGUMENTS = {"x86_64": ("rdi", "rsi", "rdx"), "arm64": ("x0", "x1", "x2")}
PROGRAM_FILE = "userland/bench/bench"
PROGRAM = range(0x400000, 0x10000000)   # where the guest's static program lies; the vDSO is far above
TIMEOUT = 600                           # seconds, to a mark

# QEMU's log of a block when it is translated: the first 8 bytes, or the word.
TRANSLATED = re.compile(rb"^IN: .*\n0x([0-9a-f]+): +((?:[0-9a-f]{2} )+|[0-9a-f]{8} )", re.M)

# Event: what it is, and its instructions on x86_64 and on arm64; the first that fits.
EVENTS = {
    "trap": ("calls, faults and interrupts, counted on their way out", r"sysret|iret", r"eret"),
    "tables": ("switches of page tables: CR3, TTBR0 or TTBR1 written", r"mov cr3,", r"msr ttbr"),
    "tlb": ("invalidations of cached translations", r"inv(lpg|pcid)", r"tlbi"),
    "register": ("writes of other system registers", r"wrmsr|wr[fg]sbase", r"msr (?!daif|pan|uao|ssbs|spsel|nzcv)"),
    "barrier": ("barriers", code.BARRIER["x86_64"].pattern, code.BARRIER["arm64"].pattern),
    "atomic": ("atomic changes of memory", code.ATOMIC["x86_64"].pattern, code.ATOMIC["arm64"].pattern),
    "spin": ("turns of a loop that waits for another CPU", r"pause", r"yield"),
    "ipi": ("interrupts sent to another CPU", None, None),
}
NOP = {"x86_64": b"\x90", "arm64": b"\x1f\x20\x03\xd5"}
ONE_CPU = [name for name in EVENTS if name not in ("spin", "ipi")]      # alone, a CPU has nobody to wait for
SEND_IPI = "arch_send_ipi"              # the function of Janus that sends one


def event_of(machine, text):
    side = list(code.OBJDUMP).index(machine)
    return next((name for name, (_, *patterns) in EVENTS.items()
                 if patterns[side] and re.match(patterns[side], text)), "")


def code_bytes(text):
    """From QEMU's listing: bytes in their order, or a word of arm64."""
    parts = text.split()
    return bytes.fromhex(b"".join(parts).decode()) if len(parts[0]) == 2 else bytes.fromhex(parts[0].decode())[::-1]


def texts(machine, pieces):
    """The instruction that each of these pieces of code begins with. Nops follow, so that the next is found."""
    stride = 32
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(piece + NOP[machine] * ((stride - len(piece)) // len(NOP[machine])) for piece in pieces))
        file.flush()
        done = subprocess.run([*code.OBJDUMP[machine], "-D", "-b", "binary", "-m", code.BFD[machine],
                               "--no-show-raw-insn", file.name], text=True, capture_output=True)
    lines = dict(re.findall(r"^\s*([0-9a-f]+):\t(.*)$", done.stdout, re.M))
    return [re.sub(r"\s+", " ", lines.get(f"{at:x}", "")) for at in range(0, stride * len(pieces), stride)]


class Recorder:
    """Takes a waiting guest from mark to mark."""

    def __init__(self, stub, program, send_ipi):
        self.stub, self.known = stub, {send_ipi: "ipi"}
        symbols = trace.symbol_table(program)
        self.begins = b"/%016x/" % symbols["bench_marked"]
        stub.breakpoint(symbols["bench_mark"])

    def next_mark(self):
        """(row, turns), behind the mark's first instruction."""
        while True:
            self.stub.go(TIMEOUT)
            registers = self.stub.registers()
            name, turns, mark = (registers[r] for r in ARGUMENTS[self.stub.machine])
            row = self.stub.memory(name, 64).split(b"\0")[0].decode() if mark == MARK else ""
            self.stub.step()
            if row:
                return row, turns

    def learn(self, log):
        pieces = {int(address, 16): code_bytes(text) for address, text in TRANSLATED.findall(log)}
        new = {pc: piece for pc, piece in pieces.items() if pc not in self.known and pc not in PROGRAM}
        for pc, text in zip(new, texts(self.stub.machine, new.values())):
            if not text or "(bad)" in text or text.startswith((".inst", "udf")):
                raise Trouble(f"objdump does not know what QEMU ran at {pc:#x}: {new[pc].hex()}")
            self.known[pc] = event_of(self.stub.machine, text)

    def totals(self, log):
        """{event, or "": how many instructions} of the kernel and the vDSO."""
        totals = collections.Counter()
        for address, times in collections.Counter(trace.EXECUTED.findall(log.rpartition(self.begins)[2])).items():
            pc = int(address, 16)
            if pc not in PROGRAM and pc not in self.known:
                raise Trouble(f"QEMU does not say what it ran at {pc:#x}")
            if pc not in PROGRAM:
                totals[self.known[pc]] += times
        return totals

    def windows(self):
        """(row, turns, totals) of each, until the program has no more."""
        while True:
            row, turns = self.next_mark()
            if not turns:
                return
            # A block of one instruction is translated when it first runs in such a log.
            log = trace.log_of(self.stub, "in_asm,exec", self.next_mark)
            self.learn(log)
            yield row, turns, self.totals(log)


def one_operation(windows):
    """{event: how often} from the windows of a row, [(turns, totals)]."""
    few, more = sorted({turns for turns, _ in windows})
    least, most = (min((totals for of, totals in windows if of == turns), key=lambda t: sum(t.values()))
                   for turns in (few, more))
    return {name: (most[name] - least[name]) / (more - few) for name in EVENTS}


def measure(one, kernel, folder, what, names, smp=1, send_ipi=0, append=()):
    """{row: {event: how often in one operation}}"""
    say(f"events on {what} ...")
    found = collections.defaultdict(list)
    command = ["/bench/bench", "--events", *names]
    with trace.guest_that_waits(one, f"events on {what}", kernel, folder, command, append, smp) as stub:
        for row, turns, totals in Recorder(stub, os.path.join(folder, PROGRAM_FILE), send_ipi).windows():
            found[row].append((turns, totals))
    return {row: one_operation(windows) for row, windows in found.items()}


def of_janus(one, folder, names, smp=1):
    symbols = trace.symbol_table(os.path.join(folder, "janus.elf"))
    if SEND_IPI not in symbols:
        raise Trouble(f"the kernel has no symbol {SEND_IPI}")
    return measure(one, os.path.join(folder, "boot/kernel"), folder, f"{one.name} Janus, CPUs: {smp}", names, smp,
                   symbols[SEND_IPI])


def of_linux(one, folder, names):
    """From the cache while the program, this file and that kernel are the same."""
    image, version = packages.linux_kernel(one)
    name = recordings.kept_name(f"events-{one.name}", [os.path.join(folder, PROGRAM_FILE), __file__, code.__file__],
                                version, *names)
    append = [trace.AS_ON_MANY, *one.quick_boot]
    return recordings.kept(name) or recordings.keep(
        name, measure(one, image, folder, f"{one.name} Linux {version}", names, append=append))


def collect(names, machines, linux=True, smp=1):
    """{machine: {kernel: {row: events}}}, as many guests at a time as there is room for."""
    folders = {name: build(machine(name)) for name in machines}
    with concurrent.futures.ThreadPoolExecutor(host.guests_at_once()) as pool:
        theirs = {name: pool.submit(of_linux, machine(name), folders[name], names) for name in machines if linux}
        ours = {name: pool.submit(of_janus, machine(name), folders[name], names, smp) for name in machines}
        return {name: {"janus": ours[name].result(), "linux": theirs[name].result() if linux else {}}
                for name in machines}


def number(count):
    return f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"


def shown(smp):
    return list(EVENTS) if smp > 1 else ONE_CPU


def print_tables(found, smp=1):
    for name, kernels in found.items():
        both = bool(kernels["linux"])
        print(f"\n{name + ' events':20}" + "".join(f"{event:>12}" for event in shown(smp))
              + ("   Janus/Linux" if both else ""))
        for row, ours in kernels["janus"].items():
            theirs = kernels["linux"].get(row)
            cells = [number(ours[event]) + (f"/{number(theirs[event])}" if theirs else "") for event in shown(smp)]
            print(f"{row:20}" + "".join(f"{cell:>12}" for cell in cells))
