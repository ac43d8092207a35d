"""Insertion and deletion as SVG: the map's curve, and those of maps that know nothing.

All curves of a picture begin and end at the same two points, so that a legend names them, and
each has a stroke of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from advviz.experiments.result import Array
from advviz.models.records import ModelRecord
from advviz.ui.figures import accent, behind, table
from advviz.ui.language import say
from advviz.ui.words import percent

WIDTH, HEIGHT = 560, 230
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 30, 34
STROKES = ("", "none", "2 3", "7 3 2 3")
"""Dashes of each curve: the map's are those of its model; the others are quiet."""
NAMES = ("the map", "the edges", "noise", "shifted (median)")


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """The curves of one test.

    Args:
        record: the model.
        shares: [P] in [0, 1], of the pixels.
        values: [4, P] in [0, 1]: of the map, of the edges, of noise, the median of shifted maps.
    """

    record: ModelRecord
    shares: Array
    values: Array


def followed(record: ModelRecord, shares: Array, rows: Array) -> Followed:
    """Take the curves of a result, whose rows are the map, edges, noise and the shifted maps."""
    return Followed(record, shares, np.stack([*rows[:3], np.median(rows[3:], axis=0)]))


def names() -> list[str]:
    """Name the curves."""
    return [say(name) for name in NAMES]


def drawn(found: Followed, title: str) -> str:
    """Draw the curves over the share of the pixels."""
    body = "".join(_axes())
    for place in reversed(range(len(NAMES))):  # the map's own on top
        points = " ".join(
            f"{_x(x):.1f},{_y(y):.1f}"
            for x, y in zip(found.shares, found.values[place], strict=True)
        )
        body += f'<polyline {_look(found.record, place)} points="{points}"/>'
    body += "".join(_legend(found.record))
    return (
        f'<div class="av av-curve"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>{body}</svg></div>'
    )


def numbers(found: Followed) -> str:
    """The numbers behind the curves, on request."""
    rows: list[Sequence[str]] = [
        [percent(float(share)), *(percent(float(value)) for value in values)]
        for share, values in zip(found.shares, found.values.T, strict=True)
    ]
    return behind(say("As a table"), table([say("share of the pixels"), *names()], rows))


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(value: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value)


def _look(record: ModelRecord, place: int) -> str:
    if place == 0:
        return f'class="av-line {accent(record)}"'
    return f'class="av-second" style="fill:none;stroke-dasharray:{STROKES[place]}"'


def _axes() -> list[str]:
    pieces = []
    for value in (0.0, 0.5, 1.0):
        y = _y(value)
        pieces.append(f'<line class="av-axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        pieces.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.0%}</text>')
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        anchor = "end" if share == 1 else "middle"
        pieces.append(
            f'<text x="{_x(share)}" y="{HEIGHT - 19}" text-anchor="{anchor}">{share:.0%}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    title = escape(say("share of the pixels"))
    pieces.append(f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{title}</text>')
    return pieces


def _legend(record: ModelRecord) -> list[str]:
    """Name every curve beside a piece of its stroke, above the drawing."""
    step = (WIDTH - LEFT - RIGHT) / len(NAMES)
    pieces = []
    for place, name in enumerate(names()):
        x = LEFT + step * place
        pieces.append(f'<polyline {_look(record, place)} points="{x:.0f},12 {x + 26:.0f},12"/>')
        pieces.append(f'<text x="{x + 31:.0f}" y="16">{escape(name)}</text>')
    return pieces
