# SPDX-License-Identifier: BSD-2-Clause
"""Two commands in one tree: who would change what another uses waits for it, and says so.

A command takes REPORT before TREE. It holds TREE alone while it builds, and with others while it uses what was
built. A janus that was started by one that holds a lock of the same tree does not take it. (packages.py has a lock of
its own, which other trees and other threads take, too.)
"""
import fcntl
import os

from .machine import BUILD
from .term import say

REPORT = os.path.join(BUILD, "report", ".lock")
TREE = os.path.join(BUILD, ".lock")
HELD = "JANUS_LOCKS"    # environment: the locks of the janus above this one, by colons
files = {}              # path: the open file of a lock that this process took


def take(path, how, why):
    """how: fcntl's LOCK_EX or LOCK_SH. A lock that is held already is changed to it. `why` is said before it waits."""
    if path not in files:
        if path in os.environ.get(HELD, "").split(":"):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        files[path] = open(path, "a")
        os.environ[HELD] = f"{os.environ.get(HELD, '')}:{path}"
    try:
        fcntl.flock(files[path], how | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"{why}; waiting for it ...")
        fcntl.flock(files[path], how)


def let_go(path):
    if path in files:
        files.pop(path).close()
        os.environ[HELD] = os.environ[HELD].replace(f":{path}", "")


def alone(path, why):
    take(path, fcntl.LOCK_EX, why)


def to_build(ready):
    """Hold the tree for building. False, and the tree as `to_use` holds it, when ready() finds nothing to build."""
    take(TREE, fcntl.LOCK_SH, "another ./janus is building in this tree")
    if ready():
        return False
    alone(TREE, "there are changes to build, and another ./janus uses what was built before")
    return True


def to_use():
    """Hold what was built as it is."""
    take(TREE, fcntl.LOCK_SH, "another ./janus is building in this tree")
