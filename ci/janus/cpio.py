# SPDX-License-Identifier: BSD-2-Clause
"""The archive that a kernel unpacks at boot: cpio's "newc" format, and the recipe that fills it.

Written here, not by cpio, so that files of root and device nodes need no root on this computer.  A
recipe has one entry a line, MODE octal and owner always root:

    dir PATH MODE
    file PATH SOURCE MODE       SOURCE relative to a folder that the caller names
    link PATH TARGET
    char PATH MODE MAJOR MINOR
"""
import fnmatch
import os
import stat

from .term import Trouble


class Archive:
    def __init__(self):
        self.entries = {}       # path: (mode, data, (major, minor)), in order

    def add(self, path, mode, data=b"", device=(0, 0)):
        path = os.path.normpath("/" + path).lstrip("/")
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.entries[path] = (mode, data, device)

    def file(self, path, source, mode=None):
        try:
            with open(source, "rb") as file:
                data = file.read()
        except OSError as error:
            raise Trouble(f"cannot read {source}: {error.strerror}") from None
        if mode is None:
            mode = stat.S_IMODE(os.stat(source).st_mode)
        self.add(path, stat.S_IFREG | mode, data)

    def text(self, path, data, mode=0o644):
        self.add(path, stat.S_IFREG | mode, data if isinstance(data, bytes) else data.encode())

    def tree(self, path, source, left_out=()):
        """A whole folder of this computer, without what matches a pattern of `left_out`."""
        def wanted(name):
            return not any(fnmatch.fnmatch(os.path.relpath(os.path.join(folder, name), source) + "/", pattern + "*")
                           for pattern in left_out)

        for folder, folders, files in os.walk(source):
            folders[:] = sorted(filter(wanted, folders))
            files = list(filter(wanted, files))
            inside = os.path.join(path, os.path.relpath(folder, source))
            self.add(inside, stat.S_IFDIR | 0o755)
            for name in sorted(files) + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
                full = os.path.join(folder, name)
                if os.path.islink(full):
                    self.add(os.path.join(inside, name), stat.S_IFLNK | 0o777, os.readlink(full).encode())
                else:
                    self.file(os.path.join(inside, name), full)

    def first(self, path):
        """Move a folder to the archive's start."""
        name = path.lstrip("/")
        front = {p: e for p, e in self.entries.items() if p == name or p.startswith(name + "/")}
        self.entries = {**front, **{p: e for p, e in self.entries.items() if p not in front}}

    def recipe(self, path, resolve):
        """Add the entries of a recipe file; `resolve` finds a SOURCE's path."""
        with open(path) as file:
            for number, line in enumerate(file, 1):
                words = line.split("#")[0].split()
                if not words:
                    continue
                try:
                    self.recipe_entry(words, resolve)
                except (ValueError, IndexError):
                    raise Trouble(f"{path}:{number}: cannot understand: {line.strip()}") from None

    def recipe_entry(self, words, resolve):
        kind, path = words[:2]
        if kind == "dir":
            self.add(path, stat.S_IFDIR | int(words[2], 8))
        elif kind == "file":
            self.file(path, resolve(words[2]), int(words[3], 8))
        elif kind == "link":
            self.add(path, stat.S_IFLNK | 0o777, words[2].encode())
        elif kind == "char":
            self.add(path, stat.S_IFCHR | int(words[2], 8), device=(int(words[3]), int(words[4])))
        else:
            raise ValueError(kind)

    def bytes(self):
        out = bytearray()
        for number, (path, (mode, data, device)) in enumerate(self.entries.items(), 1):
            put(out, number, path, mode, data, device)
        put(out, 0, "TRAILER!!!", 0, b"", (0, 0))
        return bytes(out)


def put(out, number, path, mode, data, device):
    """One member: the header of 13 hexadecimal words, the name, the data, each padded to 4 bytes."""
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    words = (number, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(name), 0)
    out += b"070701" + b"".join(b"%08X" % word for word in words) + name
    out += bytes(-len(out) % 4)
    out += data
    out += bytes(-len(out) % 4)
