# SPDX-License-Identifier: BSD-2-Clause
"""`janus docs`: the site of static pages in build/docs, with figures from a run made for it."""
import json
import os
import shutil
import subprocess

from . import compare, comparepage, files, recordings, setup
from .build import build
from .machine import BUILD, MACHINES, ROOT, machine
from .term import Step, Trouble

SITE = os.path.join(BUILD, "docs")
CALLS = ["getppid", "read", "openat", "signal", "fault", "switch", "fork", "fork-child", "exec", "vdso-clock"]
QUICK = ["getppid", "read", "fault"]        # what the pages' own figures are of
TOOLS = {"/usr/lib/python3/dist-packages/markdown": "python3-markdown",
         "/usr/lib/python3/dist-packages/jinja2": "python3-jinja2"}


def generated(name):
    """A page that the build makes."""
    return os.path.join(build(machine(next(iter(MACHINES))), [f"docs/{name}"]), "docs", name)


def docs(options):
    setup.need(TOOLS)
    calls = QUICK if options.quick else CALLS
    syscalls = generated("syscalls.md")
    recorded = recordings.record(calls, list(MACHINES), linux=not options.quick)
    os.makedirs(SITE, exist_ok=True)
    with Step("writing build/docs"):
        files.write(os.path.join(SITE, "paths.html"), comparepage.page(recorded))
        figures = os.path.join(SITE, "compare.json")
        files.write(figures, json.dumps(compare.as_json({call: recorded[call] for call in QUICK})) + "\n")
        os.makedirs(os.path.join(SITE, "docs"), exist_ok=True)
        shutil.copy(os.path.join(ROOT, "docs/compare.png"), os.path.join(SITE, "docs/compare.png"))
        shutil.copy(syscalls, os.path.join(SITE, "syscalls.md"))
        done = subprocess.run(["/usr/bin/python3", os.path.join(ROOT, "ci/docs/site.py"), figures, SITE])
    if done.returncode:
        raise Trouble("the pages could not be written")
    print(os.path.join(SITE, "index.html"))
    return 0
