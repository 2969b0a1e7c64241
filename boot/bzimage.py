#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Wrap the kernel as the Linux boot protocol's bzImage, for loaders such as U-Boot's zboot.

bzimage.py OBJCOPY READELF KERNEL.elf OUTPUT

Two sectors of set-up in front (Linux's Documentation/x86/boot.rst), then the image as it lies in memory from
1 MiB on. A loader that enters in 32-bit or 64-bit mode finds all it needs; the set-up's 16-bit code, for loaders
that start in real mode, only says that it cannot.
"""
import struct
import subprocess
import sys
import tempfile

LOAD_ADDRESS = 0x100000
SECTORS = 2         # the boot sector and one of set-up
MESSAGE = b"Janus must be entered in 32-bit or 64-bit mode: use QEMU -kernel with the ELF, or U-Boot's zboot.\r\n\0"
VERSION = b"Janus\0"

# mov si, MESSAGE; cs lodsb; test al, al; jz stop; mov ah, 0eh; mov bx, 7; int 10h; jmp; stop: hlt; jmp stop
CODE = bytes.fromhex("be0000 2eac 84c0 7409 b40e bb0700 cd10 ebf1 f4 ebfd")


def header(image_size, memory_size):
    setup = bytearray(SECTORS * 512)

    def put(offset, form, *values):
        struct.pack_into("<" + form, setup, offset, *values)

    put(0x1f1, "B", SECTORS - 1)
    put(0x1f4, "I", (image_size + 15) // 16)            # syssize
    put(0x1fe, "H", 0xaa55)
    put(0x200, "BB", 0xeb, 0x270 - 0x202)               # jump over the header
    put(0x202, "4sH", b"HdrS", 0x020c)
    put(0x20e, "H", 0x2a0 - 0x200)                      # kernel_version
    put(0x211, "B", 0x01)                               # LOADED_HIGH
    put(0x214, "I", LOAD_ADDRESS)                       # code32_start
    put(0x22c, "I", 0x7fffffff)                         # initrd_addr_max
    put(0x230, "IBBH", 0x200000, 0, 21, 1)              # alignment, not relocatable, 64-bit entry at 0x200
    put(0x238, "I", 2047)                               # cmdline_size
    put(0x258, "QI", LOAD_ADDRESS, memory_size)         # pref_address, init_size
    code = bytearray(CODE)
    struct.pack_into("<H", code, 1, 0x2b0 - 0x200)
    setup[0x270:0x270 + len(code)] = code
    setup[0x2a0:0x2a0 + len(VERSION)] = VERSION
    setup[0x2b0:0x2b0 + len(MESSAGE)] = MESSAGE
    return bytes(setup)


def memory_size(readelf, elf):
    """From the load address to the end of bss."""
    text = subprocess.run([readelf, "-lW", elf], stdout=subprocess.PIPE, text=True, check=True).stdout
    loads = [line.split() for line in text.splitlines() if line.split()[:1] == ["LOAD"]]
    return max(int(f[3], 16) + int(f[5], 16) for f in loads) - LOAD_ADDRESS


def main():
    objcopy, readelf, elf, output = sys.argv[1:]
    with tempfile.NamedTemporaryFile() as flat:
        subprocess.run([objcopy, "-O", "binary", elf, flat.name], check=True)
        with open(flat.name, "rb") as file:
            image = file.read()
    image += bytes(-len(image) % 16)
    with open(output, "wb") as out:
        out.write(header(len(image), memory_size(readelf, elf)) + image)
    return 0


sys.exit(main())
