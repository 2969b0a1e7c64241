#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: what a person can do wrong with ./janus is told in one line, and commands do not get in each other's way.

command.py ROOT

Nothing is built and no guest is booted: mistakes are found before that, and a QEMU is played by a script. Prints TAP.
"""
import errno
import os
import pwd
import re
import signal
import subprocess
import sys
import tempfile
import time

import tap
from tap import wanted

ROOT = sys.argv[1]
sys.path.insert(0, os.path.join(ROOT, "ci"))

from janus import cli  # noqa: E402

JANUS = os.path.join(ROOT, "janus")

# Words after ./janus, and what the one line of the answer must hold.
MISTAKES = {
    "rnu": "no command 'rnu'; did you mean run",
    "--smp 4": "no option --smp",
    "run riscv": "no machine 'riscv'; Janus runs on x86_64 and arm64",
    "run uname -a": "no machine 'uname'.*a command in the guest stands behind --",
    "run x86_64 arm64": "unrecognized arguments: arm64",
    "run --smpp 4": "no option --smpp; did you mean --smp",
    "run --smp 4x": "--smp: want a number",
    "run --smp": "--smp: expected one argument",
    "run --smp 9": "--smp 9: Janus runs on 1 to 8 CPUs",
    "run --mem 1M": "--mem 1M: Janus and its files need 32M",
    "run --mem lots": "--mem lots: want a size such as 32M or 1G",
    "run --timeout 0": "--timeout 0: want a number of seconds above 0",
    "run --add none -- true": "--add none: there is no such file",
    "run --add janus:there -- true": "the path in the guest begins with /",
    "run --init none": "--init none: there is no such file",
    "run --init ci": "--init ci: it is a folder",
    "run --init README.md": "neither an ELF program nor a #! script",
    "run arm64 --init OTHER": "this ELF program is not one of arm64",
    "run --oracle --debug": "--debug is a build of Janus",
    "test pipe": "no machine 'pipe'.*subjects of the suite stand behind --only",
    "test --smp 0": "--smp 0: want numbers of CPUs from 1 to 8",
    "test --oracle --debug": "--debug is a build of Janus",
    "test -- true": "./janus test takes no command after --",
    "test --planted none": "no planted bug 'none'; there are .*wrong-errno",
    "fuzz --calls 0": "--calls 0: want a number from 1 on",
    "fuzz --seed -1": "--seed -1: want a number from 0 on",
    "compare none": "no scenario 'none'; there are: getppid",
    "compare --against none": "none: No such file or directory",
    "compare --html none/page.html": "there is no folder",
    "gdb --oracle": "gdb is for Janus",
}


def run(words, janus=JANUS, cwd=ROOT, **environment):
    return subprocess.run([janus, *words], cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)


def test_mistakes(folder):
    other = os.path.join(folder, "other")
    with open(other, "wb") as out:
        out.write(b"\x7fELF" + bytes(14) + (8).to_bytes(2, "little"))    # of a MIPS
    for text, expected in MISTAKES.items():
        done = run([other if word == "OTHER" else word for word in text.split()])
        wanted(re.search(expected, done.stderr), f"./janus {text}: {done.stderr!r} does not say {expected!r}")
        wanted(done.stderr.startswith("janus: error: ") and done.stderr.count("\n") == 1,
               f"./janus {text}: {done.stderr!r}")
        wanted(done.returncode in (1, 2) and not done.stdout, f"./janus {text}: {done}")


def test_anywhere(folder):
    """From another folder, by a link, in a tree whose path has a space."""
    tree = os.path.join(folder, "a tree")
    os.symlink(ROOT, tree)
    os.symlink(JANUS, os.path.join(folder, "j"))
    for janus in (JANUS, os.path.join(tree, "janus"), os.path.join(folder, "j")):
        listed = run(["compare", "--list"], janus, folder)
        wanted(listed.returncode == 0 and "getppid" in listed.stdout, listed)


def test_output_that_is_not_read(_):
    for words in (["compare", "--list"], ["--help"], ["run", "--help"]):
        for unbuffered in ("", "1"):
            source, sink = os.pipe()
            os.close(source)
            done = subprocess.run([JANUS, *words], stdout=sink, stderr=subprocess.PIPE, text=True, timeout=60,
                                  env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
            os.close(sink)
            quiet = (0, 141) if "--help" in words else (141,)   # argparse may swallow what it could not print
            wanted(done.returncode in quiet and not done.stderr, done)


def test_the_tree_of_another_user(folder):
    """As root has no file that it may not write, the error is made here."""
    mine = os.path.join(folder, "none", "report")
    for path in (folder, mine):
        said = cli.told(PermissionError(errno.EACCES, "Permission denied", os.path.join(path, ".lock")), folder)
        owner = pwd.getpwuid(os.getuid()).pw_name
        wanted(f"{owner} has built in this tree; be {owner}, or" in said and "\n" not in said, said)
    said = cli.told(PermissionError(errno.EACCES, "Permission denied", "/no/tree/file"), folder)
    wanted(said == "/no/tree/file: Permission denied", said)


def test_help(_):
    listed = re.findall(r"^    (\w+) ", run(["--help"]).stdout, re.M)
    wanted(len(listed) >= 9, listed)
    for name in listed:
        done = run([name, "--help"], COLUMNS="60")
        wanted(done.returncode == 0 and not done.stderr, done)
        wanted(max(len(line) for line in done.stdout.splitlines()) <= 100, f"{name}: too wide")


# A command: takes the lock of a tree in a folder as its arguments say; prints other words, and at `stay` waits.
LOCKER = """
import sys, os
sys.path.insert(0, sys.argv[1] + "/ci")
from janus import lock
lock.TREE = sys.argv[2] + "/build/.lock"
for what in sys.argv[3:]:
    if what == "build": lock.to_build(lambda: False)
    elif what == "look": print(lock.to_build(lambda: True))
    elif what == "use": lock.to_use()
    elif what == "let go": lock.let_go(lock.TREE)
    elif what == "call": os.spawnv(os.P_WAIT, sys.executable, [sys.executable, *sys.argv[:3], "build", "inner"])
    else: print(what, flush=True)
    if what == "stay": sys.stdin.readline()
"""


class Locker:
    def __init__(self, folder, *does):
        program = os.path.join(folder, "locker.py")
        with open(program, "w") as out:
            out.write(LOCKER)
        self.process = subprocess.Popen([sys.executable, program, ROOT, folder, *does], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self):
        out, errors = self.process.communicate("\n", timeout=60)
        return out.split("\n")[:-1], errors


def test_two_commands(folder):
    first = Locker(folder, "build", "stay")
    wanted(first.process.stdout.readline() == "stay\n")
    second = Locker(folder, "use", "in")
    waits = second.process.stderr.readline()
    wanted("another ./janus is building in this tree; waiting for it" in waits, waits)
    first.end()
    wanted(second.end() == (["in"], ""), "it did not go on")


def test_a_user_and_a_builder(folder):
    user = Locker(folder, "build", "use", "stay")
    user.process.stdout.readline()
    wanted(Locker(folder, "look", "in").end() == (["False", "in"], ""), "with nothing to build it need not wait")
    builder = Locker(folder, "build", "in")
    waits = builder.process.stderr.readline()
    wanted("there are changes to build, and another ./janus uses" in waits, waits)
    user.end()
    wanted(builder.end() == (["in"], ""), "it did not go on")
    gone = Locker(folder, "build", "use", "let go", "stay")
    gone.process.stdout.readline()
    wanted(Locker(folder, "build", "in").end() == (["in"], ""), "who let go still holds it")
    gone.end()


def test_a_command_within_a_command(folder):
    told = Locker(folder, "build", "call", "outer").end()
    wanted(told == (["inner", "outer"], ""), told)


# Two guests at a time in a pool, as `janus test` runs them, of a QEMU that tells its process and sleeps.
GUESTS = """
import sys, types
sys.path.insert(0, sys.argv[1] + "/ci")
from janus import boots, cli, cpio, guest
guest.root_archive = lambda *_: cpio.Archive()
machine = types.SimpleNamespace(name="fake", qemu=sys.argv[2], board="", cpu="", console="ttyS0")
cli.dispatch = lambda _: boots.run_all([(boots.run_command, machine, "kernel", "", ["true"])] * 4)
sys.exit(cli.main(["test"]))
"""


def alive(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def heed_signals():
    """In a child: what was started in the background, or by nohup, ignores SIGINT or SIGHUP, and so would its
    children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def test_interrupted(folder):
    """No guest outlives a command, however that ends, and those that wait for their turn do not begin."""
    qemu = os.path.join(folder, "qemu")
    with open(qemu, "w") as out:
        out.write(f"#!/bin/sh\necho $$ >>{folder}/begun\nexec sleep 300\n")
    os.chmod(qemu, 0o755)
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)):
        open(f"{folder}/begun", "w").close()
        command = subprocess.Popen([sys.executable, "-c", GUESTS, ROOT, qemu], stdin=subprocess.DEVNULL,
                                   env={**os.environ, "TMPDIR": folder}, preexec_fn=heed_signals)
        begun = wait_for(lambda: open(f"{folder}/begun").read().split())
        command.send_signal(number)
        wanted(command.wait(60) == status, f"{number}: {command.returncode}")
        begun = open(f"{folder}/begun").read().split()
        wanted(wait_for(lambda: not any(map(alive, begun))), f"{number}: a guest of {begun} is left")
        left = [name for name in os.listdir(folder) if name.startswith("janus.")]
        wanted(number == signal.SIGKILL or not left, f"{number}: {left} is left")


def wait_for(found, seconds=60):
    end = time.monotonic() + seconds
    while not found() and time.monotonic() < end:
        time.sleep(0.05)
    return found()


TESTS = {
    "a mistake is told in one line before anything is built": test_mistakes,
    "it runs from another folder, by a link, and in a path with a space": test_anywhere,
    "who does not read its output ends it": test_output_that_is_not_read,
    "a tree that another user has built in is told of": test_the_tree_of_another_user,
    "each command has its help, on a narrow terminal too": test_help,
    "who would use what another builds waits, and says so": test_two_commands,
    "who would build what another uses waits, unless nothing has changed": test_a_user_and_a_builder,
    "a command that a command starts does not wait for it": test_a_command_within_a_command,
    "no guest outlives an interrupted command": test_interrupted,
}


if __name__ == "__main__":
    sys.exit(tap.run(TESTS))
