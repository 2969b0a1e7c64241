# SPDX-License-Identifier: BSD-2-Clause
"""How much of this computer is ours: taskset or a container may leave less than there is.

Source: Linux's documentation, admin-guide/cgroup-v2.rst, and scheduler/sched-bwc.rst for the files of version 1.
"""
import contextlib
import os
import re

CGROUPS, OURS, MEMINFO = "/sys/fs/cgroup", "/proc/self/cgroup", "/proc/meminfo"
GUEST_MEMORY = 3 << 29      # what a guest takes: with Debian's programs 1 GiB of QEMU's, and the archive twice here


def limits(controller, name):
    """The words of each file of that name that bounds this process: of its control group and of those around it."""
    with contextlib.suppress(OSError), open(OURS) as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            home = os.path.join(CGROUPS, controllers)       # version 2 names none, and is the folder itself
            while True:
                with contextlib.suppress(OSError), open(f"{home}{path}/{name}") as found:
                    yield found.read().split()
                if path in ("", "/"):
                    break
                path = os.path.dirname(path)


def processors():
    """How many may run at once for us."""
    count = len(os.sched_getaffinity(0))
    shares = list(limits("cpu", "cpu.max"))
    shares += [quota + period for quota, period in zip(limits("cpu", "cpu.cfs_quota_us"),
                                                       limits("cpu", "cpu.cfs_period_us"))]
    for quota, period in shares:
        if quota not in ("max", "-1"):
            count = min(count, -(-int(quota) // int(period)))
    return max(1, count)


def memory():
    """Bytes that are free for us."""
    with open(MEMINFO) as file:
        free = int(re.search(r"^MemAvailable:\s+(\d+) kB", file.read(), re.M)[1]) << 10
    bounds = [words[0] for name in ("memory.max", "memory.limit_in_bytes") for words in limits("memory", name)]
    return min([free, *(int(bound) for bound in bounds if bound != "max")])


def guests_at_once():
    return max(1, min(processors(), memory() // GUEST_MEMORY))
