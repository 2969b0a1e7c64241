# SPDX-License-Identifier: BSD-2-Clause
"""Debian packages for the guests, of either architecture, without touching this computer's apt.

apt runs with lists, state and cache of its own under build/packages (or $JANUS_CACHE).  A package is
downloaded once and unpacked into a folder; a stamp beside it says that this is complete.
"""
import contextlib
import fcntl
import glob
import os
import re
import shutil
import subprocess
import time

from .machine import PACKAGES
from .setup import first_error
from .term import Step, Trouble, say

SUITE = "bookworm"
FALLBACK = [("http://deb.debian.org/debian", SUITE), ("http://deb.debian.org/debian", SUITE + "-updates"),
            ("http://deb.debian.org/debian-security", SUITE + "-security")]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# What is unpacked into a machine's sysroot: for its guests and for its static programs.
SYSROOT = ("busybox-static", "musl-dev", "libc6-dev", "linux-libc-dev", "libcrypt-dev")

# Dynamically linked programs that the tests run as Debian ships them, and the libraries they name: in C, C++, Rust
# and Go, with threads, interpreters, and a compiler with its assembler and linker. NATIVE's names hold the triplet.
PROGRAMS = ("bash", "bc", "coreutils", "cpp-12", "diffutils", "fzf", "gawk", "git", "jq", "lua5.4", "make",
            "ninja-build", "perl-base", "pigz", "python3.11-minimal", "ripgrep", "sqlite3", "xz-utils",
            "libacl1", "libattr1", "libbinutils", "libc6", "libc6-dev", "libcrypt1", "libctf0", "libexpat1",
            "libgcc-s1", "libgmp10", "libisl23", "libjansson4", "libjq1", "liblzma5", "libmpc3", "libmpfr6", "libonig5",
            "libpcre2-8-0", "libpython3.11-minimal", "libpython3.11-stdlib", "libreadline8", "libselinux1",
            "libsigsegv2", "libsqlite3-0", "libstdc++6", "libtinfo6", "libzstd1", "linux-libc-dev", "zlib1g")
NATIVE = ("binutils-{}",)
# What of them no program of the test opens.
LEFT_OUT = ("usr/share/", "usr/lib/git-core/", "usr/bin/perl5", "usr/bin/scalar", "usr/lib/*/*.a",
            "usr/lib/*/gconv/", "usr/lib/*/perl-base/unicore/", "usr/lib/python3.11/lib2to3/",
            "usr/lib/python3.11/ensurepip/", "usr/lib/python3.11/pydoc_data/")


def host_mirrors():
    """(URI, suite) of the Debian mirrors that this computer uses; the public one for a suite that it has none for: the
    oracle is the newest kernel of Debian 12, wherever the tests run."""
    found = []
    for path in glob.glob("/etc/apt/sources.list.d/*.sources"):
        with open(path, errors="replace") as file:
            for stanza in re.split(r"\n\s*\n", file.read()):
                fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.M))
                if "deb" in fields.get("Types", "").split() and "main" in fields.get("Components", "").split():
                    found += [(u, s) for u in fields.get("URIs", "").split() for s in fields.get("Suites", "").split()]
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*.list")]:
        with contextlib.suppress(OSError), open(path, errors="replace") as file:
            for line in re.findall(r"^deb\s+(?:\[.*?\]\s+)?(\S+)\s+(\S+)\s+.*\bmain\b", file.read(), re.M):
                found.append(line)
    ours = [(u, s) for u, s in found if s.split("-")[0] == SUITE and "debian" in u]
    return ours + [(uri, suite) for uri, suite in FALLBACK if suite not in {s for _, s in ours}]


class Apt:
    """An apt of our own for one architecture."""

    def __init__(self, machine):
        self.machine = machine
        self.home = os.path.join(PACKAGES, "apt", machine.debian)

    def options(self):
        home = self.home
        pairs = {
            "APT::Architecture": self.machine.debian, "APT::Architectures": self.machine.debian,
            "Dir::State": f"{home}/state", "Dir::State::Lists": f"{home}/lists",
            "Dir::State::status": f"{home}/status", "Dir::Cache": f"{home}/cache",
            "Dir::Etc::SourceList": f"{home}/sources.list", "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null", "Dir::Etc::PreferencesParts": "/dev/null",
            "Acquire::Languages": "none", "Acquire::Retries": "3",
        }
        if os.geteuid() == 0:
            pairs["APT::Sandbox::User"] = "root"
        return [word for key, value in pairs.items() for word in ("-o", f"{key}={value}")]

    def run(self, tool, *arguments, cwd=None):
        return subprocess.run([tool, *self.options(), *arguments], cwd=cwd, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def update(self):
        """Fetch the lists of packages, at most once in an hour."""
        stamp = os.path.join(self.home, "updated")
        if os.path.exists(stamp) and time.time() - os.path.getmtime(stamp) < 3600:
            return
        for folder in ("state", "lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.home, folder), exist_ok=True)
        open(os.path.join(self.home, "status"), "w").close()
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        with open(os.path.join(self.home, "sources.list"), "w") as out:
            out.writelines(f"deb {signed}{uri} {suite} main\n" for uri, suite in host_mirrors())
        with Step(f"fetching Debian's list of packages for {self.machine.name}"):
            done = self.run("apt-get", "update")
            if done.returncode or not glob.glob(f"{self.home}/lists/*_Packages*"):
                raise Trouble(f"apt cannot fetch Debian's package lists: {first_error(done.stdout)}")
        open(stamp, "w").close()

    def depends(self, package):
        """The packages that a meta-package depends on."""
        shown = self.run("apt-cache", "show", "--no-all-versions", package).stdout
        match = re.search(r"^Depends: (.*)$", shown, re.M)
        return [re.split(r"[ (|]", d.strip())[0] for d in match[1].split(",")] if match else []

    def download(self, names):
        """The .deb files of these packages."""
        folder = os.path.join(self.home, "debs")
        os.makedirs(folder, exist_ok=True)
        found = {name: glob.glob(f"{folder}/{name}_*.deb") for name in names}
        absent = [name for name, files in found.items() if not files]
        if absent:
            with Step(f"downloading {' '.join(absent)} ({self.machine.debian})"):
                done = self.run("apt-get", "download", *absent, cwd=folder)
                if done.returncode:
                    raise Trouble(f"apt cannot download {' '.join(absent)}: {first_error(done.stdout)}")
            found = {name: glob.glob(f"{folder}/{name}_*.deb") for name in names}
        return [max(files, key=os.path.getmtime) for files in found.values()]


@contextlib.contextmanager
def locked():
    """One janus at a time changes the folder of packages."""
    os.makedirs(PACKAGES, exist_ok=True)
    with open(os.path.join(PACKAGES, ".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("packages are being fetched already; waiting for that ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def unpack(machine, names, folder):
    """Have these packages unpacked in `folder`; does nothing when they are."""
    stamp = folder + ".packages"
    wanted = " ".join(names)

    def done():
        with contextlib.suppress(OSError), open(stamp) as file:
            return file.read() == wanted
        return False

    if done():
        return folder
    with locked():
        if done():
            return folder
        apt = Apt(machine)
        apt.update()
        debs = apt.download(names)
        free = shutil.disk_usage(PACKAGES).free
        if free < 1 << 30:
            raise Trouble(f"less than 1 GiB is free for {PACKAGES}")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for deb in debs:
            with Step(f"unpacking {os.path.basename(deb)}"):
                if subprocess.run(["dpkg-deb", "-x", deb, folder]).returncode:
                    os.unlink(deb)
                    raise Trouble(f"{os.path.basename(deb)} is damaged; run the command again")
        with open(stamp, "w") as out:
            out.write(wanted)
    return folder


def sysroot(machine):
    """What guests and static programs of this machine are made of."""
    return unpack(machine, SYSROOT, machine.sysroot)


def programs(machine):
    """The folder that PROGRAMS are unpacked in."""
    names = PROGRAMS + tuple(name.format(machine.triplet.replace("_", "-")) for name in NATIVE)
    return unpack(machine, names, machine.packages("programs"))


def linux_words(machine, kernel):
    """What a command line needs when this kernel is Debian's."""
    return machine.linux if os.path.basename(kernel).startswith("vmlinuz-") else ()


def linux_kernel(machine):
    """Debian's own kernel for this machine: (image, version)."""
    folder = machine.packages("linux")
    if not glob.glob(f"{folder}/boot/vmlinuz-*"):
        with locked():
            apt = Apt(machine)
            apt.update()
            meta = f"linux-image-cloud-{machine.debian}"
            names = [n for n in apt.depends(meta) if n.startswith("linux-image-")]
        if not names:
            raise Trouble(f"Debian has no {meta}")
        unpack(machine, names, folder)
    image = max(glob.glob(f"{folder}/boot/vmlinuz-*"))
    return image, image.split("vmlinuz-")[1]
