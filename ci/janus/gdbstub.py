# SPDX-License-Identifier: BSD-2-Clause
"""A small client of QEMU's gdb stub: breakpoints, single steps, registers, memory.

Source: Debugging with GDB, appendix E, The GDB Remote Serial Protocol.
"""
import contextlib
import socket
import time

from .term import Trouble

PATIENCE = 600      # seconds for an answer that takes milliseconds
# Registers at the start of the stub's `g` answer: (name, bytes).
REGISTERS = {
    "x86_64": [(n, 8) for n in ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11",
                                "r12", "r13", "r14", "r15", "rip")] +
              [(n, 4) for n in ("rflags", "cs", "ss", "ds", "es", "fs", "gs")],
    "arm64": [(f"x{n}", 8) for n in range(31)] + [("sp", 8), ("pc", 8), ("pstate", 4)],
}
PC = {"x86_64": "rip", "arm64": "pc"}


class Stub:
    """A connection to a stopped guest."""

    def __init__(self, path, machine, timeout=PATIENCE):
        self.machine, self.buffer = machine, b""
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + timeout
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise Trouble("QEMU's gdb stub does not answer") from None
                time.sleep(0.02)    # QEMU is still starting: there is nothing to wait on

    def close(self):
        self.socket.close()

    def read_packet(self, timeout):
        self.socket.settimeout(timeout)
        try:
            while b"#" not in self.buffer or len(self.buffer) < self.buffer.index(b"#") + 3:
                data = self.socket.recv(65536)
                if not data:
                    raise Trouble("the guest died while it was recorded")
                self.buffer += data
        except TimeoutError:
            raise Trouble(f"the guest did not come to the recorded place within {timeout:g} s") from None
        except OSError:
            raise Trouble("the guest died while it was recorded") from None
        start = self.buffer.index(b"$")
        end = self.buffer.index(b"#", start)
        packet, self.buffer = self.buffer[start + 1:end], self.buffer[end + 3:]
        with contextlib.suppress(OSError):      # a guest may end with its answer
            self.socket.sendall(b"+")
        return packet.decode()

    def ask(self, text, timeout=PATIENCE):
        data = text.encode()
        try:
            self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xFF))
        except OSError:
            raise Trouble("the guest died while it was recorded") from None
        return self.read_packet(timeout)

    def monitor(self, text):
        """What QEMU's own monitor says to a command."""
        answer, said = self.ask("qRcmd," + text.encode().hex()), ""
        while answer[:1] == "O" and answer != "OK":
            said += bytes.fromhex(answer[1:]).decode(errors="replace")
            answer = self.read_packet(PATIENCE)
        if answer != "OK":
            raise Trouble(f"QEMU's monitor does not take {text!r}")
        return said

    def stopped(self, answer):
        if answer[:1] not in ("S", "T"):
            raise Trouble("the guest ended before the recorded place")

    def breakpoint(self, address, on=True):
        if self.ask(f"{'Z' if on else 'z'}1,{address:x},1") != "OK":
            raise Trouble(f"QEMU takes no breakpoint at {address:#x}")

    def go(self, timeout):
        self.stopped(self.ask("c", timeout))

    def step(self):
        self.stopped(self.ask("s"))

    def registers(self):
        data, values, at = bytes.fromhex(self.ask("g").replace("x", "0")), {}, 0
        if len(data) < sum(size for _, size in REGISTERS[self.machine]):
            raise Trouble("QEMU's answer with the registers is truncated")
        for name, size in REGISTERS[self.machine]:
            values[name] = int.from_bytes(data[at:at + size], "little")
            at += size
        return values

    def pc(self):
        return self.registers()[PC[self.machine]]

    def memory(self, address, length):
        """Bytes; fewer, or none, where they cannot be read. QEMU answers at most 2 KiB at a time."""
        data = b""
        while len(data) < length:
            part = min(1024, length - len(data))
            answer = self.ask(f"m{address + len(data):x},{part:x}")
            if answer.startswith("E"):
                break
            data += bytes.fromhex(answer)
        return data
