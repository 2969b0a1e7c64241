# SPDX-License-Identifier: BSD-2-Clause
"""From an address to its function, source line and instruction: by objdump and DWARF, or a kernel's own symbols."""
import bisect
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass

from .machine import ROOT
from .term import Trouble

OBJDUMP = {"x86_64": ["objdump", "-M", "intel"], "arm64": ["aarch64-linux-gnu-objdump"]}
BFD = {"x86_64": "i386:x86-64", "arm64": "aarch64"}

FUNCTION = re.compile(r"^([0-9a-f]+) <(.+)>:$")
SOURCE = re.compile(r"^(/?\S+\.(?:c|h|S|asm|inc)):(\d+)(?: \(discriminator \d+\))?$")

# On arm64 the pair of an exclusive load and store is one, counted where it begins.
ATOMIC = {"x86_64": re.compile(r"^lock |^xchg .*\["),
          "arm64": re.compile(r"^(lda?xr|lda?xp|cas|swp|(ld|st)(add|set|clr|eor|[su]max|[su]min))")}
REGISTER = {"x86_64": re.compile(r"^(wrmsr|rdmsr|swapgs|wrfsbase|rdfsbase|wrgsbase|stac|clac|cli|sti|mov\s+[cd]r\d|"
                                 r"mov\s+\w+,[cd]r\d|cpuid|xgetbv|xsetbv|lidt|lgdt|ltr)"),
            "arm64": re.compile(r"^(msr|mrs)\b")}
BARRIER = {"x86_64": re.compile(r"^[mls]fence"), "arm64": re.compile(r"^(dsb|dmb|isb|sb)\b")}
TLB = {"x86_64": re.compile(r"^(invlpg|invpcid|mov\s+cr3)"), "arm64": re.compile(r"^(tlbi|msr\s+ttbr)")}
DOOR = {"x86_64": re.compile(r"^(syscall|sysret|iret|int\b)"), "arm64": re.compile(r"^(svc|eret|hvc|smc)\b")}
EVENTS = (("register", REGISTER), ("barrier", BARRIER), ("atomic", ATOMIC), ("tlb", TLB), ("door", DOOR))


def memory_use(machine, text):
    """(loads, stores) of one instruction, by its text."""
    if machine == "arm64":
        name = text.split()[0] if text else ""
        pair = 2 if name.startswith(("ldp", "stp", "ldnp", "stnp")) else 1
        return (pair, 0) if name.startswith("ld") else (0, pair) if name.startswith("st") else (0, 0)
    name, _, operands = text.partition(" ")
    if name in ("push", "call"):
        return (1 if "[" in operands else 0, 1)
    if name in ("pop", "ret", "leave", "iretq"):
        return (5 if name == "iretq" else 1, 1 if "[" in operands else 0)
    if "[" not in operands or name.startswith(("lea", "nop", "prefetch")):
        return (0, 0)
    first = operands.split(",")[0]
    if name in ("cmp", "test") or "[" not in first:
        return (1, 0)
    if name.startswith(("mov", "set")):
        return (0, 1)
    return (1, 1) if name.startswith(("add", "sub", "and", "or", "xor", "inc", "dec", "xadd", "cmpxchg", "lock", "xchg",
                                      "not", "neg", "bts", "btr", "sh", "adc", "sbb")) else (1, 0)


@dataclass(frozen=True)
class Instruction:
    address: int
    text: str
    function: str
    file: str       # relative to the tree; "" when not known
    line: int
    loads: int
    stores: int
    event: str      # one of EVENTS, or ""


def event_of(machine, text):
    return next((name for name, patterns in EVENTS if patterns[machine].match(text)), "")


def relative(path):
    """A source path as it is in the tree; ccache may have kept an object of another clone, with that clone's folder."""
    _, behind, tail = path.partition("/../../")     # meson's way from build/ARCH to the tree
    if behind and os.path.exists(os.path.join(ROOT, tail)):
        return os.path.normpath(tail)
    path = os.path.normpath(os.path.join(ROOT, "build/x", path)) if not os.path.isabs(path) else os.path.normpath(path)
    return os.path.relpath(path, ROOT) if path.startswith(ROOT + os.sep) else path


class Program:
    """The code of an ELF file with debugging information."""

    def __init__(self, machine, path, lines=True):
        self.machine, self.instructions, self.order = machine, {}, []
        done = subprocess.run([*OBJDUMP[machine], "-d", "-l", "--no-show-raw-insn", path], text=True,
                              capture_output=True, errors="replace")
        if done.returncode:
            raise Trouble(f"objdump cannot read {path}: {done.stderr.strip()}")
        if lines and ".debug_line" not in subprocess.run([OBJDUMP[machine][0], "-h", path], text=True,
                                                         capture_output=True).stdout:
            raise Trouble(f"{path} has no debugging information; build it again")
        self.parse(done.stdout)

    def parse(self, text):
        function, file, line = "", "", 0
        for row in text.splitlines():
            if match := FUNCTION.match(row):
                if not match[2].startswith("..@"):      # nasm's names for labels within macros
                    function, file, line = match[2].split(".")[0], "", 0
            elif match := SOURCE.match(row):
                file, line = relative(match[1]), int(match[2])
            elif match := re.match(r"^\s*([0-9a-f]+):\t(.*)$", row):
                self.put(int(match[1], 16), match[2], function, file, line)

    def put(self, address, text, function, file, line):
        text = re.sub(r"\s+", " ", re.split(r"\s*//|\s*;" if self.machine == "arm64" else r"\s*[#;]", text)[0]).strip()
        loads, stores = memory_use(self.machine, text)
        self.instructions[address] = Instruction(address, text, function, file, line, loads, stores,
                                                 event_of(self.machine, text))

    def at(self, address):
        """Where the running kernel was patched at boot, the ELF file has something else: then what lies before it."""
        if address in self.instructions:
            return self.instructions[address]
        if not self.order:
            self.order = sorted(self.instructions)
        at = bisect.bisect_right(self.order, address) - 1
        if at < 0:
            return Instruction(address, "?", "?", "", 0, 0, 0, "")
        before = self.instructions[self.order[at]]
        return Instruction(address, "(patched at boot)", before.function, before.file, before.line, 0, 0, "")


class Memory(Program):
    """The code of a kernel without debugging information: bytes read from the guest, its own symbols."""

    def __init__(self, machine, pages, symbols):
        self.machine, self.instructions = machine, {}
        self.addresses = [address for address, _ in symbols]
        self.names = [name for _, name in symbols]
        for page, data in pages.items():
            self.disassemble(page, data)

    def disassemble(self, page, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            done = subprocess.run([*OBJDUMP[self.machine], "-D", "-b", "binary", "-m", BFD[self.machine],
                                   "--no-show-raw-insn", f"--adjust-vma={page:#x}", file.name],
                                  text=True, capture_output=True)
        for address, text in re.findall(r"^\s*([0-9a-f]+):\t(.*)$", done.stdout, re.M):
            self.put(int(address, 16), text, self.function(int(address, 16)), "", 0)

    def function(self, address):
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.names[at] if at >= 0 else "?"

    def at(self, address):
        found = self.instructions.get(address)
        return found or Instruction(address, "?", self.function(address), "", 0, 0, 0, "")
