# SPDX-License-Identifier: BSD-2-Clause
"""The page of `janus bench --html`: one logarithmic line a row, with a mark for each who has a figure."""
import math

from . import events
from .htmlparts import asset, esc

MARKS = (("linux", "Linux", "M-5,-5L5,5M-5,5L5,-5"), ("goal", "goal", "M-6,0L6,0M0,-6L0,6"),
         ("floor", "floor (estimate)", "M0,-9L0,9"), ("moonshot", "moonshot", "M0,-7L6,5L-6,5Z"),
         ("janus", "Janus", "M0,-7L7,0L0,7L-7,0Z"))       # Janus last: on top
WHAT = {
    "getppid": "the shortest call there is", "bad_number": "a number that no call has",
    "clock_gettime": "the clock, by the vDSO", "write_null_1": "one byte to /dev/null",
    "read_zero_1": "one byte from /dev/zero", "read_zero_4k": "4 KiB from /dev/zero",
    "lseek": "set a file's position", "fcntl_getfl": "ask for a file's flags", "fstat": "attributes of an open file",
    "signal": "to oneself: delivery, handler, sigreturn", "stat_4": "attributes of a path of four names",
    "stat_enoent": "a path whose last name is not there", "open_close": "open a file and close it",
    "creat_unlink": "make a file and remove it", "mkdir_rmdir": "make a folder and remove it",
    "rename_twice": "there and back", "pread_4k": "4 KiB of a file in memory",
    "pread_64k": "64 KiB of a file in memory", "lseek_getdents_3": "list a folder of three names",
    "pipe_1": "one byte into a pipe and out", "pipe_4k": "4 KiB into a pipe and out",
    "poll_ready": "one pipe that is ready", "epoll_ready": "one pipe that is ready, by epoll",
    "eventfd": "write and read", "futex_wake_none": "wake a word nobody waits for",
    "futex_wait_eagain": "wait for a word that has changed", "pipe_pingpong": "two processes, there and back",
    "futex_pingpong": "two processes, there and back", "unix_1": "one byte through a unix socket",
    "unix_pingpong": "two processes, there and back", "thread": "pthread_create and join",
    "fork_exit_wait": "an 800 KB static program", "vfork_exit_wait": "the child only exits",
    "fork_exec_wait": "fork, then a new program", "vfork_exec_wait": "vfork, then a new program",
    "mmap_munmap": "4 KiB, untouched", "mmap_touch_munmap": "4 KiB, touched once",
    "fault_anon": "first touch of a page", "fault_cow": "first write to a shared page",
    "mprotect_toggle": "read-only and back", "brk": "a page more and a page less",
}
LEFT, RIGHT = 12, 488


def shown(value):
    return f"{value:,.0f}" if isinstance(value, (int, float)) else esc(value or "–")


def mark(key, path, at):
    return f'<path class="mark {key}" transform="translate({at:.1f},12)" d="{path}"/>'


class Scale:
    """Where a figure stands on a logarithmic line of whole decades."""

    def __init__(self, values):
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def place(self, value):
        return LEFT + (RIGHT - LEFT) * (math.log10(value) - self.low) / (self.high - self.low)

    def decades(self):
        return range(self.low, self.high + 1)

    def axis(self):
        words = "".join(f'<text x="{self.place(10 ** n):.1f}" y="13">{10 ** n:,}</text>' for n in self.decades())
        return f'<svg viewBox="0 0 500 18" aria-hidden="true">{words}</svg>'

    def line(self, row):
        """One row's marks. What they say stands in the row's cells, so that it need not be read twice."""
        tens = [f"{self.place(10 ** n):.1f}" for n in self.decades()]
        grid = "".join(f'<line class="grid" x1="{at}" x2="{at}" y1="0" y2="24"/>' for at in tens)
        marks = "".join(mark(key, path, self.place(row[key])) for key, _, path in MARKS
                        if isinstance(row[key], (int, float)) and row[key] > 0)
        return (f'<svg viewBox="0 0 500 24" aria-hidden="true">{grid}'
                f'<line class="line" x1="{LEFT}" y1="12" x2="{RIGHT}" y2="12"/>{marks}</svg>')


def legend():
    order = ("janus", "linux", "goal", "moonshot", "floor")
    items = "".join(f'<li><svg viewBox="-10 -10 20 20" aria-hidden="true"><path class="mark {key}" d="{path}"/></svg> '
                    f"{title}</li>" for key, title, path in sorted(MARKS, key=lambda mark: order.index(mark[0])))
    return f'<ul class="legend">{items}</ul>'


def ratio(row):
    known = all(isinstance(row[key], (int, float)) and row[key] for key in ("linux", "janus"))
    return f"{row['linux'] / row['janus']:.1f}×" if known else "–"


def table_row(title, row, scale):
    aims = "".join(f'<td class="aim">{shown(row[key])}' for key in ("goal", "moonshot", "floor"))
    return (f'<tr><th scope="row">{esc(title)}<small>{esc(WHAT.get(title, ""))}</small>'
            f'<td data-name="Linux">{shown(row["linux"])}<td class="janus" data-name="Janus">{shown(row["janus"])}'
            f'<td data-name="ratio">{ratio(row)}{aims}<td class="plot">{scale.line(row)}</tr>')


def machine_table(name, costs):
    scale = Scale([v for row in costs.values() for v in row.values() if isinstance(v, (int, float)) and v > 0])
    rows = "".join(table_row(title, row, scale) for title, row in costs.items()
                   if isinstance(row["janus"], float) or isinstance(row["linux"], float))
    heads = "".join(f'<th scope="col">{word}' for word in ("operation", "Linux", "Janus", "ratio"))
    heads += "".join(f'<th scope="col" class="aim">{word}' for word in ("goal", "moonshot", "floor"))
    heads += f'<th scope="col" class=plot>{scale.axis()}'
    return (f"<h2>{esc(name)}</h2><table class=plots><caption>Guest instructions an operation on {esc(name)}; the line "
            f"is logarithmic.</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")


def event_cells(counts):
    """One row of the events: each of Linux beside Janus's."""
    def cell(kernel, event):
        return f'<td class="{kernel}">{events.number(counts[kernel][event]) if counts[kernel] else "–"}'

    return "".join(cell("linux", event) + cell("janus", event) for event in events.ONE_CPU)


def events_table(name, costs):
    rows = "".join(f'<tr><th scope="row">{esc(title)}{event_cells(row["events"])}</tr>' for title, row in costs.items()
                   if row.get("events", {}).get("janus"))
    if not rows:
        return ""
    heads = "".join(f'<th scope="colgroup" colspan="2">{event}<small>{events.EVENTS[event][0]}</small>'
                    for event in events.ONE_CPU)
    kernels = '<th scope="col">Linux<th scope="col">Janus' * len(events.ONE_CPU)
    return (f"<h3>Events on {esc(name)}</h3><p>How often one operation does what a processor charges more for than for "
            f"one instruction, in the kernel and its vDSO. A fraction is a mean over several operations.</p>"
            f'<div class="wide" tabindex="0" role="region" aria-label="events on {esc(name)}"><table class="events">'
            f'<thead><tr><td>{heads}</tr><tr><th scope="col">operation{kernels}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>")


INTRODUCTION = """<p>How many instructions a machine runs to do one operation once, the loop around it included: fewer
is better, further left is fewer. The same static program ran on Janus and on Debian's Linux 6.1, in QEMU with
<code>-icount shift=0,sleep=off</code>, where a nanosecond is an instruction. Goal and moonshot are what the project set
itself; the floor is an estimate of what the work itself must take. Linux's figures include the defences that it has and
Janus has not (about 133 instructions of each call on arm64).</p>"""


def page(result):
    body = "".join(machine_table(name, costs) + events_table(name, costs) for name, costs in result["machines"].items())
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>Janus: what each operation costs</title>"
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{asset("bench.css")}</style>'
            f"</head><body><h1>What each operation costs</h1>{INTRODUCTION}{legend()}{body}</body></html>\n")
