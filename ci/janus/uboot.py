# SPDX-License-Identifier: BSD-2-Clause
"""Booting through Debian's U-Boot, which takes kernel and initrd from QEMU as QEMU's own loader would.

arm64's U-Boot does so by itself.  x86's is told at its prompt: its 32-bit image, on the board that it
knows, loads both and enters the kernel by the Linux boot protocol.
"""
import dataclasses
import os

from .term import Trouble

KERNEL_AT, INITRD_AT = 0x1000000, 0x6000000   # Linux unpacks itself between them
PROMPT = b"=> "


def prepare(guest):
    """The same guest, by way of U-Boot."""
    image = guest.machine.u_boot
    if not os.path.exists(image):
        raise Trouble(f"{image} is missing; install it with: apt-get install u-boot-qemu")
    if guest.machine.name != "x86_64":
        return dataclasses.replace(guest, u_boot=True)
    bzimage = os.path.join(os.path.dirname(guest.kernel), "bzImage")    # Janus's; Linux's is one as it is
    kernel = bzimage if os.path.exists(bzimage) else guest.kernel
    words = " ".join(guest.append)
    size = os.path.getsize(guest.initrd)
    talk = [
        (b"U-Boot", b" "),          # it looks before it counts: a host under load may be late for what it counts
        (b"Hit any key", b" "),     # should the first have come too early for it
        (PROMPT, f'setenv bootargs "{words}"\r'.encode()),
        (PROMPT, f"qfw load {KERNEL_AT:x} {INITRD_AT:x}\r".encode()),
        (PROMPT, f"zboot {KERNEL_AT:x} - {INITRD_AT:x} {size:x}\r".encode()),
    ]
    return dataclasses.replace(guest, kernel=kernel, u_boot=True, talk=talk, base_board="pc")
