# SPDX-License-Identifier: BSD-2-Clause
"""The doors of each machine: by what the user comes in, the label that it comes to, and the C function behind it."""

# (what happens in user mode, how it looks, label of the entry file, C function)
DOORS = {
    "x86_64": [("syscall", "a call: the number in rax, arguments in rdi rsi rdx r10 r8 r9", "user_syscall",
                "syscall_dispatch"),
               ("exceptions 0 to 31", "a fault or a trap: the processor pushes ss, rsp, flags, cs and rip on the "
                "thread's kernel stack, and for some an error code", "user_trap", "trap_from_user"),
               ("vectors 32 to 255", "a device, the timer or another CPU", "user_irq", "irq_from_user"),
               ("a child's first turn", "no door: the scheduler switches to a thread that was never in user mode",
                "thread_entry", "thread_start")],
    "arm64": [("svc #0", "a call: the number in x8, arguments in x0 to x5", "user_syscall", "syscall_dispatch"),
              ("a synchronous exception", "a fault or a trap, by the same vector as svc: the address goes to ELR_EL1, "
               "the cause to ESR_EL1", "user_trap", "trap_from_user"),
              ("IRQ", "a device, the timer or another CPU", "user_irq", "irq_from_user"),
              ("a child's first turn", "no door: the scheduler switches to a thread that was never in user mode",
               "thread_entry", "thread_start")],
}
WAY_OUT = {"x86_64": "sysret after a call that nothing has changed, iretq after all else", "arm64": "eret"}
PRIVILEGE = {"x86_64": ("ring 3", "ring 0"), "arm64": ("EL0", "EL1")}


def used(lane):
    """The labels that a lane came in by: svc and faults share a vector, so the C function behind it decides."""
    seen = {i.function for i in lane.instructions}
    return {label for _, _, label, function in DOORS[lane.machine] if label in seen and function in seen}
