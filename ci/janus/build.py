# SPDX-License-Identifier: BSD-2-Clause
"""Building a machine's kernel and guest programs with Meson, in build/ARCH."""
import os
import re
import shutil
import subprocess

from . import host, lock, packages, setup
from .machine import ROOT
from .term import Step, Trouble


STAMP = ".janus-options"    # in a build folder: the tree and the options that it was made with, a line each
NINJA_STEP = re.compile(r"\[(\d+/\d+)\] ")


def options(machine, mode):
    return [f"-Dsysroot={machine.sysroot}", f"-Dmode={mode}"]


def made_with(folder):
    """The lines of a build folder's stamp; none when it is not whole."""
    if os.path.exists(os.path.join(folder, "build.ninja")) and os.path.exists(os.path.join(folder, STAMP)):
        with open(os.path.join(folder, STAMP)) as file:
            return file.read().splitlines()
    return []


def configure(machine, folder, mode):
    """Have a Meson build folder with the options that we want."""
    wanted, found = [ROOT, *options(machine, mode)], made_with(folder)
    if found == wanted:
        return
    command = ["meson", "setup", folder, ROOT, "--cross-file",
               os.path.join(ROOT, "arch", machine.name, "cross.ini"), *wanted[1:]]
    done = None
    if os.path.exists(os.path.join(folder, "build.ninja")) and found[:1] in ([], [ROOT]):
        done = run_meson([*command, "--reconfigure"])
    if not done or done.returncode:     # half made, of another Meson, or come here with a copy of the tree
        shutil.rmtree(folder, ignore_errors=True)
        done = run_meson(command)
    if done.returncode:
        errors = re.findall(r"^.*ERROR:.*$", done.stdout, re.M)
        raise Trouble(f"meson setup failed: {errors[0] if errors else done.stdout.strip()[-500:]}")
    with open(os.path.join(folder, STAMP), "w") as out:
        out.write("\n".join(wanted))


def run_meson(command):
    return subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def up_to_date(machine, folder, mode, targets):
    if made_with(folder) != [ROOT, *options(machine, mode)]:
        return False
    tried = subprocess.run(["ninja", "-n", "-C", folder, *targets], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return "ninja: no work to do" in tried.stdout


def compile_targets(machine, folder, targets, what):
    """Run ninja; its output is in build.log, and only a failure's part of it is shown."""
    log = os.path.join(folder, "build.log")
    with Step(what) as step, open(log, "w") as out:
        ninja = subprocess.Popen(["ninja", "-C", folder, "-j", str(host.processors()), *targets], text=True,
                                 errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with ninja:
            for line in ninja.stdout:
                out.write(line)
                match = NINJA_STEP.match(line)
                if match:
                    step.at(match[1])
        if ninja.returncode:
            out.flush()
            raise Trouble(f"building {machine.name} failed ({os.path.relpath(log)}):\n{complaints(log)}")


def complaints(log):
    """What ninja and the compilers say of a failed build."""
    with open(log, errors="replace") as file:
        text = file.read()
    return readable(text[text.find("FAILED:"):] if "FAILED:" in text else text)


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
    if lock.to_build(lambda: up_to_date(machine, folder, mode, targets)):
        configure(machine, folder, mode)
        compile_targets(machine, folder, targets, f"building {machine.name}{'' if mode == 'release' else ' ' + mode}")
        lock.to_use()
    return folder


def build_folder(machine, mode="release"):
    return machine.build() if mode == "release" else machine.build() + "-" + mode
