# SPDX-License-Identifier: BSD-2-Clause
"""Between the guest's console and the user: boot noise is held back, the command's bytes pass.

/init says on the console where the command's output begins and ends (userland/init/init.c), each
time with a marker that this run alone knows.
"""
import errno
import os
import re
import select
import termios
import time
import tty

ESCAPE = 0x01       # Ctrl-A, then x: leave a guest that does not answer
EOF = 0x04
QUOTE = 0x16
LOG_KEPT = 1 << 20  # of a guest that floods its console, this much of the log's end is kept


class Filter:
    """Splits the console's bytes into boot noise, the command's output, and its exit status."""

    def __init__(self, marker):
        self.begin = f"{marker} begin".encode()
        self.end = re.compile(re.escape(marker.encode()) + rb" exit (\d+)\r?\n")
        self.marker = marker.encode()
        self.state, self.held, self.status = "boot", b"", None

    def feed(self, data):
        """What of the output is now certain to be the command's."""
        self.held += data
        if self.state == "boot":
            at = self.held.find(self.begin)
            line_end = self.held.find(b"\n", at) if at >= 0 else -1
            if line_end < 0:
                self.held = self.held[-len(self.begin) - 200:] if at < 0 else self.held
                return b""
            self.held, self.state = self.held[line_end + 1:], "run"
        if self.state == "done":
            self.held = b""
            return b""
        match = self.end.search(self.held)
        if match:
            out, self.state = self.held[:match.start()], "done"
            self.status, self.held = int(match[1]), b""
            return out
        keep = self.marker_start()
        out, self.held = self.held[:keep], self.held[keep:]
        return out

    def marker_start(self):
        """Where a marker that is not whole yet may begin in what is held."""
        at = self.held.find(self.marker)
        if at >= 0:
            return at
        for length in range(min(len(self.marker), len(self.held)), 0, -1):
            if self.held.endswith(self.marker[:length]):
                return len(self.held) - length
        return len(self.held)

    def rest(self):
        """What was held back when the guest died."""
        out, self.held = (self.held, b"") if self.state == "run" else (b"", b"")
        return out


class Input:
    """The user's bytes on their way to the guest: kept until the command runs."""

    def __init__(self, source, terminal):
        self.source, self.terminal = source, terminal
        self.pending, self.escaped, self.leave = bytearray(), False, False

    def read(self):
        try:
            data = os.read(self.source, 4096)
        except OSError:
            data = b""
        if not data:
            self.source = None
            self.pending += bytes([EOF, EOF])
        elif self.terminal:
            self.type(data)
        else:
            for byte in data:
                if byte in (EOF, QUOTE, 0):
                    self.pending.append(QUOTE)
                self.pending.append(byte)

    def type(self, data):
        for byte in data:
            if self.escaped:
                self.escaped = False
                self.leave = self.leave or byte in b"xX"
                if byte != ESCAPE:
                    continue
            elif byte == ESCAPE:
                self.escaped = True
                continue
            self.pending.append(byte)

    def send(self, pipe):
        try:
            del self.pending[:os.write(pipe, self.pending[:256])]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            self.pending.clear()


class Talk:
    """What is typed to a boot loader: each line when its prompt has come."""

    def __init__(self, steps):
        self.steps, self.seen = list(steps), b""
        self.active = bool(steps)

    def feed(self, data):
        """The bytes to type now."""
        if not self.steps:
            return b""
        self.seen = self.seen[-4096:] + data
        wanted, answer = self.steps[0]
        at = self.seen.find(wanted)
        if at < 0:
            return b""
        self.seen = b""
        self.steps.pop(0)
        return answer


class RawTerminal:
    """The user's terminal gives each key as it is typed while this is entered."""

    def __init__(self, fd, wanted):
        self.fd, self.saved = fd, None
        self.wanted = wanted

    def __enter__(self):
        if self.wanted:
            self.saved = termios.tcgetattr(self.fd)
            tty.setraw(self.fd)
        return self

    def __exit__(self, *_):
        if self.saved:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)


class Outcome:
    """How a run ended: status is None when the command did not end; why is then 'died' or 'timeout'."""

    def __init__(self):
        self.status, self.why, self.log, self.left = None, "", b"", False
        self.seconds = 0.0
        self.begun = self.silent = False


def converse(process, marker, write, source=None, terminal=False, timeout=None, verbose=None, talk=(), idle=None):
    """Carry bytes until the guest ends.

    write(bytes) takes the command's output; `verbose`, when given, all of the console instead.
    `talk` is what a boot loader is told first. A console that is silent for `idle` seconds is a hang.
    """
    outcome, filter_ = Outcome(), Filter(marker)
    keys, loader = Input(source, terminal), Talk(talk)
    began = heard = time.monotonic()
    while True:
        running = filter_.state == "run" or verbose is not None and terminal
        readers = [process.output] + ([keys.source] if running and keys.source is not None
                                      and len(keys.pending) < 4096 else [])
        writers = [process.input] if keys.pending and (running or loader.active) else []
        ready, writable, _ = select.select(readers, writers, [], 0.5)
        now = time.monotonic()
        if process.output in ready:
            data, heard = os.read(process.output, 65536), now
            if not data:
                break
            outcome.log = (outcome.log + data)[-LOG_KEPT:]
            keys.pending += loader.feed(data)
            out = filter_.feed(data)
            if verbose:
                verbose(data)
            elif out:
                write(out)
        if keys.source is not None and keys.source in ready:
            keys.read()
        if writable:
            keys.send(process.input)
        if keys.leave:
            outcome.left = True
            break
        if (timeout and now - began > timeout) or (idle and now - heard > idle):
            outcome.why = "timeout"
            outcome.silent = bool(idle) and now - heard > idle
            break
    if not verbose:
        write(filter_.rest())
    outcome.begun = filter_.state != "boot"
    outcome.status, outcome.seconds = filter_.status, time.monotonic() - began
    if outcome.status is not None:
        outcome.why = ""    # it only did not switch itself off
    elif not outcome.why:
        outcome.why = "died"
    return outcome


def write_stdout(data):
    """All of the bytes to standard output, which may be a pipe that is slow or gone."""
    while data:
        try:
            data = data[os.write(1, data):]
        except BlockingIOError:
            select.select([], [1], [])
        except BrokenPipeError:
            return


def last_lines(log, count=25):
    text = log.decode(errors="replace").replace("\r", "")
    return "\n".join(line for line in text.splitlines()[-count:])


def telling_lines(log, count=32):
    """What tells most of a guest's end: a panic from its first line, else the last lines."""
    lines = log.replace("\r", "").splitlines()
    panic = next((at for at, line in enumerate(lines) if re.search(r"[Kk]ernel panic|not syncing", line)), None)
    if panic is None:
        return "\n".join(lines[-count:])
    return "\n".join(lines[max(0, panic - 3):panic + count - 3])
