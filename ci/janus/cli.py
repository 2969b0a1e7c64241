# SPDX-License-Identifier: BSD-2-Clause
"""The command line of janus: where each word leads, and what is wrong with it."""
import contextlib
import importlib
import os
import pwd
import signal
import sys

from .machine import ALIASES, BUILD, MACHINES, ROOT
from .options import meant, parser
from .qemu import Process
from .term import Trouble, red

# Module and function of a command, where they do not have its name.
LEADS = {"build": ("products", "build_products"), "test": ("testing", "test")}


def check_words(words, commands):
    """A line of its own for a word that should be a command or a machine, but is none."""
    if not words or words[0].startswith("-"):
        return
    if words[0] not in commands:
        raise Trouble(f"there is no command {words[0]!r}{meant(words[0], commands)} (./janus --help lists them)", 2)
    elsewhere = {"run": "a command in the guest stands behind --", "gdb": "a command in the guest stands behind --",
                 "test": "subjects of the suite stand behind --only"}
    for word in words[1:2]:
        if words[0] in elsewhere and not word.startswith("-") and word.lower() not in {*MACHINES, *ALIASES}:
            raise Trouble(f"there is no machine {word!r}; Janus runs on {' and '.join(MACHINES)} "
                          f"({elsewhere[words[0]]})", 2)


def dispatch(options):
    """A command is a function; its module is loaded when it is wanted."""
    module, function = LEADS.get(options.what, (options.what, options.what))
    return getattr(importlib.import_module(f".{module}", __package__), function)(options)


def interrupted(number, _):
    """Ctrl-C and its like, in every phase: no guest outlives the command."""
    Process.interrupt()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def obey(words, command):
    """words: those before --; command: those behind it."""
    top, commands = parser()
    check_words(words, commands)
    options = top.parse_args(words)
    if not options.what:
        top.print_help()
        return 0
    if command and options.what not in ("run", "gdb"):
        raise Trouble(f"./janus {options.what} takes no command after --", 2)
    options.command = command
    return dispatch(options)


def told(error, built=BUILD):
    """An OSError in one line. What another user has built in `built` cannot be built on."""
    path = error.filename or ""
    text = f"{path or 'writing a file'}: {error.strerror or error}"
    if not isinstance(error, PermissionError) or not path.startswith(os.path.join(built, "")):
        return text
    while not os.path.exists(path):
        path = os.path.dirname(path)
    owner = os.stat(path).st_uid
    with contextlib.suppress(KeyError):
        owner = pwd.getpwuid(owner).pw_name
    return f"{text}: {owner} has built in this tree; be {owner}, or use a tree of your own (git clone {ROOT})"


def main(words):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupted)
    command = []
    if "--" in words:
        at = words.index("--")
        words, command = words[:at], words[at + 1:]
    try:
        try:
            return obey(words, command)
        finally:
            sys.stdout.flush()      # while a pipe that nobody reads is still told here
    except Trouble as trouble:
        print(f"janus: {red('error:', sys.stderr)} {trouble}", file=sys.stderr)
        return trouble.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except OSError as error:
        print(f"janus: {red('error:', sys.stderr)} {told(error)}", file=sys.stderr)
        return 1
