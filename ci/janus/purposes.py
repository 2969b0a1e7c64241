# SPDX-License-Identifier: BSD-2-Clause
"""What Linux's functions are for, in words: so that the compare page can say where its instructions go."""
import collections
import re

# What it is for; whether Janus has nothing of the kind; the names of functions. The first that fits.
PURPOSES = (
    ("asking the security modules", True, r"security_|apparmor_|aa_|bpf_lsm|cap_"),
    ("defences against speculation, and workarounds of a processor's mistakes", True,
     r"__x86_indirect|__x86_return|amd_clear_divider|cortex_\w+erratum|__bp_harden|spectre"),
    ("another place on the kernel's stack each time, by chance", True, r"get_random_u16"),
    ("accounting to control groups", True, r"\w*(memcg|mem_cgroup|cgroup|cpuacct)"),
    ("telling those who watch a file", False, r"fsnotify|__fsnotify|inotify|kill_fasync"),
    ("time stamps of files", False, r"touch_atime|atime_needs|current_time|ktime_get_coarse|timestamp_truncate|"
                                    r"__mark_inode|__mnt_(want|drop)_write|file_update_time|inode_needs_update|"
                                    r"generic_update_time"),
    ("locks", False, r"_?_?(raw_)?(spin|mutex|read|write)_(un)?(try)?lock|_raw_|mutex_|down_|up_|"
                     r"rwsem|__wake_up|queued_"),
    ("giving way to others, and waiting for readers (RCU)", False, r"__cond_resched|\w*rcu"),
    ("finding the descriptor", False, r"__fdget|__fget|fdget|fput|__f_unlock"),
    ("memory: pages, slabs and tables", False, r"\w*(slab|kmalloc|kmem_|kfree|alloc|free_|folio|page|pte|pmd|tlb|vma|"
                                               r"mm_|mas_|mt_|zap)"),
)
ENTRY = "the way in and out"
REST = "the call's own work"


def of(function):
    return next(((what, absent) for what, absent, names in PURPOSES if re.match(names, function)), (REST, False))


def grouped(lane, way):
    """[(what for, Janus has none, instructions, functions with theirs)], the dearest first; way: the stages of the
    door."""
    totals = collections.defaultdict(collections.Counter)
    for instruction, key in zip(lane.instructions, lane.keys):
        purpose = of(instruction.function)
        totals[(ENTRY, False) if key in way and not purpose[1] else purpose][instruction.function] += 1
    return sorted(((what, absent, sum(names.values()), names.most_common())
                   for (what, absent), names in totals.items()),
                  key=lambda row: -row[2])
