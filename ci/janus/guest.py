# SPDX-License-Identifier: BSD-2-Clause
"""The initial root file system of a guest, and what it is to run."""
import os
import secrets
import stat
import subprocess
import threading

from .cpio import Archive
from .machine import ROOT
from .term import Trouble, warn


KINDS = ("suite", "programs", "bench", "compare", "fuzz")


def root_archive(machine, folder, kinds=KINDS):
    """The root file system of userland/rootfs.list, with the built programs of these kinds in /KIND."""
    homes = {"sysroot": machine.sysroot, "build": folder, "tree": ROOT}

    def resolve(source):
        home, _, path = source.partition("/")
        return os.path.join(homes[home], path)

    archive = Archive()
    archive.recipe(os.path.join(ROOT, "userland/rootfs.list"), resolve)
    with open(os.path.join(ROOT, "userland/applets.list")) as file:
        for applet in file.read().split():
            if applet.lstrip("/") not in archive.entries:
                archive.add(applet, stat.S_IFLNK | 0o777, b"/bin/busybox")
    for kind in kinds:
        for path in programs(os.path.join(folder, "userland", kind)):
            archive.file(f"/{kind}/{os.path.basename(path)}", stripped(machine, folder, path), 0o755)
    return archive


def kinds_for(command):
    """The suite is in every guest; other kinds come when the command names their folder."""
    return [kind for kind in KINDS if kind == "suite" or any(f"/{kind}" in word for word in command)]


def stripped(machine, folder, path):
    """The program without its debug information, which would fill a small guest's memory."""
    copy = os.path.join(folder, "stripped", os.path.relpath(path, os.path.join(folder, "userland")))
    if os.path.exists(copy) and os.path.getmtime(copy) > os.path.getmtime(path):
        return copy
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    new = f"{copy}.{os.getpid()}.{threading.get_ident()}"
    done = subprocess.run([machine.strip, "--strip-debug", "-o", new, path], stderr=subprocess.DEVNULL)
    if done.returncode:
        return path
    os.replace(new, copy)
    return copy


def programs(folder):
    """The programs that the build left in a folder."""
    if not os.path.isdir(folder):
        return []
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    return [p for p in paths if os.path.isfile(p) and os.access(p, os.X_OK)]


def parse_add(text):
    """--add FILE[:PATH] as (file, path); the PATH is /NAME when it is not said."""
    source, _, path = text.partition(":")
    if os.path.exists(text):    # a name with a colon of its own
        source, path = text, ""
    if not os.path.exists(source):
        raise Trouble(f"--add {source}: there is no such file", 2)
    path = path or "/" + os.path.basename(os.path.abspath(source))
    if path.endswith("/"):
        path += os.path.basename(os.path.abspath(source))
    if not path.startswith("/"):
        raise Trouble(f"--add {text}: the path in the guest begins with /", 2)
    return source, path


def add_file(archive, text):
    source, path = parse_add(text)
    if os.path.isdir(source):
        archive.tree(path, source)
    else:
        archive.file(path, source)


def check_program(path, machine):
    """--init FILE must be something that a kernel of this machine can start."""
    if not os.path.isfile(path):
        raise Trouble(f"--init {path}: " + ("it is a folder" if os.path.isdir(path) else "there is no such file"), 2)
    with open(path, "rb") as file:
        head = file.read(20)
    if head[:4] == b"\x7fELF":
        if int.from_bytes(head[18:20], "little") != machine.elf:
            raise Trouble(f"--init {path}: this ELF program is not one of {machine.name}", 2)
    elif head[:2] != b"#!":
        raise Trouble(f"--init {path}: neither an ELF program nor a #! script", 2)


def interpreter(path):
    """The dynamic linker that an ELF program names, or ""."""
    with open(path, "rb") as file:
        head = file.read(64)
        if head[:5] != b"\x7fELF\2":
            return ""
        file.seek(int.from_bytes(head[32:40], "little"))
        for _ in range(int.from_bytes(head[56:58], "little")):
            segment = file.read(56)
            if segment[:4] == b"\3\0\0\0":      # PT_INTERP
                file.seek(int.from_bytes(segment[8:16], "little"))
                return os.fsdecode(file.read(int.from_bytes(segment[32:40], "little")).rstrip(b"\0"))
    return ""


def check_interpreters(archive, options):
    """A program whose dynamic linker is not in the guest would end with a puzzling ENOENT. Links lead to where it is so
    it counts by its name."""
    there = {os.path.basename(path) for path in archive.entries}
    for path in [parse_add(text)[0] for text in options.add] + [options.init] * bool(options.init):
        wanted = interpreter(path) if os.path.isfile(path) else ""
        if wanted and os.path.basename(wanted) not in there:
            text = (f"{path} is dynamically linked, and the guest has no {wanted}; link it with -static, "
                "or --add that too")
            if path == options.init:
                raise Trouble(f"--init {text}", 2)
            warn(text)


class Run:
    """What /init is told: written into the archive's /.janus."""

    def __init__(self, machine, command, terminal, size=(0, 0)):
        self.marker = "#janus:" + secrets.token_hex(16)
        self.machine, self.command, self.terminal, self.size = machine, command, terminal, size

    def put(self, archive):
        config = {"marker": self.marker, "mode": "tty" if self.terminal else "pipe",
                  "console": self.machine.console, "term": os.environ.get("TERM", "linux").split()[0],
                  "columns": self.size[0], "rows": self.size[1]}
        archive.text("/.janus/config", "".join(f"{k} {v}\n" for k, v in config.items()))
        archive.text("/.janus/argv", b"".join(os.fsencode(word) + b"\0" for word in self.command))
        archive.first("/.janus")    # before what might not fit into a small guest


def write_initrd(archive, path, pack=None):
    """The archive as a file, its bytes changed by `pack`; replaced in one step, so that a reader never sees half of
    it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    new = f"{path}.{os.getpid()}"
    try:
        with open(new, "wb") as out:
            out.write(pack(archive.bytes()) if pack else archive.bytes())
        os.replace(new, path)
    except OSError as error:
        raise Trouble(f"cannot write {path}: {error.strerror}") from None
    return path
