# SPDX-License-Identifier: BSD-2-Clause
"""Pieces of HTML that the parts of the pages are made of."""
import html
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def esc(text):
    return html.escape(str(text))


def asset(name):
    with open(os.path.join(HERE, name)) as file:
        return file.read()


def lane_name(lane):
    return f"{lane.machine} {lane.kernel}"


def panel(label, heading, body):
    """A part of what opens: the keyboard can scroll it, and a screen reader names it."""
    return (f'<div class="body" tabindex="0" role="region" aria-label="{esc(label)}"><h4>{esc(heading)}</h4>'
            f"{body}</div>")


def table(heads, rows, kind=""):
    """heads: (title, whether its column is numbers)."""
    head = "".join(f'<th scope="col"{" class=number" if numbers else ""}>{esc(title)}' for title, numbers in heads)
    named = kind and f' class="{kind}"'
    return f'<table{named}><thead><tr>{head}</thead>{rows}</table>'


def plural(count, word):
    return f"{count:,} {word}{'' if count == 1 else 's'}"
