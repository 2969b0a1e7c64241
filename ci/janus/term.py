# SPDX-License-Identifier: BSD-2-Clause
"""What janus says to its user: progress and trouble on stderr, colours only on a terminal."""
import os
import sys
import time


class Trouble(Exception):
    """Something the user can mend; its text is the one line that says what."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


class Quiet:
    """Whether progress is told: set by `--verbose`, or by a terminal on stderr."""
    verbose = False


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
    print(dim(f"janus: {text}", sys.stderr), file=sys.stderr, flush=True)


def warn(text):
    print(f"janus: {yellow('warning:', sys.stderr)} {text}", file=sys.stderr, flush=True)


class Step:
    """A piece of long work: said when it begins, and how long it took when it was long."""

    def __init__(self, text, always=False):
        self.text, self.always = text, always

    def __enter__(self):
        self.began = time.monotonic()
        say(f"{self.text} ...")
        return self

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.began
        if kind is None and took > 3:
            say(f"{self.text}: done in {took:.0f} s")
