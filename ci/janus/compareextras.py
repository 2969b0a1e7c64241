# SPDX-License-Identifier: BSD-2-Clause
"""What stands below a call's stages on the compare page, closed: Linux's work, frames, registers, doors, figures."""
from . import purposes
from .doors import DOORS, PRIVILEGE, WAY_OUT, used
from .frames import frame_rows, is_call
from .htmlparts import esc, lane_name, panel, table
from .stages import STAGES, THE_WORK


def linux_work(lane):
    """Where a lane of Linux spends its instructions, by what they are for."""
    way = [key for key, _ in STAGES if key not in THE_WORK]
    rows = "".join(f'<tr><th scope="row">{esc(what)}<td>{"Janus has none" if absent else ""}<td class=number>{count:,}'
                   f'<td>{", ".join(f"<code>{esc(name)}</code>&nbsp;{n}" for name, n in names[:6])}'
                   f'{f" and {len(names) - 6} more" if len(names) > 6 else ""}'
                   for what, absent, count, names in purposes.grouped(lane, way))
    heads = (("for", False), ("in Janus", False), ("instructions", True), ("functions", False))
    return panel(f"what {lane_name(lane)} does", lane_name(lane), table(heads, rows))


def figures_table(lanes):
    """The same figures as a plain table, to be read aloud or copied."""
    rows = "".join(f'<tr><th scope="row">{esc(title)}' + "".join(
        f"<td class=number>{lane.stages[key].count or '–'}" for lane in lanes)
        for key, title in STAGES if any(lane.stages[key].count for lane in lanes))
    totals = "".join(f"<td class=number>{lane.count}" for lane in lanes)
    heads = [("stage", False), *((lane_name(lane), True) for lane in lanes)]
    return table(heads, f'{rows}<tr><th scope="row">total{totals}')


def registers(lane):
    rows = "".join(f'<tr{"" if lane.before[name] == value else " class=changed"}><th scope="row">{name}'
                   f"<td>{lane.before[name]:#x}<td>{value:#x}<td>{'' if lane.before[name] == value else 'changed'}"
                   for name, value in lane.after.items())
    heads = [(title, False) for title in ("register", "at the trap", "behind it", "differs")]
    return panel(f"registers of {lane_name(lane)}", lane_name(lane), table(heads, rows))


def frame(lane):
    """The frame as it lies in memory, the highest address on top."""
    rows = "".join(f'<tr><td class="from">{esc(source)} <span aria-hidden="true">→</span>'
                   f'<th scope="row" class="slot"><span>{offset:#x}</span> <b>{esc(slot)}</b> <code>{value:#x}</code>'
                   f'<td class="to"><span aria-hidden="true">→</span> {esc(target)}'
                   for offset, slot, value, source, target in reversed(frame_rows(lane)))
    if not rows:
        return ""
    heads = [(title, False) for title in ("on the way in", "the slot, as it lay on the kernel stack", "on the way out")]
    name, what = lane_name(lane), "a call" if is_call(lane) else "a trap"
    return panel(f"trap frame of {name}", f"{name}: the frame of {what}", table(heads, rows, "frame"))


def doors(lane):
    """The map of a machine's doors, with those that this lane came by."""
    user, kernel = PRIVILEGE[lane.machine]
    taken = used(lane)

    def column(door, how, label, function):
        kind, word = ("taken", "<em>taken here</em>") if label in taken else ("", "")
        return (f'<li class="{kind}"><b>{esc(door)}</b><span>{esc(how)}</span>'
                f'<span class="wall" aria-hidden="true"></span><code>{label}</code><span aria-hidden="true">↓</span>'
                f"<code>{function}()</code>{word}</li>")

    columns = "".join(column(*door) for door in DOORS[lane.machine])
    return panel(f"doors of {lane.machine}", f"{lane.machine}: from {user}, above the line, to {kernel}",
                 f'<ul class="doors">{columns}</ul><p>All of them go back to the user by <code>return_to_user</code>: '
                 f"{WAY_OUT[lane.machine]}.</p>")


def extra(title, text, parts):
    body = "".join(parts)
    if not body:
        return ""
    return (f'<details class="extra"><summary>{title}</summary><p class="about">{text}</p>'
            f'<div class="bodies">{body}</div></details>')


def extras(lanes):
    """What is below the stages, closed."""
    ours, linux = ([lane for lane in lanes if lane.kernel == kernel] for kernel in ("Janus", "Linux"))
    figures = [f'<div class="body">{figures_table(lanes)}</div>']
    return "".join((
        extra("Where Linux's instructions go, and what Janus does not do", "Linux's functions by what they are for; "
              "the way in and out is all of its stages but copy and handler.", map(linux_work, linux)),
        extra("The trap frame, slot by slot", "Before any C runs, the entry code keeps what the user had in registers. "
              "The frame was read from the kernel's stack at that moment; the highest address is on top.",
              map(frame, ours)),
        extra("The user's registers before and after", "What differs is what the call may change: its result, the "
              "address, and what the trap instruction itself overwrites.", map(registers, ours)),
        extra("The doors of each machine, and which this call took", "Everything that can bring the processor from the "
              "user's code into the kernel's.", map(doors, ours)),
        extra("The figures as a plain table", "Instructions.", figures)))
