# SPDX-License-Identifier: BSD-2-Clause
"""The pages as a person meets them: opened from a file in headless Chromium, by mouse, by keyboard and by a screen
reader."""
import os

from . import accessible, bench, benchplot, compare, comparepage, events, files, ktap, setup
from .boots import REPORT
from .browser import Browser
from .machine import MACHINES

CHROMIUM = {"chromium": "chromium"}
SUMMARIES = "[...document.querySelectorAll('section:not([hidden]) details.stage > summary')]"


def shown_counts(browser, call):
    """{(lane, stage): count} as they stand on the page."""
    rows = browser.evaluate(
        f"[...document.querySelectorAll('#call-{call} details.stage')].flatMap(s => [...s.querySelectorAll("
        "'summary .cell:not(.none)')].map(c => [c.dataset.lane, s.dataset.stage, "
        "Number(c.querySelector('.count').textContent.replace(/,/g, ''))]))")
    return {(lane, stage): count for lane, stage, count in rows}


def wanted_counts(data, call):
    return {(f"{lane['machine']} {lane['kernel']}", key): stage["instructions"]
            for lane in data["calls"][call]["lanes"] for key, stage in lane["stages"].items()}


def open_states(browser):
    return browser.evaluate(f"{SUMMARIES}.map(s => s.parentElement.open)")


def toggle_by_mouse(browser, index):
    x, y = browser.evaluate(
        f"(() => {{ const s = {SUMMARIES}[{index}]; s.scrollIntoView({{block: 'center'}}); "
        "const r = s.getBoundingClientRect(); return [r.left + 20, r.top + r.height / 2]; })()")
    browser.click(x, y)


def toggle_by_key(browser, index):
    browser.evaluate(f"{SUMMARIES}[{index}].focus()")
    browser.enter()


def stages_open_and_close(browser, toggle):
    """"" or what did not work."""
    for index in range(len(open_states(browser))):
        for wanted in (True, False):
            toggle(browser, index)
            if open_states(browser)[index] is not wanted:
                return f"stage {index} did not {'open' if wanted else 'close'}"
    return ""


def look(browser, data):
    """{title: "" or what is wrong}"""
    found = {}
    for call in data["calls"]:
        shown, wanted = shown_counts(browser, call), wanted_counts(data, call)
        wrong = [f"{key}: {shown.get(key)} on the page, {wanted.get(key)} in the JSON"
                 for key in sorted(set(shown) | set(wanted)) if shown.get(key) != wanted.get(key)]
        found[f"the numbers of {call} are the JSON's"] = "\n".join(wrong)
    found["every stage opens and closes by mouse"] = stages_open_and_close(browser, toggle_by_mouse)
    found["every stage opens and closes by keyboard"] = stages_open_and_close(browser, toggle_by_key)
    outside = [url for url in browser.requests() if not url.startswith(("file:", "data:", "about:"))]
    found["no request leaves the page"] = "\n".join(outside)
    found["no console error"] = "\n".join(browser.errors())
    return found


def bench_page():
    """The page of the benchmarks as it is when each row takes its budget."""
    table = bench.rows()
    costs = {name: ({row.name: float(row.budget[name]) for row in table}, {}) for name in MACHINES}
    counts = {row.name: dict.fromkeys(events.EVENTS, 1.0) for row in table}
    return benchplot.page(bench.as_json(table, costs, {name: {"janus": counts, "linux": counts} for name in MACHINES}))


BAD = """<!doctype html><html lang="en"><style>* { outline: none !important }</style><body><h1>A page</h1>
<h3>with faults</h3>
<button></button><p style="color:#aaa;background:#fff">faint</p><table><tr><td>1</table></html>"""


def accessible_results(browser, pages):
    """(title, Result): of each page with everything open; and that each fault of a bad page is seen."""
    for name, text in pages.items():
        path = os.path.join(REPORT, name.replace(" ", "-") + ".html")
        files.write(path, text)
        browser.open("file://" + path)
        browser.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        for title, wrong in accessible.look(browser).items():
            if text is BAD:
                title, wrong = f"seen to be missing: {title}", "" if wrong else "it is missing, and that is not seen"
            yield f"{name}: {title}", ktap.Result("fail" if wrong else "ok", wrong)


def run(recorded):
    subject = ktap.Subject("pages")
    setup.need(CHROMIUM)
    os.makedirs(REPORT, exist_ok=True)
    path, page = os.path.join(REPORT, "compare.html"), comparepage.page(recorded)
    files.write(path, page)
    with Browser() as browser:
        browser.open("file://" + path)
        browser.screenshot(os.path.join(REPORT, "compare.png"))
        for title, wrong in look(browser, compare.as_json(recorded)).items():
            subject.put(title, ktap.Result("fail" if wrong else "ok", wrong))
        for title, result in accessible_results(browser, {"compare": page, "bench": bench_page(), "a bad page": BAD}):
            subject.put(title, result)
    return subject
