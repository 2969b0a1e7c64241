# SPDX-License-Identifier: BSD-2-Clause
"""Files that a command leaves: whole or not at all."""
import os
import threading

from .term import Trouble


def write(path, text):
    """Put text into a file, in one step; a file that was there stays until then."""
    part = f"{path}.{os.getpid()}.{threading.get_ident()}.part"
    try:
        try:
            with open(part, "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(part, path)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise
    except OSError as error:
        raise Trouble(f"cannot write {path}: {error.strerror}") from None


def can_write(*paths):
    """Before a long run: one line for a file that could not be written at its end."""
    for path in filter(None, paths):
        folder = os.path.dirname(os.path.abspath(path))
        if os.path.isdir(path):
            raise Trouble(f"cannot write {path}: it is a folder")
        if not os.path.isdir(folder):
            raise Trouble(f"cannot write {path}: there is no folder {folder}")
        if not os.access(folder, os.W_OK):
            raise Trouble(f"cannot write {path}: no permission for {folder}")
