# SPDX-License-Identifier: BSD-2-Clause
"""`janus build`: leave a machine's kernel and initrd where other boot loaders can take them."""
import os

from . import guest
from .build import build
from .machine import MACHINES, ROOT, machine
from .term import green


def build_products(options):
    for name in options.arch or list(MACHINES):
        one = machine(name)
        folder = build(one, mode="debug" if options.debug else "release")
        initrd = guest.write_initrd(guest.root_archive(one, folder, ["suite"]), os.path.join(folder, "boot/initrd"))
        for path in (os.path.join(folder, "janus.elf"), os.path.join(folder, "boot/kernel"), initrd):
            size = os.path.getsize(path)
            print(f"{green('built')} {os.path.relpath(path, ROOT):28} {size / 1024:8.0f} KiB")
    return 0
