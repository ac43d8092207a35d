"""Accuracy over eps as SVG: it grows while the evaluation runs, and follows the theme."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from advviz.evaluation import figures
from advviz.evaluation.chart_looks import axis_title, unit
from advviz.evaluation.plan import Budget
from advviz.evaluation.tally import Tally
from advviz.evaluation.wilson import Share
from advviz.models.records import record
from advviz.ui.figures import accent
from advviz.ui.language import say, term
from advviz.ui.words import title_of

WIDTH, HEIGHT = 860, 330
LEFT, RIGHT, TOP, BOTTOM = 46, 190, 16, 44


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: a model's worst case, or one attack, which stands back."""

    model: str
    label: str
    points: tuple[tuple[float, Share], ...]
    faint: bool


def chart(tally: Tally, norm: str) -> str:
    """Draw every model's worst case with intervals, and each attack faintly; empty at first."""
    lines = [line for line in _lines(tally, norm) if line.points]
    if not lines:
        return ""
    radii = [unit(norm, eps) for eps in (0.0, *tally.work.plan.radii(norm))]
    last = max(radii) or 1.0
    title = say("Share of images that stay right, by eps")
    body = _axis(radii, last, norm)
    body += "".join(
        _line(line, norm, last) for line in sorted(lines, key=lambda one: not one.faint)
    )
    body += _labels([line for line in lines if not line.faint], norm, last)
    return (
        f'<div class="av av-curve av-price"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'style="max-width:{WIDTH}px" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{body}</svg></div>"
    )


def _lines(tally: Tally, norm: str) -> list[Line]:
    plan = tally.work.plan
    found = []
    for model in plan.models:
        radii = [eps for eps in plan.radii(norm) if eps > 0]
        worst = [(eps, figures.worst(tally, model, Budget(norm, eps)).share) for eps in radii]
        points = [(0.0, figures.clean(tally, model)), *worst]
        found.append(_of(model, title_of(record(model)), points, False))
        attacks = plan.attacks_in(norm)
        for attack in attacks if len(attacks) > 1 else ():
            each = [
                (eps, figures.accuracy(tally, model, attack.name, Budget(norm, eps)))
                for eps in radii
            ]
            found.append(_of(model, f"{title_of(record(model))}, {attack.name}", each, True))
    return found


def _of(model: str, label: str, points: Sequence[tuple[float, Share | None]], faint: bool) -> Line:
    known = tuple((eps, share) for eps, share in points if share is not None)
    return Line(model, label, known, faint)


def _x(value: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / last


def _y(value: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value)


def _axis(radii: Sequence[float], last: float, norm: str) -> str:
    pieces = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(value)
        pieces.append(f'<line class="av-axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        pieces.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.0%}</text>')
    shown = -1e9
    for value in sorted(set(radii)):
        x = _x(value, last)
        if x - shown >= 34:  # labels must not touch
            shown = x
            pieces.append(
                f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">'
                f"{value:.3g}</text>"
            )
    middle = (LEFT + WIDTH - RIGHT) / 2
    named = escape(term(axis_title(norm)))
    pieces.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{named}</text>')
    return "".join(pieces)


def _line(line: Line, norm: str, last: float) -> str:
    name, faint = accent(record(line.model)), " av-faint" if line.faint else ""
    places = [(_x(unit(norm, eps), last), share) for eps, share in line.points]
    path = " ".join(f"{x:.1f},{_y(share.value):.1f}" for x, share in places)
    width = "" if line.faint else ' style="stroke-width:3.4"'
    body = f'<polyline class="av-line {name}{faint}"{width} points="{path}"/>'
    for x, share in places:
        said = f"<title>{escape(line.label)}: {escape(str(share))}, n = {share.n}</title>"
        low, high = share.interval
        radius = 2.5 if line.faint else 5.5
        bar = (
            ""
            if line.faint
            else f'<line class="{name}" style="stroke-dasharray:none" x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{_y(low):.1f}" y2="{_y(high):.1f}"/>'
        )
        body += (
            f'<g class="{faint.strip()}">{bar}<circle class="av-point {name}" '
            f'cx="{x:.1f}" cy="{_y(share.value):.1f}" r="{radius}">{said}</circle></g>'
        )
    return body


def _labels(lines: Sequence[Line], norm: str, last: float) -> str:
    """Name each model where its curve ends, moved apart where ends meet."""
    ends = sorted((_y(line.points[-1][1].value), index) for index, line in enumerate(lines))
    pieces, below = [], -100.0
    for y, index in ends:
        line = lines[index]
        eps, share = line.points[-1]
        below = max(y + 4, below + 15)
        symbol = "●" if record(line.model).is_robust else "○"
        pieces.append(
            f'<text class="{accent(record(line.model))}" x="{_x(unit(norm, eps), last) + 12:.1f}" '
            f'y="{min(below, HEIGHT - BOTTOM):.1f}">{symbol} {escape(line.label)} '
            f"{share.value:.0%}</text>"
        )
    return "".join(pieces)
