#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The pages of docs/ as HTML: site.py FIGURES SITE. Needs Debian's python3-markdown and python3-jinja2.

A page may say {{stages CALL}}, {{listing MACHINE CALL STAGE}}, {{count MACHINE CALL}} or {{linux CALL}}:
tables and listings from the recorded windows in FIGURES (janus compare's JSON).
"""
import html
import json
import os
import re
import sys

import jinja2
import markdown

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
DOCS = os.path.join(ROOT, "docs")
TITLES = {"user": "the user's own", "vdso": "the vDSO", "vectors": "2. vectors", "entry": "3. entry from user",
          "syscall": "4. syscall", "dispatch": "dispatch", "copy": "copy", "handler": "handler",
          "kernel-entry": "5. entry from kernel", "exit": "exit work", "return": "6. return",
          "thread-start": "7. thread start"}


class Figures:
    def __init__(self, path):
        with open(path) as file:
            self.calls = json.load(file)["calls"]

    def lane(self, machine, call, kernel="Janus"):
        for lane in self.calls[call]["lanes"]:
            if (lane["machine"], lane["kernel"]) == (machine, kernel):
                return lane
        raise SystemExit(f"site.py: no recording of {call} on {machine} {kernel}")

    def stages(self, call):
        lanes = self.calls[call]["lanes"]
        rows = ["| stage | " + " | ".join(f"{l['machine']} {l['kernel']}" for l in lanes) + " |",
                "|---|" + "---:|" * len(lanes)]
        for key, title in TITLES.items():
            if any(key in lane["stages"] for lane in lanes):
                cells = [str(lane["stages"].get(key, {}).get("instructions", "–")) for lane in lanes]
                rows.append(f"| {title} | " + " | ".join(cells) + " |")
        rows.append("| **total** | " + " | ".join(f"**{lane['instructions']}**" for lane in lanes) + " |")
        return "\n".join(rows)

    def count(self, machine, call):
        return str(self.lane(machine, call)["instructions"])

    def listing(self, machine, call, stage):
        lane = self.lane(machine, call)
        rows, place = [], None
        for address, function, file, line, text, where in lane["trace"]:
            if where != stage:
                continue
            if (function, file, line) != place:
                place = (function, file, line)
                rows.append(f'<span class="src">{html.escape(function)}  {html.escape(file)}:{line}</span>')
            rows.append(f"    {html.escape(text)}")
        count = lane["stages"].get(stage, {}).get("instructions", 0)
        body = "\n".join(rows) or "(no instruction of this call is here)"
        return (f'<figure><figcaption>{machine}, {TITLES[stage]}: {count} instructions</figcaption>'
                f"<pre>{body}</pre></figure>")

    def linux(self, call):
        parts = []
        for lane in self.calls[call]["lanes"]:
            if lane["kernel"] == "Linux":
                totals = {}
                for row in lane["trace"]:
                    totals[row[1]] = totals.get(row[1], 0) + 1
                names = ", ".join(f"`{name}` {n}" for name, n in sorted(totals.items(), key=lambda i: -i[1])[:14])
                parts.append(f"On {lane['machine']} Linux takes {lane['instructions']} instructions: {names}.")
        return "\n\n".join(parts) or "(Linux was not recorded for this site.)"


def expand(text, figures):
    def put(match):
        name, *words = match[1].split()
        return getattr(figures, name)(*words)
    return re.sub(r"\{\{(\w+(?: [\w-]+)*)\}\}", put, text)


def with_headers(body):
    """Tables whose columns and rows have headers, and which the keyboard can scroll where they are too wide."""
    body = re.sub(r"<th\b(?!ead)", '<th scope="col"', body)
    body = re.sub(r"<tr>\s*<td( [^>]*)?>(.*?)</td>", r'<tr>\n<th scope="row"\1>\2</th>', body, flags=re.S)
    body = re.sub(r"<th[^>]*></th>", "<td></td>", body)
    frame = r'<div class="wide" role="region" aria-label="table" tabindex="0">\g<0></div>'
    return re.sub(r"<table>.*?</table>", frame, body, flags=re.S)


def pages(site):
    """[(path of the Markdown, name of the page)]: the front page is the README."""
    found = [(os.path.join(ROOT, "README.md"), "index")]
    found += [(os.path.join(DOCS, name), name[:-3]) for name in sorted(os.listdir(DOCS)) if name.endswith(".md")]
    return found + [(os.path.join(site, "syscalls.md"), "syscalls")]


def title_of(text):
    match = re.search(r"^# (.+)$", text, re.M)
    return match[1] if match else "Janus"


def main(path, site):
    figures = Figures(path)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.html")) as file:
        template = jinja2.Environment(autoescape=True).from_string(file.read())
    texts = [(name, open(source).read()) for source, name in pages(site)]
    menu = [*((f"{name}.html", title_of(text)) for name, text in texts),
            ("paths.html", "The paths of this build, from a run")]
    for name, text in texts:
        text = re.sub(r"\]\((?:docs/)?([\w-]+)\.md", r"](\1.html", expand(text, figures))
        body = with_headers(markdown.markdown(text, extensions=["tables", "fenced_code", "toc"]))
        with open(os.path.join(site, name + ".html"), "w") as out:
            out.write(template.render(title=title_of(text), body=jinja2.utils.markupsafe.Markup(body), menu=menu))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
