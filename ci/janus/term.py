# SPDX-License-Identifier: BSD-2-Clause
"""What janus says to its user: progress and trouble on stderr, colours only on a terminal."""
import os
import shutil
import sys
import threading
import time


class Trouble(Exception):
    """Something the user can mend; its text is the one line that says what."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def coloured(stream):
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text, code, stream=sys.stdout):
    return f"\033[{code}m{text}\033[0m" if coloured(stream) else text


def green(text, stream=sys.stdout):
    return paint(text, "32", stream)


def red(text, stream=sys.stdout):
    return paint(text, "31;1", stream)


def yellow(text, stream=sys.stdout):
    return paint(text, "33", stream)


def dim(text, stream=sys.stdout):
    return paint(text, "2", stream)


def say(text):
    """One line of progress."""
    with Step.drawing:
        Step.rub_out()
        print(dim(f"janus: {text}", sys.stderr), file=sys.stderr, flush=True)


def warn(text):
    print(f"janus: {yellow('warning:', sys.stderr)} {text}", file=sys.stderr, flush=True)


class Step:
    """A piece of long work: said when it begins, and how long it took when it was long. On a terminal its line tells
    how far it is; of steps that run at the same time only the first does."""

    drawing = threading.Lock()  # of what is written to stderr, and the next two
    shown = None                # the step whose line is being drawn anew
    drawn = False               # the line that the cursor is in is its

    def __init__(self, text):
        self.text, self.how_far = text, ""

    def __enter__(self):
        self.began, self.over = time.monotonic(), threading.Event()
        say(f"{self.text} ...")
        with Step.drawing:
            if not Step.shown and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
                Step.shown = self
                threading.Thread(target=self.keep_drawing, daemon=True).start()
        return self

    def at(self, how_far):
        self.how_far = how_far

    def keep_drawing(self):
        while not self.over.wait(1):
            with Step.drawing:
                if Step.shown is self:
                    line = f"janus: {self.text}: {self.how_far or f'{time.monotonic() - self.began:.0f} s'}"
                    line = line[:shutil.get_terminal_size().columns - 1]
                    print("\r\033[K" + dim(line, sys.stderr), end="", file=sys.stderr, flush=True)
                    Step.drawn = True

    @staticmethod
    def rub_out():
        if Step.drawn:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            Step.drawn = False

    def __exit__(self, kind, *_):
        self.over.set()
        with Step.drawing:
            if Step.shown is self:
                Step.rub_out()
                Step.shown = None
        took = time.monotonic() - self.began
        if kind is None and took > 3:
            say(f"{self.text}: done in {took:.0f} s")
