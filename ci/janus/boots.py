# SPDX-License-Identifier: BSD-2-Clause
"""Booting a guest that runs the suite, and the oracle's results of the same suite."""
import concurrent.futures
import glob
import hashlib
import os
import re
import sys
import tempfile
from dataclasses import dataclass, field

from . import console, files, gcda, guest as guests, host, ktap, packages, qemu
from .machine import BUILD, ROOT
from .term import say

# A console that says nothing for so long is a hang: each subtest of the suite has a limit of its own below it.
IDLE = 600
# What boots of the debug build add to the command line; core/sched/hunt.c says what it does.
HUNTS = {"debug": (), "resched": ("hunt.resched=1", "hunt.slice=1"), "alloc": ("hunt.alloc=1,32",)}
MEMORY = "more memory is in use than before it"     # /suite/run's words for a leak
REPORT = os.path.join(BUILD, "report")


@dataclass
class Boot:
    """One boot that runs the suite, and what came of it."""
    machine: object
    smp: int
    linux: bool
    subjects: dict = field(default_factory=dict)
    trouble: str = ""       # why the guest did not reach its end
    log: str = ""           # the console, and its file
    log_path: str = ""
    seconds: float = 0.0
    hunt: str = ""          # of the debug build: a key of HUNTS

    @property
    def name(self):
        cpus = f"{self.smp} CPU" + "s" * (self.smp > 1)
        return f"{self.machine.name} {'Linux' if self.linux else cpus}{self.hunt and ' ' + self.hunt}"

    @property
    def file_name(self):
        kernel = "linux" if self.linux else f"janus-{self.hunt}" if self.hunt else "janus"
        return f"{self.machine.name}-{kernel}-{self.smp}cpu"

    def only_survival(self):
        """Where allocations fail by chance a test's own result says nothing: what counts of a program is that the
        kernel outlived it and has its memory back."""
        for name, subject in self.subjects.items():
            leak = [r.detail for r in subject.results.values() if r.status == "fail" and MEMORY in r.detail]
            subject.results = {}
            if leak:
                subject.put("its memory comes back", ktap.Result("fail", leak[0]))
            elif subject.finished:
                subject.put("its memory comes back", ktap.Result("ok"))

    def not_reached(self, oracle):
        """What Linux ran and this boot did not, as failures of their subjects."""
        for name, theirs in oracle.subjects.items():
            mine = self.subjects.setdefault(name, ktap.Subject(name))
            for title in theirs.results:
                if title not in mine.results and not mine.finished:
                    mine.put(title, ktap.Result("fail", f"not reached: {self.trouble or 'no result'}"))
        if self.trouble and not any(s.count("fail") for s in self.subjects.values()):
            end = self.subjects.setdefault("boot", ktap.Subject("boot"))
            end.put("the suite runs to its end", ktap.Result("fail", self.trouble))


def panic_line(log):
    """The line of a console that says why a kernel died."""
    for pattern in (r"^.*[Kk]ernel panic.*$", r"^.*\bpanic\b.*$", r"^.*(?:BUG|Oops|not syncing).*$"):
        match = re.search(pattern, log, re.M)
        if match:
            return match[0].strip()
    return ""


def run_command(machine, kernel, folder, command, guest_options=None, timeout=60, show=None, append=(), idle=None,
                typed=None, pack=None, debian=False):
    """Boot a guest that runs one command: (its output, the Outcome, QEMU's own errors). `typed` is a descriptor that
    what is typed comes from; `pack` changes the initrd's bytes. With debian, Debian's dynamic programs lie where they
    are in Debian."""
    job = guests.Run(machine, command, terminal=False)
    kinds = [kind for kind in guests.KINDS if any(f"/{kind}" in word for word in command)]
    archive = guests.root_archive(machine, folder, kinds)
    if debian:
        archive.tree("/", packages.programs(machine), packages.LEFT_OUT)
    job.put(archive)
    append = [f"console={machine.console}", "panic=-1", "quiet", *append, *packages.linux_words(machine, kernel)]
    output = bytearray()
    with tempfile.TemporaryDirectory(prefix="janus.") as scratch, tempfile.TemporaryFile() as errors:
        initrd = guests.write_initrd(archive, os.path.join(scratch, "initrd"), pack)
        guest = qemu.Guest(machine, kernel, initrd, append, **(guest_options or {}))
        if guest.u_boot:
            from . import uboot
            guest = uboot.prepare(guest)
        with qemu.Process(guest, errors) as process:
            outcome = console.converse(process, job.marker, output.extend, typed, timeout=timeout, verbose=show,
                                       talk=guest.talk, idle=idle)
        errors.seek(0)
        outcome.log = gcda.take(outcome.log, kernel)
        return bytes(output), outcome, errors.read().decode(errors="replace").strip()


def run_suite(machine, kernel, folder, smp, linux, only, timeout, verbose, hunt=""):
    boot = Boot(machine, smp, linux, hunt=hunt)
    say(f"suite on {boot.name} ...")
    show = (lambda data: (sys.stderr.buffer.write(data), sys.stderr.flush())) if verbose else None
    _, outcome, errors = run_command(machine, kernel, folder, ["/suite/run", *only], {"smp": smp}, timeout, show,
                                     append=HUNTS.get(hunt, ()), idle=IDLE)
    boot.log, boot.seconds = outcome.log.decode(errors="replace"), outcome.seconds
    boot.subjects = ktap.parse(boot.log)
    if outcome.status is None:
        boot.trouble = panic_line(boot.log) or (outcome.why == "died" and errors) or (
            f"the guest hung: silent for {IDLE} s" if outcome.silent else
            f"the guest did not end within {timeout:g} s" if outcome.why == "timeout" else "the guest died")
    elif "# suite done" not in boot.log:
        boot.trouble = f"/suite/run ended early, with status {outcome.status}"
    elif hunt and "# memory is watched" not in boot.log:
        boot.trouble = "the debug build does not say what memory is in use"
    write_log(boot)
    say(f"suite on {boot.name}: {boot.trouble or 'done'} in {boot.seconds:.0f} s")
    return boot


def write_log(boot):
    os.makedirs(REPORT, exist_ok=True)
    boot.log_path = os.path.join(REPORT, boot.file_name + ".ktap")
    files.write(boot.log_path, boot.log)


def run_all(jobs):
    """Run the boots, as many at once as there is room for; results in the order of the jobs."""
    with concurrent.futures.ThreadPoolExecutor(host.guests_at_once()) as pool:
        futures = [pool.submit(*job) for job in jobs]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def suite_hash(folder, version, only):
    """Names the oracle's results: they hold as long as the suite, init and that kernel are the same."""
    digest = hashlib.sha256(version.encode() + " ".join(only).encode())
    userland = os.path.join(folder, "userland")
    paths = [os.path.join(userland, "init/init"), *sorted(glob.glob(os.path.join(ROOT, "userland/programs/*.sh")))]
    for kind in ("suite", "programs", "fuzz"):
        paths += guests.programs(os.path.join(userland, kind))
    for path in paths:
        with open(path, "rb") as file:
            digest.update(path.encode() + file.read())
    return digest.hexdigest()[:20]


def oracle(machine, folder, only, timeout, verbose, fresh=False):
    """The suite's results on Debian's Linux, from the cache when nothing has changed."""
    image, version = packages.linux_kernel(machine)
    def cached(names):
        return os.path.join(BUILD, "oracle", f"{machine.name}-{suite_hash(folder, version, names)}.ktap")

    path = cached([] if os.path.exists(cached([])) else only)
    if not fresh and os.path.exists(path):
        boot = Boot(machine, 1, True, log_path=path)
        with open(path) as file:
            boot.log = file.read()
        boot.subjects = {n: s for n, s in ktap.parse(boot.log).items() if not only or n in only}
        write_log(boot)
        return boot
    boot = run_suite(machine, image, folder, 1, True, only, timeout, verbose)
    path = cached(only)
    if not boot.trouble and not any(s.count("fail") for s in boot.subjects.values()):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        files.write(path, boot.log)
    return boot
