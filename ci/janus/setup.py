# SPDX-License-Identifier: BSD-2-Clause
"""The tools on this computer: what is missing is installed with apt, or named in one line."""
import os
import shutil
import subprocess
import sys

from .term import Step, Trouble

# Program: the Debian package that has it.
COMMON = {"meson": "meson", "ninja": "ninja-build", "apt-get": "apt", "dpkg-deb": "dpkg",
          "cc": "gcc", "/usr/include/stdio.h": "libc6-dev"}     # for this computer: unit tests
GIT = {"git": "git"}
U_BOOT = {"/usr/lib/u-boot": "u-boot-qemu"}
GDB = {"gdb-multiarch": "gdb-multiarch"}


def present(program):
    return os.path.exists(program) if program.startswith("/") else bool(shutil.which(program))


def missing(tools):
    return sorted({package for program, package in tools.items() if not present(program)})


def install_command(packages):
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() == 0:
        return install
    return ["sudo", *install] if shutil.which("sudo") else None


def may_install(command, packages):
    """Ask once. Without a terminal, a root user (a CI's container) has said yes by being root."""
    if not sys.stdin.isatty():
        return os.geteuid() == 0
    print(f"Janus needs these Debian packages: {' '.join(packages)}\nRun `{' '.join(command)}`? [Y/n] ",
          end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def need(*groups):
    """Make sure that the programs of these {program: package} groups are there."""
    tools = {program: package for group in groups for program, package in group.items()}
    packages = missing(tools)
    if not packages:
        return
    by_hand = f"as root, run: apt-get install --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise Trouble(f"tools are missing; Debian 12 has them in the packages {' '.join(packages)}")
    command = install_command(packages)
    if not command or not may_install(command, packages):
        raise Trouble(f"Debian packages are missing; {by_hand}")
    with Step(f"installing {' '.join(packages)}"):
        update = [*command[:-len(packages) - 3], "update", "-qq"]
        subprocess.run(update, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        still = missing(tools)
        if done.returncode or still:
            raise Trouble(f"apt could not install {' '.join(still or packages)}: {first_error(done.stderr)}")


def first_error(text):
    """The line of apt's that says what is wrong."""
    lines = text.splitlines()
    return next((line for line in lines if line.startswith(("E:", "W:"))),
                lines[-1] if lines else "it does not say why")


def tools_for(machines):
    need(COMMON, *(m.tools for m in machines))
