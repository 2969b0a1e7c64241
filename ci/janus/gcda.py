# SPDX-License-Identifier: BSD-2-Clause
"""The counters that a kernel of -Dmode=coverage prints as it stops (core/coverage.c), as .gcda files.

Each guest gets a folder of its own beside the kernel's build, with links to the compiler's notes, as gcov wants it.
"""
import base64
import collections
import os
import re
import tempfile

from .machine import ROOT
from .term import warn

PRINTED = re.compile(rb"^(?:\[ *\d+\.\d+\] )?#coverage (.*?)\r*\n", re.M)


def home(folder):
    """Where the guests' folders lie, of a kernel built in `folder`."""
    return os.path.join(folder, "coverage")


def take(log, kernel):
    """The console without the counters, which go to a folder of their own beside the kernel's build."""
    if b"#coverage " not in log:
        return log
    folder = os.path.dirname(os.path.dirname(kernel))
    lines = [line.decode(errors="replace") for line in PRINTED.findall(log)]
    if lines and lines[-1] == "end":
        keep(lines[:-1], folder)
    else:
        warn(f"the counters of a guest of {os.path.relpath(folder, ROOT)} did not come whole")
    return PRINTED.sub(b"", log)


def keep(lines, folder):
    os.makedirs(home(folder), exist_ok=True)
    guest = tempfile.mkdtemp(prefix="guest.", dir=home(folder))
    files = collections.defaultdict(bytearray)
    name = ""
    for line in lines:
        if line.startswith("file "):
            name = os.path.basename(line[5:])
            os.symlink(line[5:].replace(".gcda", ".gcno"),
                       os.path.join(guest, name.replace(".gcda", ".gcno")))
        else:
            files[name] += base64.b64decode(line)
    for name, data in files.items():
        with open(os.path.join(guest, name), "wb") as out:
            out.write(data)
