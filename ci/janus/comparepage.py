# SPDX-License-Identifier: BSD-2-Clause
"""The page of `janus compare --html`: self-contained, from the recorded windows alone."""
import html
import itertools
import os
import re

from . import purposes, recordings
from .doors import DOORS, PRIVILEGE, WAY_OUT, used
from .frames import frame_rows, is_call
from .machine import ROOT
from .stages import ABOUT, STAGES

HERE = os.path.dirname(os.path.abspath(__file__))
COLOURS = {"user": "#8a8a8a", "vdso": "#bab0ac", "vectors": "#b07aa1", "entry": "#4e79a7", "syscall": "#6b9bd1",
           "dispatch": "#f28e2b", "copy": "#76b7b2", "handler": "#59a14f", "kernel-entry": "#9c755f", "exit": "#edc948",
           "return": "#e15759", "thread-start": "#ff9da7"}
THE_WORK = ("handler", "copy", "user", "vdso")      # the other stages are the way in and out
NAMED_FROM = 9      # per cent of the page's width: a part of a bar so wide has its stage's name in it
LONG = 2500         # instructions of a stage that are listed; a longer one is told by function

INTRODUCTION = """<p>A program cannot reach files, devices or other programs by itself. It asks the kernel by one instruction, a
system call: <code>syscall</code> on x86_64, <code>svc</code> on arm64. The processor then runs the kernel's code with the kernel's
rights, and later goes on behind that instruction. This page shows <b>every instruction in between</b>, for two machines and two
kernels: Janus, and Debian's Linux 6.1. Nothing on it is typed; it was recorded from guests in QEMU, one instruction at a time,
when the call was made for the eighth time.</p>"""
READING = """<details class="extra"><summary>How to read this page</summary>
<p>A column, or lane, is one kernel on one machine. A row is a stage of the way; open it to see what ran. The numbered stages are the
banners, the headings, of Janus's entry files, <code>arch/x86_64/entry.asm</code> and <code>arch/arm64/entry.S</code>, which have the same ones in
the same order. C runs between them. Linux's functions are put into the same stages by name; its source is not here, so an open
stage tells how many instructions each of its functions took.</p>
<p>The large figure is instructions. The small ones are <i>loads</i> and <i>stores</i>, and events, which a processor charges more
for than for one instruction: <i>register</i>, a system register or the interrupt mask; <i>barrier</i>; <i>atomic</i>; <i>tlb</i>, an
invalidation of cached translations or another page table; <i>door</i>, the instruction that enters or leaves the kernel.</p>
<p>Fewer instructions are not all: one atomic or one system register can cost what twenty plain instructions do. The figures count
what was run, not how long a processor of your own would take.</p></details>"""


def esc(text):
    return html.escape(str(text))


def asset(name):
    with open(os.path.join(HERE, name)) as file:
        return file.read()


def lane_name(lane):
    return f"{lane.machine} {lane.kernel}"


def plural(count, word):
    return f"{count:,} {word}{'' if count == 1 else 's'}"


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


def by_function(stage):
    """A stage told by function: where the source is not here, or the listing would be a book."""
    totals = {}
    for i in stage.instructions:
        totals[i.function] = totals.get(i.function, 0) + 1
    rows = "".join(f'<tr><th scope="row"><code>{esc(name)}</code><td class=number>{count:,}' for name, count in
                   sorted(totals.items(), key=lambda item: -item[1]))
    return f'<table><thead><tr><th scope="col">function<th scope="col" class=number>instructions</thead>{rows}</table>'


def stage_body(lane, key):
    stage = lane.stages[key]
    told = by_function if lane.kernel == "Linux" or stage.count > LONG else listing
    return f'<div class="body" tabindex="0" role="region" aria-label="{esc(lane_name(lane))}"><h4>{esc(lane_name(lane))}</h4>{told(stage)}</div>'


def bar(count, most, key):
    width = 100 * count / most if most else 0
    return f'<span class="bar" style="width:{width:.1f}%;background:{COLOURS[key]}"></span>'


def details_of(stage):
    """Loads, stores and events in words; nothing of what there is none."""
    parts = [plural(stage.total(what + "s"), what) for what in ("load", "store") if stage.total(what + "s")]
    return ", ".join(parts + [f"{count} {name}" for name, count in sorted(stage.events().items())])


def lane_cell(lane, key, most):
    stage, name = lane.stages[key], esc(lane_name(lane))
    if not stage.count:
        return f'<span class="cell none" data-lane="{name}"><span class="name">{name} </span>–</span>'
    return (f'<span class="cell" data-lane="{name}"><span class="name">{name} </span><span class="count">{stage.count:,}</span>'
            f'<span class="unit"> instructions </span><span class="more">{details_of(stage)}</span>{bar(stage.count, most, key)}</span>')


def stage_row(key, title, lanes, most):
    if not any(lane.stages[key].count for lane in lanes):
        return ""
    cells = "".join(lane_cell(lane, key, most) for lane in lanes)
    bodies = "".join(stage_body(lane, key) for lane in lanes if lane.stages[key].count)
    return (f'<details class="stage" data-stage="{key}"><summary><span class="title"><i class="swatch" style="background:{COLOURS[key]}">'
            f'</i>{esc(title)}</span>{cells}</summary><p class="about">{ABOUT[key]}</p><div class="bodies">{bodies}</div></details>')


def totals_row(lanes):
    cells = "".join(f'<span class="cell" data-lane="{esc(lane_name(lane))}"><span class="name">{esc(lane_name(lane))} </span>'
                    f'<span class="count total">{lane.count:,}</span><span class="unit"> instructions </span>'
                    f'<span class="more">{compared(lane, lanes)}</span></span>' for lane in lanes)
    return f'<div class="stage totals"><span class="title">total</span>{cells}</div>'


def janus_of(lane, lanes):
    return next((other for other in lanes if other.kernel == "Janus" and other.machine == lane.machine), lane)


def compared(lane, lanes):
    """A Linux lane beside Janus's of the same machine."""
    ours = janus_of(lane, lanes)
    return f"{lane.count / ours.count:.1f} times Janus's" if lane is not ours else ""


def whole(lane, most):
    """The whole way of a lane as one bar of its stages."""
    parts = "".join(f'<span style="width:{100 * lane.stages[key].count / most:.2f}%;background:{COLOURS[key]}" '
                    f'title="{esc(title)}: {lane.stages[key].count:,}">'
                    f'{esc(title) if 100 * lane.stages[key].count / most >= NAMED_FROM else ""}</span>'
                    for key, title in STAGES if lane.stages[key].count)
    said = ", ".join(f"{title} {lane.stages[key].count}" for key, title in STAGES if lane.stages[key].count)
    return (f'<div class="whole"><span class="head">{esc(lane_name(lane))}</span><span class="track" role="img" '
            f'aria-label="{esc(said)}">{parts}</span><span class="sum">{lane.count:,}</span></div>')


def sentence(lanes):
    """What the figures say, in words; a paragraph a machine."""
    parts = []
    for lane in lanes:
        if lane.kernel != "Janus":
            continue
        work = sum(lane.stages[key].count for key in THE_WORK)
        text = f"On {lane.machine} Janus takes {plural(lane.count, 'instruction')}"
        if lane.stages["vdso"].count and lane.count == work:
            text += ", all of them in user mode: <b>the kernel is not entered</b>"
        else:
            text += f", {lane.count - work:,} of them to get in, to find the way and to get out"
        linux = next((other for other in lanes if other.kernel == "Linux" and other.machine == lane.machine), None)
        parts.append(text + (f". Linux takes {linux.count:,}, {linux.count / lane.count:.1f} times as many{most_of(linux, lane)}."
                             if linux else "."))
    return "".join(f"<p>{part}</p>" for part in parts)


def most_of(linux, ours):
    """In which stage most of what Linux takes more is."""
    key, title = max(STAGES, key=lambda stage: linux.stages[stage[0]].count - ours.stages[stage[0]].count)
    more = linux.stages[key].count - ours.stages[key].count
    return f"; {more:,} of the {linux.count - ours.count:,} more are in {esc(re.sub(r'^[0-9]. ', 'stage ', title))}" if more > 0 else ""


def linux_work(lane):
    """Where a lane of Linux spends its instructions, by what they are for."""
    way = [key for key, _ in STAGES if key not in THE_WORK]
    rows = "".join(f'<tr><th scope="row">{esc(what)}<td>{"Janus has none" if absent else ""}<td class=number>{count:,}'
                   f'<td>{", ".join(f"<code>{esc(name)}</code>&nbsp;{n}" for name, n in names[:6])}'
                   f'{f" and {len(names) - 6} more" if len(names) > 6 else ""}'
                   for what, absent, count, names in purposes.grouped(lane, way))
    return (f'<div class="body" tabindex="0" role="region" aria-label="what {esc(lane_name(lane))} does"><h4>{esc(lane_name(lane))}</h4><table><thead>'
            f'<tr><th scope="col">for<th scope="col">in Janus<th scope="col" class=number>instructions<th scope="col">functions</thead>{rows}</table></div>')


def figures_table(lanes):
    """The same figures as a plain table, to be read aloud or copied."""
    head = "".join(f'<th scope="col" class=number>{esc(lane_name(lane))}' for lane in lanes)
    rows = "".join(f'<tr><th scope="row">{esc(title)}' + "".join(
        f"<td class=number>{lane.stages[key].count or '–'}" for lane in lanes)
        for key, title in STAGES if any(lane.stages[key].count for lane in lanes))
    totals = "".join(f"<td class=number>{lane.count}" for lane in lanes)
    return f'<table><thead><tr><th scope="col">stage{head}</thead>{rows}<tr><th scope="row">total{totals}</table>'


def registers(lane):
    rows = "".join(f'<tr{"" if lane.before[name] == value else " class=changed"}><th scope="row">{name}'
                   f"<td>{lane.before[name]:#x}<td>{value:#x}<td>{'' if lane.before[name] == value else 'changed'}"
                   for name, value in lane.after.items())
    return (f'<div class="body" tabindex="0" role="region" aria-label="registers of {esc(lane_name(lane))}"><h4>{esc(lane_name(lane))}</h4>'
            f'<table><thead><tr><th scope="col">register<th scope="col">at the trap<th scope="col">behind it<th scope="col">differs</thead>{rows}</table></div>')


def frame(lane):
    """The frame as it lies in memory, the highest address on top."""
    rows = "".join(f'<tr><td class="from">{esc(source)} <span aria-hidden="true">→</span><th scope="row" class="slot"><span>{offset:#x}</span> '
                   f'<b>{esc(slot)}</b> <code>{value:#x}</code><td class="to"><span aria-hidden="true">→</span> {esc(target)}'
                   for offset, slot, value, source, target in reversed(frame_rows(lane)))
    what = "a call" if is_call(lane) else "a trap"
    return (f'<div class="body" tabindex="0" role="region" aria-label="trap frame of {esc(lane_name(lane))}"><h4>{esc(lane_name(lane))}: the frame of {what}</h4>'
            f'<table class="frame"><thead><tr><th scope="col">on the way in<th scope="col">the slot, as it lay on the kernel stack'
            f'<th scope="col">on the way out</thead>{rows}</table></div>') if rows else ""


def doors(lane):
    """The map of a machine's doors, with those that this lane came by."""
    user, kernel = PRIVILEGE[lane.machine]
    taken = used(lane)
    columns = "".join(
        f'<li class="{"taken" if label in taken else ""}"><b>{esc(door)}</b><span>{esc(how)}</span><span class="wall" aria-hidden="true"></span>'
        f'<code>{label}</code><span aria-hidden="true">↓</span><code>{function}()</code>'
        f'{"<em>taken here</em>" if label in taken else ""}</li>' for door, how, label, function in DOORS[lane.machine])
    return (f'<div class="body" tabindex="0" role="region" aria-label="doors of {lane.machine}"><h4>{lane.machine}: from {user}, above the line, to {kernel}</h4>'
            f'<ul class="doors">{columns}</ul><p>All of them go back to the user by <code>return_to_user</code>: {WAY_OUT[lane.machine]}.</p></div>')


def extra(title, text, parts):
    body = "".join(parts)
    return (f'<details class="extra"><summary>{title}</summary><p class="about">{text}</p><div class="bodies">{body}</div></details>'
            if body else "")


def section(call, lanes):
    most = max(stage.count for lane in lanes for stage in lane.stages.values())
    longest = max(lane.count for lane in lanes)
    ours = [lane for lane in lanes if lane.kernel == "Janus"]
    head = "".join(f'<div class="cell head">{esc(lane_name(lane))}</div>' for lane in lanes)
    rows = "".join(stage_row(key, title, lanes, most) for key, title in STAGES)
    return (f'<section id="call-{esc(call)}" aria-labelledby="h-{esc(call)}"><h2 id="h-{esc(call)}">{esc(call)}'
            f"<small>{esc(recordings.scenario(call)[0])}</small></h2>{sentence(lanes)}"
            f'{"".join(whole(lane, longest) for lane in lanes)}'
            f'<h3>Stage by stage</h3><p class="about">Open a row to see what ran there, and why. The large figure is instructions; the small '
            f"ones are those of them that a processor charges more for.</p><div"
            f' class="lanes" style="--lanes:{len(lanes)}"><div class="stage heads" aria-hidden="true">'
            f'<span class="title">stage</span>{head}</div>{rows}{totals_row(lanes)}</div>'
            + extra("Where Linux's instructions go, and what Janus does not do", "Linux's functions by what they are for; the way in and out "
                    "is all of its stages but copy and handler.", [linux_work(lane) for lane in lanes if lane.kernel == "Linux"])
            + extra("The trap frame, slot by slot", "Before any C runs, the entry code keeps what the user had in registers. The "
                    "frame was read from the kernel's stack at that moment; the highest address is on top.", map(frame, ours))
            + extra("The user's registers before and after", "What differs is what the call may change: its result, the address, and "
                    "what the trap instruction itself overwrites.", map(registers, ours))
            + extra("The doors of each machine, and which this call took", "Everything that can bring the processor from the "
                    "user's code into the kernel's.", map(doors, ours))
            + extra("The figures as a plain table", "Instructions.", [f'<div class="body">{figures_table(lanes)}</div>'])
            + "</section>")


def page(recorded):
    menu = "".join(f'<option value="call-{esc(call)}">{esc(call)}: {esc(recordings.scenario(call)[0])}</option>'
                   for call in recorded)
    sections = "".join(section(call, lanes) for call, lanes in recorded.items())
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Janus: the entry paths side by side</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{asset("compare.css")}</style></head>'
            f"<body><header><h1>How a call enters the kernel, and leaves it</h1>{INTRODUCTION}{READING}"
            f'<div class="controls"><label>Call <select id="menu">{menu}</select></label> '
            f'<button type="button" id="open">open all stages</button> <button type="button" id="close">close all</button></div>'
            f'</header><main>{sections}</main><script>{asset("compare.js")}</script></body></html>\n')
