# SPDX-License-Identifier: BSD-2-Clause
"""The page of `janus compare --html`: self-contained, from the recorded windows alone."""
import itertools
import os
import re

from . import recordings
from .compareextras import extras
from .htmlparts import asset, esc, lane_name, panel, plural, table
from .machine import ROOT
from .stages import ABOUT, STAGES, THE_WORK

COLOURS = {"user": "#8a8a8a", "vdso": "#bab0ac", "vectors": "#b07aa1", "entry": "#4e79a7", "syscall": "#6b9bd1",
           "dispatch": "#f28e2b", "copy": "#76b7b2", "handler": "#59a14f", "kernel-entry": "#9c755f", "exit": "#edc948",
           "return": "#e15759", "thread-start": "#ff9da7"}
NAMED_FROM = 9      # per cent of the page's width: a part of a bar so wide has its stage's name in it
LONG = 2500         # instructions of a stage that are listed; a longer one is told by function

INTRODUCTION = """<p>A program cannot reach files, devices or other programs by itself. It asks the kernel by one
instruction, a system call: <code>syscall</code> on x86_64, <code>svc</code> on arm64. The processor then runs the
kernel's code with the kernel's rights, and later goes on behind that instruction. This page shows <b>every instruction
in between</b>, for two machines and two kernels: Janus, and Debian's Linux 6.1. Nothing on it is typed; it was recorded
from guests in QEMU, one instruction at a time, when the call was made for the eighth time.</p>"""
READING = """<details class="extra"><summary>How to read this page</summary>
<p>A column, or lane, is one kernel on one machine. A row is a stage of the way; open it to see what ran. The numbered
stages are the banners, the headings, of Janus's entry files, <code>arch/x86_64/entry.asm</code> and
<code>arch/arm64/entry.S</code>, which have the same ones in the same order. C runs between them. Linux's functions are
put into the same stages by name; its source is not here, so an open stage tells how many instructions each of its
functions took.</p>
<p>The large figure is instructions. The small ones are <i>loads</i> and <i>stores</i>, and events, which a processor
charges more for than for one instruction: <i>register</i>, a system register or the interrupt mask; <i>barrier</i>;
<i>atomic</i>; <i>tlb</i>, an invalidation of cached translations or another page table; <i>door</i>, the instruction
that enters or leaves the kernel.</p>
<p>Fewer instructions are not all: one atomic or one system register can cost what twenty plain instructions do. The
figures count what was run, not how long a processor of your own would take.</p></details>"""


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
    return table((("function", False), ("instructions", True)), rows)


def stage_body(lane, key):
    stage = lane.stages[key]
    told = by_function if lane.kernel == "Linux" or stage.count > LONG else listing
    return panel(lane_name(lane), lane_name(lane), told(stage))


def bar(count, most, key):
    width = 100 * count / most if most else 0
    return f'<span class="bar" style="width:{width:.1f}%;background:{COLOURS[key]}"></span>'


def details_of(stage):
    """Loads, stores and events in words; nothing of what there is none."""
    parts = [plural(stage.total(what + "s"), what) for what in ("load", "store") if stage.total(what + "s")]
    return ", ".join(parts + [f"{count} {name}" for name, count in sorted(stage.events().items())])


def lane_cell(lane, key, most):
    stage = lane.stages[key]
    if not stage.count:
        return lane_span(lane, "–", "cell none")
    return lane_span(lane, count_span(stage.count, "count", details_of(stage)) + bar(stage.count, most, key))


def lane_span(lane, body, kind="cell"):
    """A cell of a row; its lane's name is shown where the heads are out of sight."""
    name = esc(lane_name(lane))
    return f'<span class="{kind}" data-lane="{name}"><span class="name">{name} </span>{body}</span>'


def count_span(count, kind, more):
    return (f'<span class="{kind}">{count:,}</span><span class="unit"> instructions </span>'
            f'<span class="more">{more}</span>')


def stage_row(key, title, lanes, most):
    if not any(lane.stages[key].count for lane in lanes):
        return ""
    cells = "".join(lane_cell(lane, key, most) for lane in lanes)
    bodies = "".join(stage_body(lane, key) for lane in lanes if lane.stages[key].count)
    swatch = f'<i class="swatch" style="background:{COLOURS[key]}"></i>'
    return (f'<details class="stage" data-stage="{key}"><summary><span class="title">{swatch}{esc(title)}</span>{cells}'
            f'</summary><p class="about">{ABOUT[key]}</p><div class="bodies">{bodies}</div></details>')


def totals_row(lanes):
    cells = "".join(lane_span(lane, count_span(lane.count, "count total", compared(lane, lanes))) for lane in lanes)
    return f'<div class="stage totals"><span class="title">total</span>{cells}</div>'


def janus_of(lane, lanes):
    return next((other for other in lanes if other.kernel == "Janus" and other.machine == lane.machine), lane)


def compared(lane, lanes):
    """A Linux lane beside Janus's of the same machine."""
    ours = janus_of(lane, lanes)
    return f"{lane.count / ours.count:.1f} times Janus's" if lane is not ours else ""


def whole(lane, most):
    """The whole way of a lane as one bar of its stages."""
    def part(key, title, count):
        width = 100 * count / most
        return (f'<span style="width:{width:.2f}%;background:{COLOURS[key]}" title="{esc(title)}: {count:,}">'
                f'{esc(title) if width >= NAMED_FROM else ""}</span>')

    ran = [(key, title, lane.stages[key].count) for key, title in STAGES if lane.stages[key].count]
    said = ", ".join(f"{title} {count}" for _, title, count in ran)
    return (f'<div class="whole"><span class="head">{esc(lane_name(lane))}</span><span class="track" role="img" '
            f'aria-label="{esc(said)}">{"".join(part(*stage) for stage in ran)}</span>'
            f'<span class="sum">{lane.count:,}</span></div>')


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
        if linux:
            text += f". Linux takes {linux.count:,}, {linux.count / lane.count:.1f} times as many{most_of(linux, lane)}"
        parts.append(f"{text}.")
    return "".join(f"<p>{part}</p>" for part in parts)


def most_of(linux, ours):
    """In which stage most of what Linux takes more is."""
    key, title = max(STAGES, key=lambda stage: linux.stages[stage[0]].count - ours.stages[stage[0]].count)
    more = linux.stages[key].count - ours.stages[key].count
    if more <= 0:
        return ""
    return f"; {more:,} of the {linux.count - ours.count:,} more are in {esc(re.sub(r'^[0-9]. ', 'stage ', title))}"


def stage_lanes(lanes):
    """The rows of the stages under their lanes' heads."""
    most = max(stage.count for lane in lanes for stage in lane.stages.values())
    head = "".join(f'<div class="cell head">{esc(lane_name(lane))}</div>' for lane in lanes)
    rows = "".join(stage_row(key, title, lanes, most) for key, title in STAGES)
    return (f'<h3>Stage by stage</h3><p class="about">Open a row to see what ran there, and why. The large figure is '
            f"instructions; the small ones are those of them that a processor charges more for.</p>"
            f'<div class="lanes" style="--lanes:{len(lanes)}"><div class="stage heads" aria-hidden="true">'
            f'<span class="title">stage</span>{head}</div>{rows}{totals_row(lanes)}</div>')


def section(call, lanes):
    longest = max(lane.count for lane in lanes)
    bars = "".join(whole(lane, longest) for lane in lanes)
    return (f'<section id="call-{esc(call)}" aria-labelledby="h-{esc(call)}"><h2 id="h-{esc(call)}">{esc(call)}'
            f"<small>{esc(recordings.scenario(call)[0])}</small></h2>{sentence(lanes)}{bars}{stage_lanes(lanes)}"
            f"{extras(lanes)}</section>")


def menu(calls):
    options = "".join(f'<option value="call-{esc(call)}">{esc(call)}: {esc(recordings.scenario(call)[0])}</option>'
                      for call in calls)
    return (f'<div class="controls"><label>Call <select id="menu">{options}</select></label> '
            f'<button type="button" id="open">open all stages</button> '
            f'<button type="button" id="close">close all</button></div>')


def page(recorded):
    sections = "".join(section(call, lanes) for call, lanes in recorded.items())
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>Janus: the entry paths side by side</title>"
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<style>{asset("compare.css")}</style></head>'
            f"<body><header><h1>How a call enters the kernel, and leaves it</h1>{INTRODUCTION}{READING}{menu(recorded)}"
            f'</header><main>{sections}</main><script>{asset("compare.js")}</script></body></html>\n')
