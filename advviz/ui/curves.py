"""Curves as SVG: they follow the theme, need no chart library, and carry their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from advviz.models.records import ModelRecord
from advviz.ui import figures
from advviz.ui.figures import accent
from advviz.ui.language import say, term
from advviz.ui.words import percent

WIDTH, HEIGHT = 560, 210
LEFT, RIGHT, TOP, BOTTOM = 40, 96, 12, 30
ROWS = 40  # of the table, about


@dataclass(frozen=True, slots=True)
class Curve:
    """Values in [0, 1] at steps 0, 1, 2, ...; a faint one stands back."""

    record: ModelRecord
    label: str
    values: Sequence[float]
    faint: bool = False
    mark: int | None = None  # a step to mark: the first success


@dataclass(frozen=True, slots=True)
class Axis:
    """What the curves run over: the steps of an attack, or named places."""

    title: str = "step of the attack"
    head: str = "step"  # of the table
    ticks: Sequence[str] | None = None  # None: numbered steps, as many as the longest curve has
    mark: str = "first fooled"
    top: float | None = None  # what the upper end stands for; None: the values are shares
    first: int = 0  # number of the first place, where they are numbered

    def said(self, value: float) -> str:
        """Write a value."""
        return percent(value) if self.top is None else f"{value * self.top:.3g}"

    def tick(self, value: float) -> str:
        """Write a value beside the axis."""
        return f"{value:.0%}" if self.top is None else f"{value * self.top:.2g}"

    def last(self, curves: Sequence[Curve]) -> int:
        """The number of the last place, at least 1."""
        count = max((len(curve.values) for curve in curves), default=2)
        return max(count if self.ticks is None else len(self.ticks), 2) - 1

    def label(self, place: int) -> str:
        """Name a place."""
        return str(place + self.first) if self.ticks is None else self.ticks[place]


STEPS = Axis()


def confidence(curves: Sequence[Curve], title: str, axis: Axis = STEPS) -> str:
    """Draw probabilities over the steps of an attack, or over the places of another axis."""
    last = axis.last(curves)
    body = "".join(_axis(axis, last)) + "".join(_curve(curve, axis, last) for curve in curves)
    body += "".join(_labels(curves))
    return (
        f'<div class="av av-curve"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>{body}</svg></div>'
    )


def table(curves: Sequence[Curve], axis: Axis = STEPS) -> str:
    """The numbers behind the curves, on request; of a long attack, some steps."""
    last = max(len(curve.values) for curve in curves) - 1
    steps = sorted({*range(0, last + 1, -(-last // ROWS) or 1), last})
    rows = (
        [axis.label(step), *(axis.said(c.values[min(step, len(c.values) - 1)]) for c in curves)]
        for step in steps
    )
    head = [term(axis.head), *(curve.label for curve in curves)]
    return figures.behind(say("As a table"), figures.table(head, rows))


def _x(step: float, last: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * step / last


def _y(value: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value)


def _axis(axis: Axis, last: int) -> list[str]:
    pieces = []
    for value in (0.0, 0.5, 1.0):
        y = _y(value)
        pieces.append(f'<line class="av-axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        pieces.append(
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{axis.tick(value)}</text>'
        )
    every = max(1, round(last / 5)) if axis.ticks is None else 1
    for step in range(0, last + 1, every):
        pieces.append(
            f'<text x="{_x(step, last):.1f}" y="{HEIGHT - 17}" text-anchor="middle">'
            f"{escape(axis.label(step))}</text>"
        )
    middle, title = (LEFT + WIDTH - RIGHT) / 2, escape(term(axis.title))
    pieces.append(f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{title}</text>')
    return pieces


def _curve(curve: Curve, axis: Axis, last: int) -> str:
    line = " ".join(f"{_x(i, last):.1f},{_y(v):.1f}" for i, v in enumerate(curve.values))
    faint = " av-faint" if curve.faint else ""
    name = accent(curve.record)
    body = f'<polyline class="av-line {name}{faint}" points="{line}"/>'
    if curve.mark is not None and curve.mark < len(curve.values):
        x, y = _x(curve.mark, last), _y(curve.values[curve.mark])
        body += (
            f'<circle class="av-point {name}" cx="{x:.1f}" cy="{y:.1f}" r="4.5">'
            f"<title>{escape(_marked(axis, curve.mark))}</title></circle>"
        )
    return body


def _marked(axis: Axis, place: int) -> str:
    """Say what a mark on a curve is."""
    return f"{term(axis.head)} {axis.label(place)}: {term(axis.mark)}"


def _labels(curves: Sequence[Curve]) -> list[str]:
    """Name each curve at its end, moved apart where ends meet."""
    placed = sorted((_y(float(curve.values[-1])), i) for i, curve in enumerate(curves))
    below, pieces = -100.0, []
    for y, index in placed:
        below = max(y + 4, below + 13)
        curve = curves[index]
        pieces.append(
            f'<text class="{accent(curve.record)}" x="{WIDTH - RIGHT + 7}" '
            f'y="{min(below, HEIGHT - 4):.1f}">{escape(curve.label)}</text>'
        )
    return pieces
