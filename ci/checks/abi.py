#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check: every constant and structure size in include/uapi is that of Linux's own headers of the machine.

abi.py ROOT SYSROOT TRIPLET COMPILER ARGUMENT...    (the arguments that kernel code is compiled with)

A name that only Janus or only Linux has is not compared; the count says how many were.
"""
import glob
import os
import re
import subprocess
import sys

LINUX = """linux/types.h linux/stat.h asm/stat.h linux/fcntl.h asm/fcntl.h asm/poll.h asm/termbits.h asm/termios.h
asm/ioctls.h linux/mount.h linux/sched.h linux/sched/types.h asm/errno.h linux/elf.h linux/time.h linux/timex.h
asm/signal.h asm/siginfo.h asm/sigcontext.h asm/ucontext.h asm/mman.h linux/mman.h linux/resource.h
linux/openat2.h linux/eventpoll.h linux/futex.h linux/prctl.h linux/reboot.h linux/magic.h asm/statfs.h
linux/utsname.h linux/sysinfo.h linux/times.h linux/wait.h linux/auxvec.h asm/auxvec.h linux/capability.h
linux/uio.h linux/rseq.h linux/utime.h linux/limits.h linux/random.h linux/close_range.h linux/memfd.h
linux/falloc.h linux/fadvise.h linux/membarrier.h linux/eventfd.h linux/signalfd.h linux/timerfd.h linux/xattr.h
linux/personality.h linux/fs.h linux/inotify.h linux/ioctl.h linux/securebits.h asm/ptrace.h linux/un.h
linux/socket.h linux/in.h linux/in6.h linux/tcp.h linux/sem.h linux/shm.h linux/msg.h linux/ipc.h linux/seccomp.h
linux/hw_breakpoint.h linux/kcmp.h linux/audit.h linux/stddef.h linux/posix_types.h linux/tty_flags.h""".split()
# Constants whose Janus form differs on purpose: name: why.
DIFFER = {"NSIG": "one machine's header counts the signals without the real-time ones"}
MARK = re.compile(r"->(\S+) [$#]?(-?\d+)")


def macros(compiler, includes):
    """Names of the macros, without arguments, that these headers define."""
    def listed(text):
        done = subprocess.run([*compiler, "-E", "-dM", "-x", "c", "-"], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            sys.exit(f"cannot preprocess:\n{done.stderr}")
        return set(re.findall(r"^#define (\w+) +\S", done.stdout, re.M))
    return listed(includes) - listed("")


def evaluate(compiler, includes, probes):
    """{name: value} of the expressions that these headers can compile to a constant."""
    probes = dict(probes)
    while probes:
        names = list(probes)
        lines = includes.rstrip("\n").split("\n") + ["void probe(void) {"]
        first = len(lines) + 1
        lines += [f'__asm__ volatile("\\n->{n} %c0" : : "i"((long)({probes[n]})));' for n in names] + ["}"]
        done = subprocess.run([*compiler, "-w", "-S", "-O1", "-o", "-", "-x", "c", "-"], input="\n".join(lines),
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if not done.returncode:
            return {n: int(v) & (1 << 64) - 1 for n, v in MARK.findall(done.stdout)}
        bad = {int(n) - first for n in re.findall(r"^<stdin>:(\d+):", done.stderr, re.M)}
        bad = {names[n] for n in bad if 0 <= n < len(names)}
        if not bad:
            sys.exit(f"cannot compile:\n{done.stderr[:3000]}")
        for name in bad:
            del probes[name]
    return {}


def structures(root, arch_include):
    found = set()
    for path in glob.glob(f"{root}/include/uapi/*.h") + glob.glob(f"{arch_include}/uapi/asm/*.h"):
        with open(path) as file:
            found.update(re.findall(r"^struct (\w+) \{", file.read(), re.M))
    return {f"sizeof_{name}": f"sizeof(struct {name})" for name in found}


def main():
    root, sysroot, triplet, *kernel = sys.argv[1:]
    arch_include = next(w for w in kernel if re.search(r"/arch/\w+/include$", w) and not w.endswith("arch/include"))
    ours = "".join(f"#include <uapi/{os.path.basename(p)}>\n" for p in sorted(glob.glob(f"{root}/include/uapi/*.h")))
    ours += "".join(f"#include <uapi/asm/{os.path.basename(p)}>\n"
                    for p in sorted(glob.glob(f"{arch_include}/uapi/asm/*.h")))
    gcc_include = kernel[kernel.index("-idirafter") + 1]
    linux = [kernel[0], "-nostdinc", "-I", f"{sysroot}/usr/include/{triplet}", "-I", f"{sysroot}/usr/include",
             "-idirafter", gcc_include]
    theirs = "".join(f"#include <{h}>\n" for h in LINUX
                     if any(os.path.exists(f"{sysroot}/usr/include/{d}{h}") for d in ("", triplet + "/")))
    kernel = [w for w in kernel if not w.startswith("-fsanitize")]
    names = macros(kernel, ours) & macros(linux, theirs)
    probes = {**{n: n for n in names if not n.startswith("_")}, **structures(root, arch_include)}
    first = evaluate(kernel, ours, probes)
    second = evaluate(linux, theirs, {n: probes[n] for n in first})
    wrong = [f"{n}: Janus {first[n]:#x}, Linux {second[n]:#x}" for n in sorted(second)
             if first[n] != second[n] and n not in DIFFER]
    print("\n".join(wrong) or f"{len(second)} constants and sizes are Linux's")
    return bool(wrong)


sys.exit(main())
