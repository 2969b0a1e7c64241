# SPDX-License-Identifier: BSD-2-Clause
"""gdb's helpers for the kernel: `janus` lists them.  Loaded by `./janus gdb`.

They read the kernel's own structures, on either machine, of a stopped guest; nothing is changed.
"""
import gdb

STATES = {0: "running", 1: "sleeping", 2: "uninterruptible", 4: "killable", 8: "stopped", 16: "traced",
          32: "dead", 64: "new"}
PROTECTION = ((1, "r"), (2, "w"), (4, "x"), (8, "s"))


def address(value):
    return int(value.cast(gdb.lookup_type("unsigned long")))


def entries(head, type_name, member):
    """The structures on a list, by the list_head inside them."""
    kind = gdb.lookup_type(f"struct {type_name}")
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    node, start, count = head["next"], address(head.address), 0
    while address(node) not in (0, start) and count < 100000:
        yield gdb.Value(address(node) - offset).cast(kind.pointer())
        node, count = node.dereference()["next"], count + 1


def tree(node, type_name, member):
    """The structures in a red-black tree, in order."""
    if not address(node):
        return
    kind = gdb.lookup_type(f"struct {type_name}")
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    yield from tree(node["left"], type_name, member)
    yield gdb.Value(address(node) - offset).cast(kind.pointer())
    yield from tree(node["right"], type_name, member)


def symbol(name):
    found = gdb.lookup_global_symbol(name)
    if not found:
        raise gdb.GdbError(f"the kernel has no {name}")
    return found.value()


def processes():
    head = symbol("all_processes")
    if not address(head["next"]):
        raise gdb.GdbError("no processes yet: the kernel has not booted so far")
    return entries(head, "process", "all_link")


def threads():
    for process in processes():
        yield from entries(process["threads"], "thread", "thread_link")


def find_thread(text):
    """The thread of a tid; without one, the one that runs on the CPU gdb looks at."""
    if text:
        tid = int(gdb.parse_and_eval(text))
        for thread in threads():
            if int(thread["tid"]) == tid:
                return thread
        raise gdb.GdbError(f"no thread has the tid {tid}")
    number = gdb.selected_thread().num - 1
    return symbol("cpus")[number]["running"]


def comm(thread):
    return thread["comm"].string(errors="replace").split("\0")[0]


def frame_of(thread):
    kind = gdb.lookup_type("struct trapframe")
    size = int(symbol_size("KSTACK_SIZE", 16384))
    return gdb.Value(address(thread["kstack"]) + size - kind.sizeof).cast(kind.pointer())


def symbol_size(macro, default):
    try:
        return gdb.parse_and_eval(macro)
    except gdb.error:
        return default


class Helper(gdb.Command):
    """A gdb command whose help is its docstring."""

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_USER, prefix=self.name == "janus")


class Janus(Helper):
    """The helpers: janus ps, janus threads, janus frame [TID], janus maps [TID], janus cpus."""
    name = "janus"

    def invoke(self, _text, _tty):
        for helper in HELPERS[1:]:
            print(f"{helper.name:15} {helper.__doc__}")


class Ps(Helper):
    """Processes: pid, parent, threads, state of the first thread, name."""
    name = "janus ps"

    def invoke(self, _text, _tty):
        print("  pid  ppid thr state            name")
        for process in processes():
            leader = process["leader"]
            parent = process["parent"]
            ppid = int(parent["tgid"]) if address(parent) else 0
            state = STATES.get(int(leader["state"]), "?") if address(leader) else "-"
            name = comm(leader) if address(leader) else "-"
            print(f"{int(process['tgid']):5} {ppid:5} {int(process['nr_threads']):3} {state:16} {name}")


class Threads(Helper):
    """Threads: tid, process, CPU, state, kernel stack, flags, name."""
    name = "janus threads"

    def invoke(self, _text, _tty):
        print("  tid   pid cpu state            kstack             flags      name")
        for thread in threads():
            cpu = thread["cpu"]
            number = int(cpu["id"]) if address(cpu) else -1
            print(f"{int(thread['tid']):5} {int(thread['process']['tgid']):5} {number:3} "
                  f"{STATES.get(int(thread['state']), '?'):16} {address(thread['kstack']):#018x} "
                  f"{int(thread['flags']):#010x} {comm(thread)}")


class Frame(Helper):
    """The user's trap frame of a thread [TID]: the registers it came into the kernel with."""
    name = "janus frame"

    def invoke(self, text, _tty):
        thread = find_thread(text)
        if not address(thread["mm"]):
            raise gdb.GdbError(f"thread {int(thread['tid'])} ({comm(thread)}) is the kernel's: it has no user frame")
        frame = frame_of(thread)
        print(f"thread {int(thread['tid'])} ({comm(thread)}), frame at {address(frame):#x}")
        for field in frame.dereference().type.fields():
            value = frame[field.name] if field.name else None
            if value is not None and value.type.strip_typedefs().code == gdb.TYPE_CODE_INT:
                print(f"  {field.name:12} {int(value) & (1 << 64) - 1:#018x}")
            elif value is not None:
                print(f"  {field.name:12} {value.format_string(format='x', symbols=False)}")


class Maps(Helper):
    """The memory map of a thread's address space [TID], as /proc/PID/maps."""
    name = "janus maps"

    def invoke(self, text, _tty):
        thread = find_thread(text)
        if not address(thread["mm"]):
            raise gdb.GdbError(f"thread {int(thread['tid'])} ({comm(thread)}) has no address space")
        for area in tree(thread["mm"]["vmas"]["node"], "vma", "node"):
            flags = int(area["flags"])
            letters = "".join(letter if flags & bit else "-" for bit, letter in PROTECTION)
            what = "file" if address(area["file"]) else area["ops"]["name"].string() if address(area["ops"]) else ""
            print(f"{int(area['start']):012x}-{int(area['end']):012x} {letters} {int(area['pgoff']):8x} {what}")


class Cpus(Helper):
    """CPUs: what each runs now."""
    name = "janus cpus"

    def invoke(self, _text, _tty):
        cpus = symbol("cpus")
        for number in range(int(symbol("nr_cpus"))):
            thread = cpus[number]["running"]
            runs = f"{int(thread['tid'])} {comm(thread)}" if address(thread) else "-"
            print(f"cpu {number}: {'idle' if address(thread) == address(cpus[number]['idle']) else runs}")


HELPERS = (Janus, Ps, Threads, Frame, Maps, Cpus)
for helper in HELPERS:
    helper()
