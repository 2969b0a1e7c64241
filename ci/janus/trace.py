# SPDX-License-Identifier: BSD-2-Clause
"""Recording one warm way through a door of the kernel, instruction by instruction, from what really runs."""
import contextlib
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

from . import boots, frames, gdbstub, guest as guests, qemu
from .term import Trouble

WINDOW = "/compare/window"
WARM = 8                # times that the program goes through its door; the last one is recorded
LONG = ("Linux", "exec")    # the window that is recorded by QEMU's log: its steps would take minutes
LIMIT = 400_000         # instructions of one window
AS_ON_MANY = "noreplace-smp"    # Linux would take its lock prefixes out on one CPU, and nothing looked atomic
BOOT_TIMEOUT = 600      # seconds; a host that others load takes minutes to boot Linux


# Door: where its recording begins and ends in the guest's program.
DOORS = {"call": ("window_call_trap", "window_call_back"), "load": ("window_load_trap", "window_load_back"),
         "store": ("window_store_trap", "window_store_back"),
         "function": ("window_function_trap", "window_function_back"),
         "child": ("window_call_trap", "window_call_back"), "exec": ("window_call_trap", "_start")}
CHILD_BEGINS = {"Janus": "thread_entry", "Linux": "ret_from_fork"}      # in the kernel, after that place in the program
EXECUTED = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.M)       # a block, in QEMU's log
PROGRAM = range(0x30000000, 0x40000000)     # where the guest's program lies: userland/compare/meson.build
VDSO_PAGES = 4


@dataclass
class Trace:
    """One window: the trap instruction first, the user's next instruction not included."""
    machine: str
    kernel: str             # "Janus" or "Linux"
    pcs: list
    before: dict            # registers at the trap instruction
    after: dict             # and at the user's next one
    frame: list             # the words of the trap frame as entry code left it; empty for Linux
    pages: dict             # code bytes by page, of a kernel without an ELF file
    vdso: tuple             # (address, bytes), (0, b"") when nothing of it ran


@dataclass
class Watch:
    """What steps() looks at beside the instructions."""
    back: int
    sp: int                 # the user's, at the end; 0: any
    frame_at: dict          # by a function's address, where the trap frame is: frames.FRAME_AT
    kernel_pages: bool      # keep the kernel's code
    pages: dict = field(default_factory=dict)
    frame: list = field(default_factory=list)
    vdso: tuple = (0, b"")

    def ended(self, pc, sp):
        return pc == self.back and self.sp in (0, sp)

    def look(self, stub, pc, registers):
        if pc >> 63:
            self.keep_page(stub, pc)
            if pc in self.frame_at and not self.frame:
                register, above = self.frame_at[pc]
                self.frame = read_frame(stub, registers[register] + above)
        elif pc not in PROGRAM and not self.vdso[0]:
            self.vdso = read_vdso(stub, pc & ~0xFFF)

    def keep_page(self, stub, pc):
        if self.kernel_pages and pc & ~0xFFF not in self.pages:
            self.pages[pc & ~0xFFF] = stub.memory(pc & ~0xFFF, 4096)


def symbol_table(path):
    done = subprocess.run(["nm", path], text=True, capture_output=True)
    found = {words[2]: int(words[0], 16) for words in map(str.split, done.stdout.splitlines()) if len(words) == 3}
    if not found:
        raise Trouble(f"{path} has no symbols; build it again")
    return found


def door(folder, kind):
    """Addresses in the guest's program where a door's recording begins and ends."""
    path = os.path.join(folder, "userland/compare/window")
    symbols = symbol_table(path)
    try:
        return tuple(symbols[name] for name in DOORS[kind])
    except KeyError:
        raise Trouble(f"{path} has no door {kind!r}; build it again") from None


def steps(stub, sp_name, watch):
    """Addresses of the instructions executed until the user is behind the door, and the registers there."""
    pcs, pc = [], stub.pc()
    while True:
        if len(pcs) >= LIMIT:
            raise Trouble(f"the call took more than {LIMIT} instructions; it is no warm one")
        pcs.append(pc)
        stub.step()
        registers = stub.registers()
        pc = registers[gdbstub.PC[stub.machine]]
        if watch.ended(pc, registers[sp_name]):
            return pcs, registers
        watch.look(stub, pc, registers)


def log_of(stub, items, run):
    """QEMU's log, a block an instruction, of what the guest does until run() is back."""
    with tempfile.TemporaryDirectory(prefix="janus.") as scratch:
        path = os.path.join(scratch, "log")
        for command in (f"logfile {path}", f"log {items},nochain", "singlestep on"):
            stub.monitor(command)
        run()
        for command in ("singlestep off", "log none"):
            stub.monitor(command)
        with open(path, "rb") as file:
            return file.read()


def logged(stub, watch):
    """What steps() gives of a long way, from QEMU's log: a step is an answer of its stub, in which time the log has
    hundreds. Interrupts are not held, but a stop makes the timer's due: it is taken before the trap instruction, and
    the next is milliseconds away."""
    trap = stub.pc()
    log = log_of(stub, "exec", lambda: run_to(stub, watch.back))
    pcs = [int(address, 16) for address in EXECUTED.findall(log)]
    if trap not in pcs or len(pcs) > LIMIT:
        raise Trouble(f"QEMU's log of {len(pcs)} instructions does not hold the call")
    pcs, after = pcs[len(pcs) - 1 - pcs[::-1].index(trap):], stub.registers()
    run_to(stub, pcs[1])        # the same door, soon: the kernel's code can be read where the kernel runs
    for pc in pcs:
        if pc >> 63:
            watch.keep_page(stub, pc)
    return pcs, after


def read_frame(stub, address):
    data = stub.memory(address, 8 * len(frames.WORDS[stub.machine]))
    return [int.from_bytes(data[at:at + 8], "little") for at in range(0, len(data), 8)]


def read_vdso(stub, page):
    """The shared object that a page of the user's is in."""
    for base in range(page, page - VDSO_PAGES * 4096, -4096):
        if stub.memory(base, 4) == b"\x7fELF":
            return base, stub.memory(base, VDSO_PAGES * 4096)
    raise Trouble(f"the user went to {page:#x}, which is neither its program nor the vDSO")


@contextlib.contextmanager
def guest_that_waits(one, what, image, folder, command, append=(), smp=1):
    """The Stub of a guest that is to run a command; trouble is told with `what` it was and the guest's last words."""
    job = guests.Run(one, command, terminal=False)
    archive = guests.root_archive(one, folder, [command[0].split("/")[1]])
    job.put(archive)
    append = [f"console={one.console}", "panic=-1", "quiet", "norandmaps", "nokaslr", *append]
    with tempfile.TemporaryDirectory(prefix="janus.") as scratch, tempfile.TemporaryFile() as errors:
        initrd = guests.write_initrd(archive, os.path.join(scratch, "initrd"))
        path, console = os.path.join(scratch, "gdb"), os.path.join(scratch, "console")
        guest = qemu.Guest(one, image, initrd, append, smp=smp, icount=True, gdb=f"unix:{path},server=on,wait=off",
                           console="file,id=console,path=" + console)
        with qemu.Process(guest, errors):
            stub = gdbstub.Stub(path, one.name)
            try:
                yield stub
            except Trouble as trouble:
                raise Trouble(f"{what}: {trouble}{last_words(console)}") from None
            finally:
                stub.close()


def record(one, kernel, image, folder, scenario, kind, symbols):
    """One Trace, of a boot of its own; symbols: the kernel's, {name: address}."""
    with guest_that_waits(one, f"{scenario} on {one.name} {kernel}", image, folder, [WINDOW, scenario]) as stub:
        return window(stub, one, kernel, kind, *door(folder, kind), symbols)


def record_linux(one, image, folder, kinds, symbols=None):
    """A boot of Linux that all of these scenarios, {name: kind}, are recorded in: yields its symbols as
    [(address, name)], and then a Trace of each. Debian's System.map is empty; where they are not given, the guest
    tells its own."""
    command = [WINDOW, "--each" if symbols else "--symbols", *kinds]
    with guest_that_waits(one, f"{one.name} Linux", image, folder, command, [AS_ON_MANY, *one.quick_boot]) as stub:
        symbols = symbols or told_symbols(stub, folder)
        yield symbols
        addresses = {name: address for address, name in symbols}
        for scenario, kind in kinds.items():
            try:
                yield window(stub, one, "Linux", kind, *door(folder, kind), addresses)
            except Trouble as trouble:
                raise Trouble(f"{scenario}: {trouble}") from None


def told_symbols(stub, folder):
    """The functions that the guest's program has read from /proc/kallsyms, [(address, name)] rising."""
    run_to(stub, symbol_table(os.path.join(folder, "userland/compare/window"))["window_symbols"])
    registers = stub.registers()
    lines, length = (registers[name] for name in (("rdi", "rsi") if stub.machine == "x86_64" else ("x0", "x1")))
    found = re.findall(rb"^([0-9a-f]{16}) \w (\S+)", stub.memory(lines, length), re.M)
    if not found:
        raise Trouble("Linux does not tell its symbols")
    return sorted((int(address, 16), name.decode()) for address, name in found)


def last_words(console):
    """What the console of a guest said of its death."""
    try:
        with open(console, errors="replace") as file:
            line = boots.panic_line(file.read())
    except OSError:
        return ""
    return f": {line}" if line else ""


def run_to(stub, address):
    stub.breakpoint(address)
    stub.go(BOOT_TIMEOUT)
    stub.breakpoint(address, on=False)


def child_begins(kernel, symbols):
    name = CHILD_BEGINS[kernel]
    if name not in symbols:
        raise Trouble(f"the kernel has no symbol {name}")
    return symbols[name]


def window(stub, one, kernel, kind, trap, back, symbols):
    sp = "rsp" if one.name == "x86_64" else "sp"
    begin = child_begins(kernel, symbols) if kind == "child" else 0
    for turn in range(WARM):
        if turn:
            run_to(stub, back)      # a load that faulted runs again: the same place is not yet the next turn
        run_to(stub, trap)
        if begin:
            run_to(stub, begin)
    before = stub.registers()
    at_same_sp = before[sp] if kind not in ("child", "exec") else 0
    frame_at = {symbols[name]: place[one.name] for name, place in frames.FRAME_AT.items() if name in symbols}
    watch = Watch(back, at_same_sp, frame_at if kernel == "Janus" else {}, kernel == "Linux")
    pcs, after = logged(stub, watch) if (kernel, kind) == LONG else steps(stub, sp, watch)
    return Trace(one.name, kernel, pcs, before, after, watch.frame, watch.pages, watch.vdso)
