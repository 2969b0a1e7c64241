# SPDX-License-Identifier: BSD-2-Clause
"""Building a machine's kernel and guest programs with Meson, in build/ARCH."""
import os
import re
import subprocess

from . import packages, setup
from .machine import ROOT
from .term import Step, Trouble


def configure(machine, folder, mode):
    """Have a Meson build folder with the options that we want."""
    options = [f"-Dsysroot={machine.sysroot}", f"-Dmode={mode}"]
    stamp = os.path.join(folder, ".janus-options")
    wanted = " ".join(options)
    ready = os.path.exists(os.path.join(folder, "build.ninja"))
    if ready and os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == wanted:
                return
    command = ["meson", "setup", folder, ROOT, "--cross-file",
               os.path.join(ROOT, "arch", machine.name, "cross.ini"), *options]
    if ready:
        command.append("--reconfigure")
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        errors = re.findall(r"^.*ERROR:.*$", done.stdout, re.M)
        raise Trouble(f"meson setup failed: {errors[0] if errors else done.stdout.strip()[-500:]}")
    with open(stamp, "w") as out:
        out.write(wanted)


def compile_targets(machine, folder, targets, what):
    """Run ninja; its output is in build.log, and only a failure's part of it is shown."""
    log = os.path.join(folder, "build.log")
    with Step(what), open(log, "w") as out:
        done = subprocess.run(["ninja", "-C", folder, "-j", str(os.cpu_count() or 1), *targets],
                              stdout=out, stderr=subprocess.STDOUT)
    if done.returncode:
        with open(log, errors="replace") as file:
            text = file.read()
        failed = text[text.find("FAILED:"):] if "FAILED:" in text else text
        raise Trouble(f"building {machine.name} failed ({os.path.relpath(log)}):\n{readable(failed)}")


def readable(text):
    """A compiler's complaints without ninja's own lines and the commands that it ran."""
    lines = text.strip().splitlines()
    kept = [line for at, line in enumerate(lines)
            if not line.startswith("[") and not (at and lines[at - 1].startswith("FAILED:"))]
    return "\n".join(kept)[:6000]


def build(machine, targets=(), mode="release"):
    """Set up what is missing and build; by default all, or named targets such as `userland`."""
    setup.tools_for([machine])
    packages.sysroot(machine)
    folder = build_folder(machine, mode)
    configure(machine, folder, mode)
    compile_targets(machine, folder, targets, f"building {machine.name}")
    return folder


def build_folder(machine, mode="release"):
    return machine.build() if mode == "release" else machine.build() + "-" + mode
