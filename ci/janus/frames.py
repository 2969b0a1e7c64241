# SPDX-License-Identifier: BSD-2-Clause
"""The trap frame as it lay on the kernel stack, slot by slot: what lands where, and where it goes again."""

WORDS = {
    "x86_64": ["trap", "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi",
               "rdi", "orig_rax", "rip", "cs", "rflags", "rsp", "ss"],
    "arm64": [f"x{n}" for n in range(31)] + ["sp", "pc", "pstate", "orig_x0", "syscallno"],
}
PUSHED = ("pushed by the processor", "popped by iretq")
KEPT = "stays in the register: C keeps it"
# Slot: (where its word comes from, where it goes on the way out), where that is not the register of its name.
CALL = {
    "x86_64": {"trap": ("the user's trap flag: 0 lets sysret do", "nowhere: the kernel's own"),
               "r15": ("r15", KEPT), "r14": ("r14", KEPT), "r13": ("r13", KEPT), "r12": ("r12", KEPT),
               "rbp": ("rbp", KEPT), "rbx": ("rbx", KEPT),
               "r11": ("r11, which syscall overwrote", "lost: it held the flags"),
               "rax": ("-ENOSYS, until there is a result", "rax: the result"),
               "rcx": ("rcx, which syscall overwrote", "lost: it held the address"),
               "orig_rax": ("rax: the call's number", "nowhere: for a restart"),
               "rip": ("rcx: syscall put the next address there", "rcx, for sysret"),
               "cs": ("a constant", "sysret has its own"),
               "rflags": ("r11: syscall put the flags there", "r11, for sysret"),
               "rsp": ("rsp, by way of a word of this CPU", "rsp"), "ss": ("a constant", "sysret has its own")},
    "arm64": {"x0": ("x0: the first argument", "x0: the result"), "x8": ("x8: the call's number", "x8"),
              "sp": ("sp_el0", "sp_el0"), "pc": ("elr_el1: svc put the next address there", "elr_el1, for eret"),
              "pstate": ("spsr_el1: svc put the flags there", "spsr_el1, for eret"),
              "orig_x0": ("x0, since the result replaces it", "nowhere: for a restart"),
              "syscallno": ("x8: the call's number", "nowhere: for a restart")},
}
TRAP = {
    "x86_64": {"trap": ("the vector's number and error code", "nowhere: the kernel's own"),
               "orig_rax": ("-1: this is no call", "nowhere"), "rip": PUSHED,
               "cs": PUSHED, "rflags": PUSHED, "rsp": PUSHED, "ss": PUSHED},
    "arm64": {"sp": ("sp_el0", "sp_el0"), "pc": ("elr_el1: the address that trapped", "elr_el1, for eret"),
              "pstate": ("spsr_el1", "spsr_el1, for eret"), "orig_x0": ("-1: this is no call", "nowhere"),
              "syscallno": ("-1: this is no call", "nowhere")},
}
# Where the frame is as a function begins: a register, and how far above it.
FRAME_AT = {
    "syscall_dispatch": {"x86_64": ("rsp", 24), "arm64": ("sp", 0)},    # behind a return address and two words
    "trap_from_user": {"x86_64": ("rdi", 0), "arm64": ("x0", 0)},
}


def is_call(lane):
    """Whether the lane's frame was made by a call."""
    return any(i.function == "syscall_dispatch" for i in lane.instructions)


def frame_rows(lane):
    """[(offset, slot, value, where from, where to)] of a lane of ours."""
    special = (CALL if is_call(lane) else TRAP)[lane.machine]
    return [(8 * n, name, value, *special.get(name, (name, name)))
            for n, (name, value) in enumerate(zip(WORDS[lane.machine], lane.frame))]


def misplaced(lane):
    """The slots that do not hold what the table says: the user's register of that name, as lines. Other sources are
    constants, or were changed by the trap instruction itself."""
    return [f"{lane.machine}: slot {slot} holds {value:#x}, {source} was {lane.before[source]:#x}"
            for _, slot, value, source, _ in frame_rows(lane) if lane.before.get(source, value) != value]
