# SPDX-License-Identifier: BSD-2-Clause
"""Recording one warm system call, instruction by instruction, from what really runs."""
import os
import subprocess
import tempfile
from dataclasses import dataclass

from . import frames, gdbstub, guest as guests, qemu
from .term import Trouble

WARM = 8                # times that the program goes through its door; the last one is recorded
LIMIT = 400_000         # instructions of one window
BOOT_TIMEOUT = 120


@dataclass
class Trace:
    """One window: the trap instruction first, the user's next instruction not included."""
    machine: str
    kernel: str             # "Janus" or "Linux"
    pcs: list
    before: dict            # registers at the trap instruction
    after: dict             # and at the user's next one
    frame: list             # the words of the trap frame as entry code left it; empty for Linux
    loaded: dict            # code bytes by page, of a kernel without an ELF file


def symbol_table(path):
    done = subprocess.run(["nm", path], text=True, capture_output=True)
    return {words[2]: int(words[0], 16) for words in map(str.split, done.stdout.splitlines()) if len(words) == 3}


def door(folder, kind):
    """Addresses of the trap instruction and of the one behind it."""
    path = os.path.join(folder, "userland/compare/window")
    symbols = symbol_table(path)
    try:
        return symbols[f"window_{kind}_trap"], symbols[f"window_{kind}_back"]
    except KeyError:
        raise Trouble(f"{path} has no door {kind!r}; build it again") from None


def steps(stub, back, sp_name, sp, frame_at, loaded):
    """Addresses of the instructions executed until the user is back behind the trap; registers; the trap frame.
    `loaded`, when not None, is filled with the code's pages: they can be read from the kernel only."""
    pcs, pc, frame = [], stub.pc(), []
    while True:
        if len(pcs) >= LIMIT:
            raise Trouble(f"the call took more than {LIMIT} instructions; it is no warm one")
        pcs.append(pc)
        stub.step()
        registers = stub.registers()
        pc = registers[gdbstub.PC[stub.machine]]
        if loaded is not None and pc >> 63 and pc & ~0xFFF not in loaded:
            loaded[pc & ~0xFFF] = stub.memory(pc & ~0xFFF, 4096)
        if pc in frame_at and not frame:
            frame = read_frame(stub, registers[frames.FRAME_REGISTER[stub.machine]])
        if pc == back and registers[sp_name] == sp:
            return pcs, registers, frame


def read_frame(stub, address):
    data = stub.memory(address, 8 * len(frames.WORDS[stub.machine]))
    return [int.from_bytes(data[at:at + 8], "little") for at in range(0, len(data), 8)]


def record(one, kernel, image, folder, scenario, kind, frame_at=()):
    trap, back = door(folder, kind)
    job = guests.Run(one, ["/compare/window", scenario], terminal=False)
    archive = guests.root_archive(one, folder)
    job.put(archive)
    append = [f"console={one.console}", "panic=-1", "quiet", "norandmaps", "nokaslr"]
    with tempfile.TemporaryDirectory(prefix="janus.") as scratch, tempfile.TemporaryFile() as errors:
        initrd = guests.write_initrd(archive, os.path.join(scratch, "initrd"))
        path = os.path.join(scratch, "gdb")
        guest = qemu.Guest(one, image, initrd, append, icount=True, gdb=f"unix:{path},server=on,wait=off",
                           console="file,id=console,path=" + os.path.join(scratch, "console"))
        with qemu.Process(guest, errors):
            stub = gdbstub.Stub(path, one.name)
            try:
                return window(stub, one, kernel, trap, back, frame_at)
            finally:
                stub.close()


def run_to(stub, address):
    stub.breakpoint(address)
    stub.go(BOOT_TIMEOUT)
    stub.breakpoint(address, on=False)


def window(stub, one, kernel, trap, back, frame_at):
    sp = "rsp" if one.name == "x86_64" else "sp"
    for turn in range(WARM):
        if turn:
            run_to(stub, back)      # a load that faulted runs again: the same place is not yet the next turn
        run_to(stub, trap)
    before = stub.registers()
    loaded = {} if kernel == "Linux" else None
    pcs, after, frame = steps(stub, back, sp, before[sp], frame_at, loaded)
    return Trace(one.name, kernel, pcs, before, after, frame, loaded)
