# SPDX-License-Identifier: BSD-2-Clause
"""Whether a page can be used by one who hears it, who has but a keyboard, or who sees little: in headless Chromium."""

CONTROLS = ("button", "link", "combobox", "textbox", "checkbox", "DisclosureTriangle", "region", "image", "img")
CONTRAST = 4.5
TABS = 12           # stops of the keyboard that are looked at

HEADINGS = """[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].filter(h => !h.closest('[hidden]'))
    .map(h => Number(h.tagName[1]))"""

# A table without headers of its columns, or a row without one of its own.
TABLES = """[...document.querySelectorAll('table')].flatMap((table, n) => {
    const bare = [...table.querySelectorAll('tr')]
        .filter(row => !row.closest('thead') && !row.querySelector('th[scope=row]'));
    const empty = [...table.querySelectorAll('th')].filter(th => !th.textContent.trim() && !th.querySelector('svg'));
    return table.querySelector('th[scope=col]') && !bare.length && !empty.length ? [] :
        ['table ' + n + ': ' + table.textContent.slice(0, 40)];
})"""

# Texts whose colour is too near to what is behind them: [text, ratio].
FAINT = """(() => {
    const parse = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
    const lum = c => c.slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const behind = element => { for (; element; element = element.parentElement) {
        const c = parse(getComputedStyle(element).backgroundColor);
        if (c[3] === 1) return c;
    } return [255, 255, 255, 1]; };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = new Map();
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
        if (!text || element.closest('script,style,select,svg') || !element.getClientRects().length) continue;
        const [a, b] = [lum(parse(getComputedStyle(element).color)), lum(behind(element))].sort((x, y) => y - x);
        const ratio = (a + .05) / (b + .05);
        if (ratio < %s) found.set(element.className + ' ' + text.slice(0, 30), ratio.toFixed(2));
    }
    return [...found].slice(0, 5);
})()""" % CONTRAST

FOCUSED = """(() => { const e = document.activeElement, s = getComputedStyle(e);
    return [e.tagName, e.textContent.slice(0, 30), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0]; })()"""


def nameless(browser):
    return [f"a {role} has no name" for role, name in browser.tree() if role in CONTROLS and not name.strip()]


def disorder(browser):
    """Headings that skip a level."""
    levels = browser.evaluate(HEADINGS)
    return [f"heading {after} behind heading {before}" for before, after in zip([0, *levels], levels)
            if after > before + 1]


def faint(browser):
    found = []
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        found += [f"{scheme}: {text!r} has a contrast of {ratio}" for text, ratio in browser.evaluate(FAINT)]
    browser.scheme("light")
    return found


def unseen_focus(browser):
    """Where the keyboard goes and it is not seen."""
    found = []
    for _ in range(TABS):
        browser.tab()
        tag, text, seen = browser.evaluate(FOCUSED)
        if tag != "BODY" and not seen:
            found.append(f"focus is not seen on {tag} {text!r}")
    return found


def look(browser):
    """{title: "" or what is wrong} of the page that is open."""
    return {title: "\n".join(wrong) for title, wrong in {
        "every control and picture has a name": nameless(browser),
        "headings skip no level": disorder(browser),
        "each table and row has a header": browser.evaluate(TABLES),
        f"texts have a contrast of {CONTRAST}, light and dark": faint(browser),
        "the keyboard's focus is seen": unseen_focus(browser)}.items()}
