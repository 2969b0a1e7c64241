#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: each planted bug still has its place.

planted.py ROOT

A patch of ci/planted/ has its head and applies to the tree; whether the tests find its bug is asked by
`janus test --planted`.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(sys.argv[1], "ci"))

from janus import planted  # noqa: E402
from janus.term import Trouble  # noqa: E402


def main():
    try:
        bugs = planted.plants([])
    except Trouble as trouble:
        print(trouble)
        return 1
    complaints = [f"{plant.patch}: {told}" for plant in bugs if (told := planted.apply(plant, sys.argv[1], "--check"))]
    print("\n".join(complaints) or f"{len(bugs)} planted bugs apply")
    return 1 if complaints or not bugs else 0


sys.exit(main())
