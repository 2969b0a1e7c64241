# SPDX-License-Identifier: BSD-2-Clause
"""`janus gdb`: a guest that waits, and gdb on it with the kernel's symbols and our helpers."""
import os
import signal
import subprocess
import tempfile
import time

from . import guest as guests, qemu, run, setup
from .machine import ROOT, machine as find_machine, memory_size
from .term import Trouble, say

ARCHITECTURE = {"x86_64": "i386:x86-64", "arm64": "aarch64"}


def wait_for(path, process):
    """Until QEMU listens."""
    for _ in range(100):
        if os.path.exists(path):
            return
        if process.poll() is not None:
            raise Trouble(f"QEMU ended at once: {process.stderr.read().decode(errors='replace').strip()}")
        time.sleep(0.05)
    raise Trouble("QEMU does not listen for gdb")


def gdb_command(machine, folder, socket, options):
    words = ["gdb-multiarch", "-q", "-nx", "-iex", "set pagination off", "-iex", "set confirm off",
             "-ex", f"set architecture {ARCHITECTURE[machine.name]}",
             "-ex", f"source {os.path.join(ROOT, 'ci/gdb/janus_gdb.py')}",
             "-ex", f"target remote {socket}"]
    for command in options.ex:
        words += ["-ex", command]
    if options.batch:
        words.append("-batch")
    return words + [os.path.join(folder, "janus.elf")]


def gdb(options):
    run.check(options)
    if options.oracle:
        raise Trouble("gdb is for Janus; the oracle's kernel has no symbols here", 2)
    machine = find_machine(options.arch)
    setup.need(setup.GDB)
    kernel, folder = run.kernel_for(machine, options)
    job = guests.Run(machine, options.command, terminal=False)
    archive = guests.root_archive(machine, folder)
    for text in options.add:
        guests.add_file(archive, text)
    if options.init:
        archive.file("/init", options.init, 0o755)
    job.put(archive)
    log = os.path.join(folder, "gdb-console.log")
    with tempfile.TemporaryDirectory(prefix="janus.") as scratch:
        socket = os.path.join(scratch, "gdb")
        guest = qemu.Guest(machine, kernel, guests.write_initrd(archive, os.path.join(scratch, "initrd")),
                           run.kernel_arguments(machine, options), options.smp, memory_size(options.mem),
                           options.cpu, options.board, options.icount,
                           gdb=f"unix:{socket},server=on,wait=off", console=f"file,id=console,path={log}")
        return debug(machine, folder, guest, socket, log, options)


def debug(machine, folder, guest, socket, log, options):
    process = qemu.start(guest, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    # Ctrl-C is gdb's: it stops the guest.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        wait_for(socket, process)
        say(f"the guest's console goes to {os.path.relpath(log)}; `continue` boots, `janus` lists the helpers")
        return subprocess.run(gdb_command(machine, folder, socket, options),
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)).returncode
    finally:
        signal.signal(signal.SIGINT, before)
        process.kill()
        process.wait()
