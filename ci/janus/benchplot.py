# SPDX-License-Identifier: BSD-2-Clause
"""The page of `janus bench --html`: one logarithmic line a row, with a mark for each who has a figure."""
import html
import math

MARKS = (("linux", "Linux", "#c0504d", "M-5,-5L5,5M-5,5L5,-5"), ("janus", "Janus", "#2e75b6", "M0,-6L6,0L0,6L-6,0Z"),
         ("goal", "goal", "#7f7f7f", "M-5,0L5,0M0,-5L0,5"), ("moonshot", "moonshot", "#bf9000", "M0,-6L5,5L-5,5Z"),
         ("floor", "floor (estimate)", "#548235", "M0,-6L0,6"))
STYLE = """
:root{color-scheme:light dark;--line:#8888;--text:#222;--back:#fff}
@media(prefers-color-scheme:dark){:root{--text:#ddd;--back:#181818}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:var(--text);
background:var(--back)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.15rem .5rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}td.plot{width:45%;padding:0}
svg{display:block;width:100%;height:22px}.scroll{overflow-x:auto}
@media print{td.plot{width:35%}}
"""


def shown(value):
    return f"{value:,.0f}" if isinstance(value, (int, float)) else html.escape(str(value or "–"))


def line(row, low, high):
    """One row's marks on its line, as SVG."""
    def place(value):
        return 10 + 380 * (math.log10(value) - low) / (high - low)

    parts = ['<line x1="10" y1="11" x2="390" y2="11" stroke="currentColor" stroke-opacity=".25"/>']
    for key, title, colour, path in MARKS:
        value = row[key]
        if isinstance(value, (int, float)) and value > 0:
            fill = colour if path.endswith("Z") else "none"
            parts.append(f'<path transform="translate({place(value):.1f},11)" d="{path}" stroke="{colour}" '
                         f'stroke-width="2" fill="{fill}"><title>{title}: {shown(value)}</title></path>')
    return f'<svg viewBox="0 0 400 22" role="img" aria-label="marks on a logarithmic line">{"".join(parts)}</svg>'


def legend():
    items = (f'<svg viewBox="-8 -8 16 16" style="display:inline;width:16px;height:16px;vertical-align:middle">'
             f'<path d="{path}" stroke="{colour}" stroke-width="2" fill="{colour if path.endswith("Z") else "none"}"/>'
             f'</svg> {title}' for _, title, colour, path in MARKS)
    return "<p>" + " &nbsp; ".join(items) + "</p>"


def machine_table(name, costs):
    values = [v for row in costs.values() for v in row.values() if isinstance(v, (int, float)) and v > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    lines = []
    for title, row in costs.items():
        numbers = [row["linux"], row["janus"]]
        known = all(isinstance(v, (int, float)) and v for v in numbers)
        ratio = f"{numbers[0] / numbers[1]:.1f}×" if known else "–"
        lines.append(f"<tr><td>{html.escape(title)}</td><td>{shown(row['linux'])}</td><td>{shown(row['janus'])}</td>"
                     f"<td>{ratio}</td><td>{shown(row['goal'])}</td><td>{shown(row['moonshot'])}</td>"
                     f"<td class=plot>{line(row, low, high)}</td></tr>")
    scale = f"10<sup>{low}</sup> to 10<sup>{high}</sup>"
    return (f"<h2>{html.escape(name)}</h2><div class=scroll><table><thead><tr><th>operation<th>Linux<th>Janus<th>ratio"
            f"<th>goal<th>moonshot<th>{scale}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>")


def page(result):
    body = "".join(machine_table(name, costs) for name, costs in result["machines"].items())
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Janus: what each operation costs</title>'
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
            f"<h1>What each operation costs</h1><p>Guest instructions an operation, the loop around it included, in QEMU "
            f"with <code>-icount shift=0,sleep=off</code>; the same static program on both kernels.</p>"
            f"{legend()}{body}</html>\n")
