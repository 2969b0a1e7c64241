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
STAGES = (("user", "the user's own instructions"), ("vdso", "the vDSO, in user mode"), ("vectors", "2. vectors"), ("entry", "3. entry from user"),
          ("syscall", "4. syscall"), ("dispatch", "dispatch"), ("copy", "copy from and to the user"),
          ("handler", "the handler"), ("kernel-entry", "5. entry from kernel"), ("exit", "exit work"),
          ("return", "6. return"), ("thread-start", "7. thread start"))
BY_BANNER = {2: "vectors", 3: "entry", 4: "syscall", 5: "kernel-entry", 6: "return", 7: "thread-start"}

# Linux's functions by stage; what is in no list is the handler's.
LINUX = (
    ("vectors", r"^(vectors|tramp_vectors|__bp_harden_el1_vectors|asm_exc_\w+)$"),
    ("entry", r"^(el0t_64_sync|entry_SYSCALL_64\w*|error_entry|sync_regs|paranoid_\w+|el0t_64_sync_handler|"
              r"__kernel_entry\w*|fixup_bad_iret)$"),
    ("dispatch", r"^(do_syscall_64|do_el0_svc|el0_svc\w*|invoke_syscall\w*|x64_sys_call|syscall_enter_\w+|"
                 r"exc_page_fault|do_mem_abort|el0_da|do_translation_fault|syscall_trace_enter)$"),
    ("copy", r"^(_?copy_(from|to)_user\w*|__arch_copy_\w+|__get_user_\w+|__put_user_\w+|clear_user\w*|rep_\w+|"
             r"copy_user_\w+|strncpy_from_user|__arch_clear_user)$"),
    ("exit", r"^(syscall_exit_\w+|exit_to_user_\w+|do_notify_resume|el0_\w*exit\w*|fpregs_\w+|mem_cgroup_handle\w+|"
             r"arch_do_signal\w*|do_signal|get_signal)$"),
    ("return", r"^(syscall_return_via_sysret|swapgs_restore\w*|ret_to_user|native_iret|common_interrupt_return|"
               r"irqentry_exit\w*)$"),
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
        if instruction.function in ("syscall_dispatch", "page_fault") or path.endswith(("/trap.c", "syscall/dispatch.c")):
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
