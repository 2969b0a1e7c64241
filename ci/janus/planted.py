# SPDX-License-Identifier: BSD-2-Clause
"""`janus test --planted`: is a red to be had? Bugs are planted, and the tests must find each.

Each ci/planted/NAME.patch is one bug. Its head says what is wrong, which command is to find it, and what that
command must say then: a regular expression for the words that lead to the bug. The patches are applied one by one
to a copy of the tree under build/, so that nothing here changes.
"""
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass

from . import ktap, lock
from .machine import BUILD, PACKAGES, ROOT
from .term import Step, Trouble

FOLDER = os.path.join(ROOT, "ci/planted")
TREE = os.path.join(BUILD, "planted")
LIMIT = 900         # seconds that a command may take; a bug that hangs a guest ends by the guest's own limits
TOLD = 40           # lines of a command that did not find its bug


@dataclass
class Plant:
    name: str
    what: str       # what is wrong
    run: str        # the words after ./janus
    says: str       # a regular expression that its output must hold
    patch: str      # the file


def read(name):
    path = os.path.join(FOLDER, name + ".patch")
    try:
        with open(path) as file:
            head = file.read().split("\n--- ")[0]
    except OSError:
        known = ", ".join(sorted(entry[:-6] for entry in os.listdir(FOLDER)))
        raise Trouble(f"there is no planted bug {name!r}; there are {known}", 2) from None
    fields = dict(re.findall(r"^(What|Run|Says): (.+)$", head, re.M))
    if len(fields) != 3:
        raise Trouble(f"{path}: want the lines What:, Run: and Says: before the patch")
    return Plant(name, fields["What"], fields["Run"], fields["Says"], path)


def plants(names):
    return [read(name) for name in names or sorted(entry[:-6] for entry in os.listdir(FOLDER))]


def lay_tree():
    """The copy, as the tree is now, new files too; only what differs is written, so that little is built anew."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if listed.returncode:
        raise Trouble("--planted needs a git checkout: it copies the files that git knows")
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = os.path.join(ROOT, name), os.path.join(TREE, name)
        if os.path.exists(source) and not same(source, copy):
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(source, copy)


def same(source, copy):
    if not os.path.exists(copy):
        return False
    with open(source, "rb") as one, open(copy, "rb") as other:
        return one.read() == other.read()


def apply(plant, tree, *options):
    """Change the tree as the patch says; what is wrong with that, or ""."""
    done = subprocess.run(["git", "apply", "-C1", *options, "--unsafe-paths", "--directory", tree, plant.patch],
                          cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return f"the patch does not apply any more: renew it\n{done.stdout}" if done.returncode else ""


def found(plant):
    """A Result: ok when the command fails and says what leads to the bug."""
    lay_tree()
    told = apply(plant, TREE)
    if told:
        return ktap.Result("fail", told)
    try:
        done = subprocess.run([os.path.join(TREE, "janus"), *shlex.split(plant.run)], cwd=TREE, timeout=LIMIT,
                              text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "JANUS_CACHE": PACKAGES}, errors="replace")
    except subprocess.TimeoutExpired:
        return ktap.Result("fail", f"./janus {plant.run} did not end within {LIMIT} s")
    finally:
        lay_tree()
    words = re.search(plant.says, done.stdout, re.M)
    if done.returncode == 1 and words:
        return ktap.Result("ok", words[0].strip())
    told = "\n".join(done.stdout.splitlines()[-TOLD:])
    return ktap.Result("fail", f"./janus {plant.run} ended with {done.returncode}; "
                               f"{'it' if words else 'it did not say ' + plant.says + ' and'} printed\n{told}")


def planted(names):
    """[(heading, subjects)] of the planted bugs that were looked for."""
    subject = ktap.Subject("planted")
    bugs = plants(names)
    lock.alone(lock.REPORT, "another ./janus writes build/report")
    for plant in bugs:
        with Step(f"planting {plant.name}: {plant.what}"):
            result = found(plant)
            subject.put(f"{plant.name}: {plant.what}", result)
        print(f"{plant.name}: " + (f"found: {result.detail}" if result.status == "ok" else "NOT found"), flush=True)
    return [("planted", {subject.name: subject})]
