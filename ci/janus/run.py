# SPDX-License-Identifier: BSD-2-Clause
"""`janus run`: boot one guest, give a shell or run a command in it."""
import os
import shutil
import sys
import tempfile

from . import boots, console, guest as guests, lock, packages, qemu, setup
from .build import build
from .machine import machine as find_machine, memory_size
from .term import Trouble, red, say

DIED, TIMEOUT = 125, 124


def kernel_for(machine, options):
    """The kernel to boot and the folder of the programs: (kernel, folder)."""
    if options.oracle:
        folder = build(machine, ["userland"], mode="release")
        return packages.linux_kernel(machine)[0], folder
    folder = build(machine, ["boot/kernel", "userland"], mode="debug" if options.debug else "release")
    return os.path.join(folder, "boot/kernel"), folder


def kernel_arguments(machine, options):
    """The kernel's command line, for Janus and Linux alike."""
    words = [f"console={machine.console}", "panic=-1"]
    if not options.verbose:
        words.append("quiet")
    if options.icount:
        words += ["norandmaps", "nokaslr"]
    if options.oracle:
        words += machine.linux
    return words + ([options.append] if options.append else [])


def check(options):
    if not 1 <= options.smp <= 8:
        raise Trouble(f"--smp {options.smp}: Janus runs on 1 to 8 CPUs", 2)
    if options.oracle and options.debug:
        raise Trouble("--debug is a build of Janus; the oracle is Debian's own kernel", 2)
    if options.timeout is not None and options.timeout <= 0:
        raise Trouble(f"--timeout {options.timeout:g}: want a number of seconds above 0", 2)
    memory_size(options.mem)
    for text in options.add:
        guests.parse_add(text)
    if options.init:
        guests.check_program(options.init, find_machine(options.arch))


def run(options):
    check(options)
    machine = find_machine(options.arch)
    if options.uboot:
        setup.need(setup.U_BOOT)
    kernel, folder = kernel_for(machine, options)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    size = tuple(shutil.get_terminal_size()) if terminal else (0, 0)
    job = guests.Run(machine, options.command, terminal, size)
    archive = guests.root_archive(machine, folder, guests.kinds_for(options.command))
    for text in options.add:
        guests.add_file(archive, text)
    if options.init:
        archive.file("/init", options.init, 0o755)
    guests.check_interpreters(archive, options)
    job.put(archive)
    with tempfile.TemporaryDirectory(prefix="janus.") as scratch:
        initrd = guests.write_initrd(archive, os.path.join(scratch, "initrd"))
        guest = qemu.Guest(machine, kernel, initrd, kernel_arguments(machine, options), options.smp,
                           memory_size(options.mem), options.cpu, options.board, options.icount)
        if options.uboot:
            from . import uboot
            guest = uboot.prepare(guest)
        guest.kernel = shutil.copy(guest.kernel, scratch)
        lock.let_go(lock.TREE)      # the guest has all that it needs: what was built may change under it
        if options.verbose:
            say(" ".join(guest.command()))
        if terminal:
            say(f"booting {machine.name}; Ctrl-A x leaves")
        return boot(guest, job, options, terminal)


def boot(guest, job, options, terminal):
    everything = options.verbose or bool(options.init)
    with tempfile.TemporaryFile() as errors:
        with qemu.Process(guest, errors) as process, console.RawTerminal(0, terminal):
            outcome = console.converse(
                process, job.marker, console.write_stdout, talk=guest.talk, source=0, terminal=terminal,
                timeout=options.timeout, verbose=console.write_stdout if everything else None)
            if outcome.why == "died":
                process.process.wait()
        errors.seek(0)
        return finish(guest, options, outcome, process.process.returncode,
                      errors.read().decode(errors="replace"))


def finish(guest, options, outcome, returncode, errors):
    """The exit status of janus, and a word about a guest that did not end as it should."""
    name = f"{guest.machine.name}{' (Linux)' if options.oracle else ''}"
    if outcome.status is not None:
        return outcome.status
    if outcome.left:
        return 0
    if outcome.why == "timeout":
        report(f"the {name} guest did not end within {options.timeout:g} s", outcome, options)
        return TIMEOUT
    if returncode:
        raise Trouble(errors.strip() or f"{guest.machine.qemu} ended with status {returncode}", DIED)
    if options.init:
        return DIED if boots.panic_line(outcome.log.decode(errors="replace")) else 0
    what = "before the command ended" if outcome.begun else "before its first program ran"
    report(f"the {name} guest stopped {what}", outcome, options)
    return DIED


def report(text, outcome, options):
    print(f"janus: {red(text, sys.stderr)}", file=sys.stderr)
    if not options.verbose and outcome.log.strip():
        print("janus: the last lines of its console:", file=sys.stderr)
        print("\n".join("  " + line for line in console.last_lines(outcome.log).splitlines()), file=sys.stderr)
