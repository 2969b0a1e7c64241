# SPDX-License-Identifier: BSD-2-Clause
"""The page of `janus coverage`: self-contained, a table of folders, and each file with its lines that nothing ran."""
import html
import os

from .gcov import total
from .machine import ROOT

STYLE = """
:root { color-scheme: light dark; --text: #1c1c1c; --back: #fff; --soft: #f3f3f3; --line: #ccc; --quiet: #5a5a5a;
	--miss: #fbd9d7; --part: #fdf0c4; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e6e6; --back: #161616; --soft: #222; --line: #444;
	--quiet: #a8a8a8; --miss: #5c2522; --part: #4d4013; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 0 auto;
	max-width: 84rem; padding: 1rem; }
h1 { font-size: 1.6rem; margin: .5rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .9rem .15rem 0; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
summary { cursor: pointer; padding: .2rem; border-bottom: 1px solid var(--line); }
summary:hover { background: var(--soft); }
summary span { float: right; color: var(--quiet); font-variant-numeric: tabular-nums; }
:focus-visible { outline: 3px solid #2e75b6; outline-offset: 1px; }
pre { margin: 0 0 1rem; overflow-x: auto; background: var(--soft); font: 13px/1.4 ui-monospace, monospace;
	tab-size: 8; }
pre i { color: var(--quiet); font-style: normal; }
mark { background: var(--miss); color: inherit; }
mark.part { background: var(--part); }
"""

READING = """<p>A line counts as run when any guest of either machine or any unit test on the host ran it; a branch is
one way out of a condition. <mark>A line like this</mark> was never run; of <mark class="part">a line like this</mark>
some branch was never taken. The number before a line says how often it was run; a line without one has no code. The
vDSO, which runs in programs, and assembly are not counted.</p>"""


def share(run, there):
    return f"{100 * run / there:.1f} %" if there else "-"


def row(name, figures):
    cells = "".join(f"<td>{share(*figure)}</td><td>{figure[1]}</td>" for figure in figures)
    return f"<tr><td>{html.escape(name)}</td>{cells}</tr>"


def table(report):
    rows = [row(name, total(files.values())) for name, files in report.folders().items()]
    rows.append(row("core, all", report.core()))
    rows += [row(f"core, by {name} alone", report.core(files)) for name, files in report.parts.items()]
    return ("<table><thead><tr><th>folder</th><th>lines</th><th>of</th><th>branches</th><th>of</th><th>functions</th>"
            f"<th>of</th></tr></thead><tbody>{''.join(rows)}</tbody></table>")


def source(path, file):
    with open(os.path.join(ROOT, path), errors="replace") as text:
        lines = text.read().splitlines()
    shown = []
    for number, line in enumerate(lines, 1):
        count = file.lines.get(number)
        text = html.escape(line)
        if count == 0:
            text = f"<mark>{text}</mark>"
        elif count and 0 in file.branches.get(number, ()):
            text = f'<mark class="part">{text}</mark>'
        shown.append(f"<i>{number:5}{'' if count is None else brief(count):>7} </i>{text}")
    return "\n".join(shown)


def brief(count):
    """A count in at most five characters."""
    for unit in ("", "k", "M", "G"):
        if count < 10000 or unit == "G":
            return f"{count}{unit}"
        count //= 1000


def file_block(path, file):
    figures = file.figures()
    lines, branches, _ = figures
    return (f"<details><summary>{html.escape(path)}<span>{share(*lines)} of {lines[1]} lines, "
            f"{share(*branches)} of branches</span></summary><pre>{source(path, file)}</pre></details>")


def page(report):
    blocks = []
    for name, files in report.folders().items():
        blocks.append(f"<h2>{html.escape(name)}</h2>")
        blocks += [file_block(path, file) for path, file in files.items() if os.path.isfile(os.path.join(ROOT, path))]
    never = " ".join(report.never_called())
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Janus: coverage</title>'
            f"<style>{STYLE}</style></head><body><main><h1>What the tests run of the kernel</h1>{READING}"
            f"{table(report)}<p>System calls that nothing called: {html.escape(never) or 'none'}.</p>"
            f"{''.join(blocks)}</main></body></html>\n")
