# SPDX-License-Identifier: BSD-2-Clause
"""Which stage of a call an instruction belongs to: the banners of the entry files, and what C does between them."""
import os
import re
from dataclasses import dataclass, field

from .machine import ROOT
from .trace import PROGRAM

ENTRY = {"x86_64": "arch/x86_64/entry.asm", "arm64": "arch/arm64/entry.S"}
BANNER = re.compile(r"---- (\d)\. (.+?) ----")

# The rows, in the order of a call. The first of each pair is the key in the JSON.
STAGES = (("user", "the user's own instructions"), ("vdso", "the vDSO, in user mode"), ("vectors", "2. vectors"),
          ("entry", "3. entry from user"), ("syscall", "4. syscall"), ("dispatch", "dispatch"),
          ("copy", "copy from and to the user"), ("handler", "the handler"), ("kernel-entry", "5. entry from kernel"),
          ("exit", "exit work"), ("return", "6. return"), ("thread-start", "7. thread start"))
THE_WORK = ("handler", "copy", "user", "vdso")      # the other stages are the way in and out
# What each is, for a person who never saw the code; HTML.
ABOUT = {
    "user": "What the program itself ran: the trap instruction, and, where the call let the program run in between (a "
            "signal's handler, another process), all of that.",
    "vdso": "A small library that the kernel puts into every program. It reads what the kernel left in a page that "
            "both can see, so that no door has to be gone through.",
    "vectors": "Where the processor jumps to by itself. Nothing is decided here but where to go on. A call on x86_64 "
               "has no vector: <code>syscall</code> jumps straight to the address in a register.",
    "entry": "The way in for faults, traps and interrupts: every register of the user is stored on the thread's kernel "
             "stack.",
    "syscall": "The way in for calls: switch to the thread's kernel stack, store the user's registers there (the trap "
               "frame), let interrupts in again, and call C. On arm64 calls and faults share a vector, so a fault's "
               "frame is made here too.",
    "dispatch": "C looks up what to do: a call's function in a table by its number, a fault's cause and address.",
    "copy": "Bytes between the user's memory and the kernel's. An address of the user's is checked, and a fault on it "
            "is no crash.",
    "handler": "The work that was asked for, and the only stage that differs from call to call.",
    "kernel-entry": "A fault or an interrupt that came while the kernel ran, such as a copy to a page that is not "
                    "there yet.",
    "exit": "What must be done before the user goes on: a signal to deliver, another thread's turn.",
    "return": "The only way out to the user: interrupts off, one look at whether anything is left to do, the user's "
              "registers back from the frame, and the instruction that gives up the kernel's rights.",
    "thread-start": "Where a new thread's first turn begins: it finishes the switch, and goes out as its parent did.",
}
BY_BANNER = {2: "vectors", 3: "entry", 4: "syscall", 5: "kernel-entry", 6: "return", 7: "thread-start"}

# Linux's functions by stage; what is in no list is the handler's.
LINUX = (
    ("vectors", r"^(vectors|tramp_vectors|__bp_harden_el1_vectors|asm_exc_\w+)$"),
    ("return", r"^(syscall_return_via_sysret|entry_SYSRETQ\w*|swapgs_restore\w*|ret_to_user|ret_from_fork|native_iret|"
               r"native_irq_return_iret|common_interrupt_return|irqentry_exit\w*)$"),
    ("entry", r"^(error_entry|sync_regs|paranoid_\w+|__kernel_entry\w*|fixup_bad_iret)$"),
    ("syscall", r"^(entry_SYSCALL_64\w*|el0t_64_sync)$"),
    ("dispatch", r"^(do_syscall_64|el0t_64_sync_handler|do_el0_svc|el0_svc\w*|invoke_syscall\w*|x64_sys_call|"
                 r"exc_page_fault|do_mem_abort|el0_da|do_translation_fault|syscall_trace_enter)$"),
    ("copy", r"^(_?copy_(from|to)_user\w*|__arch_copy_\w+|__get_user_\w+|__put_user_\w+|clear_user\w*|rep_\w+|"
             r"copy_user_\w+|strncpy_from_user|__arch_clear_user)$"),
    ("exit", r"^(syscall_exit_\w+|exit_to_user_\w+|do_notify_resume|el0_\w*exit\w*|fpregs_\w+|mem_cgroup_handle\w+|"
             r"arch_do_signal\w*|do_signal|get_signal)$"),
)


def user_stage(address):
    return "user" if address in PROGRAM else "vdso"


def banners(machine):
    """[(line, banner number)] of the entry file, rising."""
    with open(os.path.join(ROOT, ENTRY[machine])) as file:
        return [(at, int(match[1])) for at, row in enumerate(file, 1) if (match := BANNER.search(row))]


LABEL = re.compile(r"^(?:global )?([a-z]\w*):?\s*(?:[;/].*)?$")


def labels(machine):
    """{label: the banner it stands under} of the entry file."""
    found, number = {}, 1
    with open(os.path.join(ROOT, ENTRY[machine])) as file:
        for row in file:
            if match := BANNER.search(row):
                number = int(match[1])
            elif match := LABEL.match(row):
                found[match[1]] = number
    return found


@dataclass
class Stage:
    key: str
    instructions: list = field(default_factory=list)

    @property
    def count(self):
        return len(self.instructions)

    def total(self, what):
        return sum(getattr(i, what) for i in self.instructions)

    def events(self):
        found = {}
        for instruction in self.instructions:
            if instruction.event:
                found[instruction.event] = found.get(instruction.event, 0) + 1
        return found


class JanusStages:
    """Where an instruction of ours belongs; call of() in the order of the trace."""

    def __init__(self, machine):
        self.machine, self.banners, self.labels = machine, banners(machine), labels(machine)
        self.in_exit_work = False

    def of(self, instruction):
        if not instruction.address >> 63:
            return user_stage(instruction.address)
        if instruction.file == ENTRY[self.machine]:
            self.in_exit_work = False
            number = max((n for line, n in self.banners if line <= instruction.line), default=1)
            if number == 1:     # an assembler may give a macro's line: then the stage is that of the label
                number = self.labels.get(instruction.function, 3)
            return BY_BANNER[number]
        # The vectors' macros are in the entry file too; an alignment's filler has no line of its own.
        if instruction.function.startswith("vectors"):
            return "vectors"
        if instruction.function == "exit_to_user_work":
            self.in_exit_work = True
        if self.in_exit_work:
            return "exit"
        return self.in_c(instruction)

    def in_c(self, instruction):
        path = instruction.file
        if (instruction.function in ("syscall_dispatch", "page_fault")
                or path.endswith(("/trap.c", "syscall/dispatch.c"))):
            return "dispatch"
        if "/uaccess" in path:
            return "copy"
        return "handler"


class LinuxStages:
    def __init__(self):
        self.patterns = [(key, re.compile(pattern)) for key, pattern in LINUX]

    def of(self, instruction):
        if not instruction.address >> 63:
            return user_stage(instruction.address)
        return next((key for key, pattern in self.patterns if pattern.match(instruction.function)), "handler")


def group(keys, instructions):
    """Instructions of one window by stage; keys is the stage of each."""
    stages = {key: Stage(key) for key, _ in STAGES}
    for key, instruction in zip(keys, instructions):
        stages[key].instructions.append(instruction)
    return stages
