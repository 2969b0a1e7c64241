# SPDX-License-Identifier: BSD-2-Clause
"""The compare page as a person meets it: opened from a file in headless Chromium, by mouse and by keyboard."""
import os

from . import compare, comparepage, files, ktap, setup
from .boots import REPORT
from .browser import Browser

CHROMIUM = {"chromium": "chromium"}
SUMMARIES = "[...document.querySelectorAll('section:not([hidden]) details.stage > summary')]"


def shown_counts(browser, call):
    """{(lane, stage): count} as they stand on the page."""
    rows = browser.evaluate(
        f"[...document.querySelectorAll('#call-{call} details.stage')].flatMap(s => [...s.querySelectorAll("
        "'summary .cell:not(.none)')].map(c => [c.dataset.lane, s.dataset.stage, "
        "Number(c.querySelector('.count').textContent)]))")
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


def run(recorded):
    subject = ktap.Subject("compare page")
    setup.need(CHROMIUM)
    os.makedirs(REPORT, exist_ok=True)
    path = os.path.join(REPORT, "compare.html")
    files.write(path, comparepage.page(recorded))
    with Browser() as browser:
        browser.open("file://" + path)
        browser.screenshot(os.path.join(REPORT, "compare.png"))
        for title, wrong in look(browser, compare.as_json(recorded)).items():
            subject.put(title, ktap.Result("fail" if wrong else "ok", wrong))
    return subject
