"""The sections of a lab's one-page report, as HTML: bars, lines of pictures, a table, limits."""

from collections.abc import Sequence
from html import escape

from advviz.evaluation import one_page_parts
from advviz.evaluation.one_page_evidence import Bar, Lab, Line

WIDE, GAP, LARGEST = 93.0, 2.0, 16.0
"""Millimetres: of a line of pictures, between two of them, and of the largest one's side."""
KEPT_OUT = (
    "The pictures are somebody's own and stay out of this report, and with them everything that "
    "was made of them."
)


def percent(share: float) -> str:
    """Write a share so that only all is 100% and only none is 0%."""
    if share in (0, 1):
        return f"{share:.0%}"
    if share < 0.0005:
        return "less than 0.1%"
    return "more than 99.9%" if share > 0.9995 else f"{share:.1%}"


def middle(lab: Lab, *, shows: bool) -> str:
    """Give what stands between the finding and how to repeat it.

    Args:
        lab: what was found.
        shows: its pictures as well; False where they are somebody's own.
    """
    left, right = _table(lab.table) + _section("The price", lab.price), ""
    method = _section("How it was done", lab.method)
    if left:
        right = method
    else:
        left = method
    return (
        f"{_evidence(lab, shows=shows)}<div class='columns'><div>{left}</div>"
        f"<div>{one_page_parts.not_shown(lab.limits)}{right}</div></div>"
    )


def _section(heading: str, words: str) -> str:
    return f"<section><h2>{heading}</h2><p>{escape(words)}</p></section>" if words else ""


def _evidence(lab: Lab, *, shows: bool) -> str:
    if shows:
        lines = "".join(map(_line, lab.lines))
        drawn = f"<div class='lines'>{lines}</div><p class='quiet'>{escape(lab.notice)}</p>"
    else:
        drawn = f"<p class='quiet'>{escape(KEPT_OUT)}</p>"
    bars = "".join(_bar(bar, lab.chance) for bar in lab.bars)
    return (
        f"<section class='evidence'><h2>The evidence</h2><p>{escape(lab.chart)}</p>"
        f"<div class='bars'>{bars}</div>"
        f"<p class='quiet'>{escape(lab.whiskers)} The upright line is chance, "
        f"{percent(lab.chance)}.</p>{drawn}</section>"
    )


def _bar(bar: Bar, chance: float) -> str:
    line = f"<i class='chance' style='left:{100 * chance:.2f}%'></i>"
    if bar.value is None or bar.low is None or bar.high is None:
        return f"<span>{escape(bar.name)}</span><span class='track'>{line}</span><b>not trained</b>"
    return (
        f"<span>{escape(bar.name)}</span><span class='track'>"
        f"<i class='bar {bar.look}' style='width:{100 * bar.value:.2f}%'></i>{line}"
        f"<i class='whisker' style='left:{100 * bar.low:.2f}%;"
        f"width:{100 * (bar.high - bar.low):.2f}%'></i></span>"
        f"<span><b>{percent(bar.value)}</b> ({percent(bar.low)} to {percent(bar.high)})</span>"
    )


def _line(line: Line) -> str:
    drawn, count = "".join(map(one_page_parts.figure, line.shown)), len(line.shown)
    side = min(LARGEST, (WIDE - GAP * (count - 1)) / count)
    return (
        f"<div class='line'><p>{escape(line.title)}</p>"
        f"<div class='pictures' style='--side:{side:.1f}mm'>{drawn}</div></div>"
    )


def _table(lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return ""
    heads = "".join(f"<th>{escape(each)}</th>" for each in lines[0])
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(each)}</td>" for each in row) + "</tr>" for row in lines[1:]
    )
    return (
        "<section><h2>What each attack leaves</h2><table><thead><tr>"
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></section>"
    )
