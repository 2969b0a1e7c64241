# SPDX-License-Identifier: BSD-2-Clause
"""The page of `janus compare --html`: self-contained, from the recorded windows alone."""
import html
import itertools
import os

from . import recordings
from .frames import frame_rows
from .machine import ROOT
from .stages import STAGES

HERE = os.path.dirname(os.path.abspath(__file__))
COLOURS = {"user": "#8a8a8a", "vdso": "#bab0ac", "vectors": "#b07aa1", "entry": "#4e79a7", "syscall": "#4e79a7", "dispatch": "#f28e2b",
           "copy": "#76b7b2", "handler": "#59a14f", "kernel-entry": "#9c755f", "exit": "#edc948", "return": "#e15759",
           "thread-start": "#ff9da7"}
DOORS = {
    "x86_64": [("syscall", "a call: the number in rax, arguments in rdi rsi rdx r10 r8 r9", "user_syscall"),
               ("exceptions 0 to 31", "a fault or a trap: the processor pushes five words on the stack of RSP0", "user_trap"),
               ("vectors 32 to 255", "a device, the timer, another CPU", "user_irq")],
    "arm64": [("svc #0", "a call: the number in x8, arguments in x0 to x5", "user_syscall"),
              ("vector 8, synchronous", "a fault or a trap: where from in ELR_EL1, why in ESR_EL1", "user_trap"),
              ("vector 9, IRQ", "a device, the timer, another CPU", "user_irq")],
}

READING = """<details class="extra"><summary>How to read this page</summary>
<p>The numbered stages are the banners of the entry file, <code>arch/x86_64/entry.asm</code> and
<code>arch/arm64/entry.S</code>, which have the same ones in the same order. Between them runs C: dispatch finds the
call's function, the handler is that function, copy moves bytes from and to the user, exit work is what must be done
before the user goes on, such as a signal. Linux's functions are put into the same stages.</p>
<p>Events are what a processor charges more for than one instruction: <i>register</i>, a system register; <i>barrier</i>;
<i>atomic</i>; <i>tlb</i>, an invalidation or another page table; <i>door</i>, the instruction that enters or leaves the
kernel.</p></details>"""


def esc(text):
    return html.escape(str(text))


def asset(name):
    with open(os.path.join(HERE, name)) as file:
        return file.read()


def lane_name(lane):
    return f"{lane.machine} {lane.kernel}"


def source_line(file, line, cache={}):
    """The text of a line of the tree, or "" for what is not ours."""
    if file not in cache:
        path = os.path.join(ROOT, file)
        if file and os.path.isfile(path):
            with open(path, errors="replace") as source:
                cache[file] = source.read().splitlines()
        else:
            cache[file] = []
    lines = cache[file]
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def listing(stage):
    """One stage of one lane: runs of instructions under the line that they come from."""
    parts = []
    for (function, file, line), run in itertools.groupby(stage.instructions, lambda i: (i.function, i.file, i.line)):
        source = source_line(file, line)
        where = f"{esc(file)}:{line}" if file else ""
        parts.append(f'<div class="src"><b>{esc(function)}</b> <span class="where">{where}</span> '
                     f'<code>{esc(source)}</code></div><pre>')
        parts += [f'{i.address & 0xFFFFFFFF:08x}  {esc(i.text)}' + (f'  <em>{i.event}</em>' if i.event else "") + "\n"
                  for i in run]
        parts.append("</pre>")
    return "".join(parts)


def bar(count, most, key):
    width = 100 * count / most if most else 0
    return f'<span class="bar" style="width:{width:.1f}%;background:{COLOURS[key]}"></span>'


def lane_cell(lane, key, most):
    stage = lane.stages[key]
    if not stage.count:
        return f'<div class="cell none" data-lane="{esc(lane_name(lane))}">–</div>'
    events = " ".join(f"{n} {name}" for name, n in sorted(stage.events().items()))
    return (f'<div class="cell" data-lane="{esc(lane_name(lane))}"><span class="count">{stage.count}</span>'
            f'<span class="more">{stage.total("loads")} loads, {stage.total("stores")} stores'
            f'{", " + events if events else ""}</span>{bar(stage.count, most, key)}</div>')


def by_function(stage):
    """Linux's stage: instructions by symbol, since its source is not here."""
    totals = {}
    for i in stage.instructions:
        totals[i.function] = totals.get(i.function, 0) + 1
    rows = "".join(f"<tr><td><code>{esc(name)}</code><td>{count}" for name, count in
                   sorted(totals.items(), key=lambda item: -item[1]))
    return f"<table>{rows}</table>"


def stage_row(call, key, title, lanes, most):
    if not any(lane.stages[key].count for lane in lanes):
        return ""
    cells = "".join(lane_cell(lane, key, most) for lane in lanes)
    bodies = "".join(
        f'<div class="body"><h4>{esc(lane_name(lane))}</h4>'
        f'{(by_function if lane.kernel == "Linux" else listing)(lane.stages[key])}</div>'
        for lane in lanes if lane.stages[key].count)
    return (f'<details class="stage" data-stage="{key}"><summary><span class="title">{esc(title)}</span>{cells}</summary>'
            f'<div class="bodies">{bodies}</div></details>')


def totals_row(lanes):
    most = max(lane.count for lane in lanes)
    cells = "".join(f'<div class="cell" data-lane="{esc(lane_name(lane))}"><span class="count total">{lane.count}</span>'
                    f'<span class="more">{lane.count / lanes[0].count:.2f} of the first</span>'
                    f'{bar(lane.count, most, "user")}</div>' for lane in lanes)
    return f'<div class="stage totals"><span class="title">total</span>{cells}</div>'


def registers(lane):
    rows = "".join(f'<tr{"" if lane.before[name] == value else " class=changed"}><td>{name}'
                   f"<td>{lane.before[name]:#x}<td>{value:#x}" for name, value in lane.after.items())
    return (f'<div class="body"><h4>{esc(lane_name(lane))}</h4><table><thead><tr><th>register<th>at the trap<th>behind it'
            f"</thead>{rows}</table></div>")


def frame(lane):
    rows = "".join(f"<tr><td>{offset}<td>{esc(slot)}<td>{value:#x}<td>{esc(what)}"
                   for offset, slot, value, what in frame_rows(lane))
    return (f'<div class="body"><h4>{esc(lane_name(lane))}</h4><table><thead><tr><th>offset<th>slot<th>value<th>what it is'
            f"</thead>{rows}</table></div>") if rows else ""


def doors(machine):
    rows = "".join(f"<tr><td>{esc(door)}<td>{esc(what)}<td><code>{label}</code>" for door, what, label in DOORS[machine])
    return f'<div class="body"><h4>{machine}</h4><table>{rows}</table></div>'


def section(call, lanes):
    most = max(stage.count for lane in lanes for stage in lane.stages.values())
    ours = [lane for lane in lanes if lane.kernel == "Janus"]
    head = "".join(f'<div class="cell head">{esc(lane_name(lane))}</div>' for lane in lanes)
    rows = "".join(stage_row(call, key, title, lanes, most) for key, title in STAGES)
    return (f'<section id="call-{esc(call)}" aria-labelledby="h-{esc(call)}"><h2 id="h-{esc(call)}">{esc(call)}'
            f"<small>{esc(recordings.scenario(call)[0])}</small></h2>"
            f'<div class="lanes" style="--lanes:{len(lanes)}"><div class="stage heads"><span class="title">stage</span>{head}</div>'
            f"{rows}{totals_row(lanes)}</div>"
            f'<details class="extra"><summary>The trap frame, slot by slot</summary><div class="bodies">'
            f'{"".join(map(frame, ours))}</div></details>'
            f'<details class="extra"><summary>Registers before and after</summary><div class="bodies">'
            f'{"".join(map(registers, ours))}</div></details></section>')


def page(recorded):
    menu = "".join(f'<option value="call-{esc(call)}">{esc(call)}: {esc(recordings.scenario(call)[0])}</option>'
                   for call in recorded)
    sections = "".join(section(call, lanes) for call, lanes in recorded.items())
    maps = "".join(doors(machine) for machine in DOORS)
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Janus: the entry paths side by side</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{asset("compare.css")}</style></head>'
            f"<body><header><h1>How a call enters the kernel, and leaves it</h1>"
            f"<p>Each lane is one kernel on one machine, recorded instruction by instruction in QEMU from the user's trap "
            f"instruction to the user's next instruction. A stage opens to what ran in it. Figures are instructions.</p>"
            f"{READING}"
            f'<div class="controls"><label>Call <select id="menu">{menu}</select></label> '
            f'<button type="button" id="open">open all stages</button> <button type="button" id="close">close all</button></div>'
            f"</header><main>{sections}<section><h2>The doors of each machine</h2>"
            f'<div class="bodies">{maps}</div></section></main><script>{asset("compare.js")}</script></body></html>\n')
