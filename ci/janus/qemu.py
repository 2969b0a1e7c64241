# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's command line for a guest, and the running process."""
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field

from .term import Trouble


@dataclass
class Guest:
    """One boot: which kernel with which files on which machine."""
    machine: object
    kernel: str
    initrd: str = ""
    append: list = field(default_factory=list)
    smp: int = 1
    memory: str = "512M"
    cpu: str = ""
    board: str = ""         # more of -M, such as gic-version=3
    icount: bool = False
    u_boot: bool = False
    talk: list = field(default_factory=list)    # with a boot loader: [(what to wait for, what to type)]
    base_board: str = ""    # another -M than the machine's own
    console: str = "stdio,id=console,signal=off"    # QEMU's chardev of the first serial port
    gdb: str = ""           # where QEMU listens for gdb; the guest then waits for it

    def command(self):
        machine = self.machine
        cpu = self.cpu or (machine.icount_cpu if self.icount else machine.cpu)
        board = ",".join(filter(None, [self.base_board or machine.board, self.board]))
        words = [machine.qemu, "-M", board, "-cpu", cpu, "-smp", str(self.smp), "-m", self.memory,
                 "-nodefaults", "-display", "none", "-no-reboot", "-monitor", "none",
                 "-chardev", self.console, "-serial", "chardev:console"]
        if self.icount:
            # The processor's random numbers too are the same every run: names are hashed with one.
            words += ["-icount", "shift=0,sleep=off", "-seed", "1"]
        if self.u_boot:
            words += ["-bios", machine.u_boot]
        words += ["-kernel", self.kernel]
        if self.initrd:
            words += ["-initrd", self.initrd]
        if self.append:
            words += ["-append", " ".join(self.append)]
        if self.gdb:
            words += ["-gdb", self.gdb, "-S"]
        return words


def start(guest, **pipes):
    """QEMU as a Popen. It ends when the thread that started it does, however that comes about."""
    program = guest.machine.qemu
    if not shutil.which(program):
        raise Trouble(f"cannot start {program}: there is no such program")
    with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    # A process group of its own: the terminal's Ctrl-C is the guest's, not QEMU's.
    return subprocess.Popen([*with_us, *guest.command()], start_new_session=True, **pipes)


class Process:
    """A QEMU of ours: its standard input and output are the guest's console."""

    running = set()
    interrupted = False

    def __init__(self, guest, stderr):
        self.process = start(guest, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        Process.running.add(self)
        if Process.interrupted:
            self.kill()
        self.input = self.process.stdin.fileno()
        self.output = self.process.stdout.fileno()
        os.set_blocking(self.input, False)

    @staticmethod
    def interrupt():
        """The command is to end: so do its guests, and those that other threads still start. From a signal's
    handler."""
        Process.interrupted = True
        for process in list(Process.running):
            process.process.send_signal(signal.SIGKILL)

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        Process.running.discard(self)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass
        if Process.interrupted and not kind:
            raise Trouble("interrupted")    # what the guest said until then is no result
