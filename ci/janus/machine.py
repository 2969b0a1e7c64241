# SPDX-License-Identifier: BSD-2-Clause
"""The two machines: what each is called by QEMU, by Debian and by its compiler."""
import os
import re
from dataclasses import dataclass, field

from .term import Trouble

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.join(ROOT, "build")
PACKAGES = os.environ.get("JANUS_CACHE") or os.path.join(BUILD, "packages")


@dataclass(frozen=True)
class Machine:
    name: str           # as in arch/NAME and build/NAME
    debian: str         # Debian's name of the architecture
    triplet: str        # of its C library
    elf: int            # e_machine of its programs
    qemu: str           # the program
    board: str          # QEMU's -M
    cpu: str            # QEMU's -cpu
    icount_cpu: str     # the same for measuring: see targets.md
    console: str        # the first serial port's device
    strip: str          # the program that takes debug information off
    u_boot: str         # the U-Boot image that boots it
    linux: tuple        # words that Linux's command line needs on a host under load
    quick_boot: tuple   # further ones where its boot is only waited for: what of it takes long
    tools: dict = field(hash=False)  # program: Debian package

    def build(self, *path):
        return os.path.join(BUILD, self.name, *path)

    def packages(self, *path):
        return os.path.join(PACKAGES, self.name, *path)

    @property
    def sysroot(self):
        return self.packages("root")


X86_64 = Machine(
    name="x86_64", debian="amd64", triplet="x86_64-linux-gnu", elf=62,
    qemu="qemu-system-x86_64", board="q35", cpu="max", icount_cpu="max,-erms,-fsrm",
    console="ttyS0", strip="strip", u_boot="/usr/lib/u-boot/qemu-x86/u-boot.rom",
    # It counts ticks for some real time to see whether the timer works, and panics when QEMU had no turn by then.
    linux=("no_timer_check",),
    # Without its self-tests of ciphers, and without measuring the local APIC's timer by another clock.
    quick_boot=("cryptomgr.notests", "nolapic_timer"),
    tools={"gcc": "gcc", "nasm": "nasm", "qemu-system-x86_64": "qemu-system-x86"})

ARM64 = Machine(
    name="arm64", debian="arm64", triplet="aarch64-linux-gnu", elf=183,
    qemu="qemu-system-aarch64", board="virt", cpu="max,pauth-impdef=on", icount_cpu="max,pauth-impdef=on",
    console="ttyAMA0", strip="aarch64-linux-gnu-strip", u_boot="/usr/lib/u-boot/qemu_arm64/u-boot.bin",
    linux=(), quick_boot=("cryptomgr.notests",),
    tools={"aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu", "qemu-system-aarch64": "qemu-system-arm"})

MACHINES = {m.name: m for m in (X86_64, ARM64)}
LEAST_MEMORY = 32   # MiB
ALIASES = {"amd64": "x86_64", "x86-64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}


def machine(name):
    found = MACHINES.get(ALIASES.get(name.lower(), name.lower()))
    if not found:
        raise Trouble(f"there is no machine {name!r}; Janus runs on {' and '.join(MACHINES)}", 2)
    return found


def memory_size(text):
    """QEMU's -m argument from a size such as 64M or 1G; plain numbers are MiB."""
    if not re.fullmatch(r"[1-9]\d*[mMgG]?", text):
        raise Trouble(f"--mem {text}: want a size such as 32M or 1G", 2)
    size = text.upper() if text[-1].isalpha() else text + "M"
    if size[-1] == "M" and int(size[:-1]) < LEAST_MEMORY:
        raise Trouble(f"--mem {text}: Janus and its files need {LEAST_MEMORY}M", 2)
    return size
