# SPDX-License-Identifier: BSD-2-Clause
"""The trap frame as it lay on the kernel stack, slot by slot."""

WORDS = {
    "x86_64": ["trap", "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi",
               "rdi", "orig_rax", "rip", "cs", "rflags", "rsp", "ss"],
    "arm64": [f"x{n}" for n in range(31)] + ["sp", "pc", "pstate", "orig_x0", "syscallno"],
}
# What a slot is for, where its name does not say it.
MEANING = {
    "x86_64": {"trap": "kernel's own: which door, and whether the full way out is needed",
               "orig_rax": "the call's number, or -1", "rip": "where the user goes on", "rsp": "the user's stack",
               "rflags": "the user's flags", "rax": "the result", "rcx": "lost to the user: syscall puts rip here",
               "r11": "lost to the user: syscall puts rflags here"},
    "arm64": {"x0": "first argument, then the result", "x8": "the call's number", "x30": "link register",
              "sp": "the user's stack (SP_EL0)", "pc": "where the user goes on (ELR_EL1)",
              "pstate": "the user's flags (SPSR_EL1)", "orig_x0": "first argument, kept for a restart",
              "syscallno": "the call's number, or -1"},
}
# The function whose first argument is the frame, and the register that holds it.
FRAME_FUNCTIONS = ("syscall_dispatch", "trap_from_user")
FRAME_REGISTER = {"x86_64": "rdi", "arm64": "x0"}


def frame_rows(lane):
    """[(offset, slot, value, what it is)] of a lane of ours."""
    names = WORDS[lane.machine]
    return [(8 * n, name, value, MEANING[lane.machine].get(name, ""))
            for n, (name, value) in enumerate(zip(names, lane.frame))]
