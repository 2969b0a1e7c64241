# SPDX-License-Identifier: BSD-2-Clause
"""The commands of janus and the options of each."""
import argparse
import difflib
import re

from .machine import machine
from .term import Trouble

ABOUT = """\
Janus is a kernel with two faces: it runs unmodified Linux programs on x86_64 and on arm64, from one
core. This command sets up what is missing, builds it, boots it in QEMU and tests it."""

EXAMPLES = """\
examples:
  ./janus run                            a shell inside Janus on x86_64 (Ctrl-A x leaves)
  ./janus run arm64                      the same on arm64
  ./janus run arm64 -- uname -a          run one command; its output and exit status come back
  ./janus run --smp 4 --mem 64M -- free  on four CPUs with 64 MiB
  ./janus run --add ./hello -- /hello    put your own static Linux program into the guest and run it
  ./janus run --init ./hello             or make it the first process
  ./janus run --oracle arm64 -- uname -a the same on Debian's own Linux, to compare
  ./janus test                           build, boot and test both machines
  ./janus test --only pipe,poll arm64    two subjects of the suite on one of them
  ./janus compare read --html page.html  how one call enters and leaves the kernel on both, as a page
  ./janus bench --rows getppid,pipe_1    what operations cost, beside Linux
  ./janus gdb arm64                      debug the kernel

`./janus COMMAND --help` tells more of each."""


def machine_name(text):
    return machine(text).name


def add_guest_options(parser):
    group = parser.add_argument_group("the guest")
    group.add_argument("--smp", type=int, default=1, metavar="N", help="CPUs, 1 to 8 (default: 1)")
    group.add_argument("--mem", default="512M", metavar="SIZE", help="memory, such as 32M or 1G (default: 512M)")
    group.add_argument("--append", default="", metavar="ARGS", help="more of the kernel's command line")
    group.add_argument("--cpu", default="", help="QEMU's -cpu, such as qemu64 or cortex-a53")
    group.add_argument("--board", default="", metavar="OPTS", help="more of QEMU's -M, such as gic-version=3")
    group.add_argument("--icount", action="store_true", help="one guest nanosecond an instruction: the same every run")
    group.add_argument("--uboot", action="store_true", help="boot through Debian's U-Boot")
    group.add_argument("--oracle", action="store_true", help="Debian's own Linux kernel instead of Janus")
    group.add_argument("--debug", action="store_true", help="the debug build of Janus")
    group.add_argument("--init", default="", metavar="FILE", help="a static Linux program of yours as process 1")
    group.add_argument("--add", action="append", default=[], metavar="FILE[:PATH]",
                       help="put a file or folder into the guest (repeatable)")
    group.add_argument("--timeout", type=float, metavar="SECONDS", help="end the guest after so long, with status 124")
    group.add_argument("--verbose", action="store_true", help="show the boot and QEMU's command line")


def meant(word, known):
    close = difflib.get_close_matches(word, [name for name in known if len(name) > 2], 1, 0.5)
    return f"; did you mean {close[0]}?" if close else ""


class Parser(argparse.ArgumentParser):
    """One line for what it does not understand."""

    def __init__(self, **keywords):
        super().__init__(allow_abbrev=False, **keywords)

    def parse_known_args(self, words=None, namespace=None):
        known = self._option_string_actions
        for word in words:
            option = word.split("=")[0]
            if re.match(r"--?[a-zA-Z]", word) and " " not in option and option not in known:
                raise Trouble(f"{self.prog} has no option {option}{meant(option, known)} ({self.prog} --help)", 2)
            if word == words[0] and self._subparsers:
                break       # the rest is for the command's own parser
        return super().parse_known_args(words, namespace)

    def error(self, message):
        message = re.sub(r"^argument |invalid (int|float) value: .*",
                         lambda m: "want a number" if m[1] else "", message)
        raise Trouble(f"{self.prog}: {message}", 2)


def add_machines(sub):
    sub.add_argument("arch", nargs="*", type=machine_name, metavar="ARCH", help="default: both")


def add_run(commands):
    sub = commands.add_parser("run", help="boot one machine: a shell, or one command in it",
                              usage="./janus run [x86_64|arm64] [options] [-- COMMAND...]",
                              description="Boot Janus in QEMU and give a shell, or run COMMAND in the guest and "
                                          "end with its exit status (124: time is up, 125: the guest died).")
    sub.add_argument("arch", nargs="?", default="x86_64", type=machine_name, metavar="ARCH",
                     help="x86_64 (default) or arm64")
    add_guest_options(sub)


def add_build(commands):
    sub = commands.add_parser("build", help="build the kernel and the guest's files",
                              description="Leaves build/ARCH/janus.elf, build/ARCH/boot/kernel and boot/initrd.")
    add_machines(sub)
    sub.add_argument("--debug", action="store_true", help="the debug build, in build/ARCH-debug")


def add_test(commands):
    sub = commands.add_parser("test", help="everything that must pass, on both machines",
                              description="Rule checks, host unit tests, and the suite on both machines, compared "
                                          "with Debian's Linux. Reports are left in build/report.")
    add_machines(sub)
    sub.add_argument("--oracle", action="store_true", help="run the suite on Debian's Linux only, afresh")
    sub.add_argument("--only", default="", metavar="NAMES", help="subjects of the suite, by commas")
    sub.add_argument("--smp", default="1,4", metavar="N,N", help="CPUs of each boot (default: 1,4)")
    sub.add_argument("--debug", action="store_true",
                     help="the debug build, with its checkers on, and its hunts, at 4 CPUs")
    sub.add_argument("--planted", nargs="?", const="", metavar="NAMES",
                     help="plant the bugs of ci/planted one by one in a copy: the tests must find each")
    sub.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="for each guest (default: 3600)")
    sub.add_argument("--verbose", action="store_true", help="show the guests' consoles")


def add_bench(commands):
    sub = commands.add_parser("bench", help="what each operation costs, in guest instructions",
                              description="Runs one static program with every operation of userland/bench/costs.tbl "
                                          "on Janus and on Debian's Linux, where a nanosecond is one instruction.")
    add_machines(sub)
    sub.add_argument("--rows", type=lambda text: text.split(","), default=[], metavar="NAMES",
                     help="these only, by commas")
    sub.add_argument("--no-linux", action="store_true", help="Janus only")
    sub.add_argument("--events", action="store_true",
                     help="also what processors charge more for than an instruction, by row: barriers, atomics, ...")
    sub.add_argument("--smp", default="", metavar="N,N",
                     help="Janus at each number of CPUs: is a row within 10 %% of the first?")
    sub.add_argument("--check", action="store_true",
                     help="fail when a row is more than 2 %% over its budget; with --smp: when one is not flat")
    sub.add_argument("--budgets", action="store_true", help="print costs.tbl with its budgets measured anew")
    sub.add_argument("--json", default="", metavar="FILE", help="leave the figures in FILE")
    sub.add_argument("--html", default="", metavar="FILE", help="leave a page with a plot in FILE")
    sub.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for each guest (default: 600)")


def add_compare(commands):
    sub = commands.add_parser("compare", help="a call on both machines side by side, from what really ran",
                              description="Records one warm call on both machines, instruction by instruction, and "
                                          "shows it stage by stage. Without CALL: getppid.")
    sub.add_argument("call", nargs="*", metavar="CALL", help="what to record; --list tells them")
    sub.add_argument("--list", action="store_true", help="the scenarios, a line each")
    sub.add_argument("--all", action="store_true", help="every scenario")
    sub.add_argument("--linux", action="store_true", help="Debian's Linux beside it")
    sub.add_argument("--full", action="store_true", help="list every instruction with its source line")
    sub.add_argument("--html", default="", metavar="FILE", help="leave a page in FILE (with Linux's lanes)")
    sub.add_argument("--json", default="", metavar="FILE", help="leave the figures in FILE")
    sub.add_argument("--against", default="", metavar="OLD.json", help="what changed by stage since OLD.json")
    sub.add_argument("--check", action="store_true", help="fail when a stage is over its budget")
    sub.add_argument("--budgets", action="store_true", help="print the budgets measured anew")


def add_docs(commands):
    sub = commands.add_parser("docs", help="the site of static pages, in build/docs",
                              description="Turns docs/ into HTML with figures and listings from calls recorded for it.")
    sub.add_argument("--quick", action="store_true", help="record three calls on Janus only")


def add_fuzz(commands):
    sub = commands.add_parser("fuzz", help="random programs of system calls, compared with Linux",
                              description="The same seed gives the same programs. A difference is shrunk and "
                                          "printed as C.")
    add_machines(sub)
    sub.add_argument("--seed", type=int, default=1, metavar="N", help="(default: 1)")
    sub.add_argument("--calls", type=int, default=2000, metavar="N", help="on each machine (default: 2000)")
    sub.add_argument("--program", type=int, metavar="K", help="shrink and tell program K of the seed alone")
    sub.add_argument("--stats", action="store_true", help="what came of each call")
    sub.add_argument("--storm", action="store_true", help="many at once on 4 CPUs, for panics and hangs only")
    sub.add_argument("--debug", action="store_true", help="the debug build; in a storm with forced rescheduling")
    sub.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for each guest (default: 600)")


def add_coverage(commands):
    sub = commands.add_parser("coverage", help="which lines of the kernel the tests run",
                              description="Runs the suite, the real programs, bad pointers, random programs and "
                                          "boots on a kernel that counts its lines (gcov), and the host's unit tests; "
                                          "leaves build/report/coverage/index.html, and fails when less than 80 % of "
                                          "core's lines were run.")
    add_machines(sub)
    sub.add_argument("--again", action="store_true", help="run nothing, read what the last run counted")
    sub.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for each guest (default: 600)")


def add_gdb(commands):
    sub = commands.add_parser("gdb", help="debug the kernel with gdb-multiarch",
                              usage="./janus gdb [ARCH] [options] [-- COMMAND...]",
                              description="Starts a guest that waits, and gdb with the kernel's symbols on it. In gdb, "
                                          "`janus` lists the helpers.")
    sub.add_argument("arch", nargs="?", default="x86_64", type=machine_name, metavar="ARCH")
    sub.add_argument("--ex", action="append", default=[], metavar="COMMAND", help="a gdb command to begin with")
    sub.add_argument("--batch", action="store_true", help="leave gdb after the --ex commands")
    add_guest_options(sub)


def parser():
    top = Parser(prog="./janus", usage="./janus COMMAND [options]", description=ABOUT, epilog=EXAMPLES,
                 formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="what", metavar="COMMAND", title="commands", prog="./janus")
    for add in (add_run, add_build, add_test, add_bench, add_compare, add_docs, add_fuzz, add_coverage, add_gdb):
        add(commands)
    return top, commands.choices
