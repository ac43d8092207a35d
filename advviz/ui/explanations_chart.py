"""One measure as a chart: a row a method, best first, every model a mark with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor
from typing import Any

from advviz.evaluation.explanations.as_text import written
from advviz.evaluation.explanations.metrics import BY_KEY, HIGH
from advviz.evaluation.explanations.table import Table, titles
from advviz.models.records import record
from advviz.ui.figures import accent
from advviz.ui.language import say, term
from advviz.ui.words import title_of

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 860, 190, 24, 34, 34
ROW, APART = 30, 9
"""Pixels from row to row, and between the marks of two models in a row."""
MARKS = 6
"""Distances between marks of the axis, at most."""

Span = tuple[float, float, float]
"""Where the axis begins and ends, and from mark to mark."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the chart.

    Args:
        method: key.
        title: for people.
        is_null: it knows nothing of the model.
        figures: by model; None where not defined.
    """

    method: str
    title: str
    is_null: bool
    figures: Mapping[str, Mapping[str, Any] | None]


def rows_of(table: Table, metric: str) -> list[Row]:
    """Return the rows of a table for a metric, the best first by the mean over the models."""
    models = tuple(table["weights"])
    named = titles(models)
    found: dict[str, Row] = {}
    for row in table["rows"]:
        each = found.setdefault(
            row["method"], Row(row["method"], term(named[row["method"]]), row["is_null"], {})
        )
        each.figures[row["model"]] = row["figures"][metric]  # type: ignore[index]
    sign = -1 if BY_KEY[metric].better == HIGH else 1

    def place(row: Row) -> float:
        means = [figure["mean"] for figure in row.figures.values() if figure is not None]
        return sign * sum(means) / len(means) if means else float("inf")

    return sorted(found.values(), key=place)


def chart(table: Table, metric: str) -> str:
    """Draw a metric; empty where nothing is known."""
    rows = [row for row in rows_of(table, metric) if any(row.figures.values())]
    known = [f for row in rows for f in row.figures.values() if f is not None]
    if not known:
        return ""
    ends = [f[name] for f in known for name in ("mean", "low", "high") if f[name] is not None]
    span = _span(min(0.0, *ends), max(0.0, *ends))
    height = TOP + ROW * len(rows) + BOTTOM
    models = list(table["weights"])
    body = _axis(span, height, metric) + _legend(models)
    for place, row in enumerate(rows):
        body += _row(row, TOP + ROW * (place + 0.5), models, span)
    title = say("{metric} of every method, with intervals", metric=term(BY_KEY[metric].title))
    return (
        f'<div class="av av-curve av-price"><svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'style="max-width:{WIDTH}px" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{body}</svg></div>"
    )


def _span(low: float, high: float) -> tuple[float, float, float]:
    """Return round ends that hold all figures, and the round distance between two marks."""
    steps = (round_ * 10.0**power for power in range(-3, 3) for round_ in (1, 2, 5))
    step = next((step for step in steps if (high - low) / step <= MARKS), 1000.0)
    first, last = floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step
    return first, max(last, first + step), step


def _mark(value: float) -> str:
    return f"{round(value, 6) + 0.0:g}".replace("-", "−")


def _x(value: float, span: Span) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (value - span[0]) / (span[1] - span[0])


def _axis(span: Span, height: int, metric: str) -> str:
    pieces = []
    for part in range(round((span[1] - span[0]) / span[2]) + 1):
        value = span[0] + part * span[2]
        x = _x(value, span)
        pieces.append(
            f'<line class="av-axis" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" '
            f'y2="{height - BOTTOM}"/><text x="{x:.1f}" y="{height - BOTTOM + 15}" '
            f'text-anchor="middle">{_mark(value)}</text>'
        )
    better = BY_KEY[metric].better == HIGH
    said = say("better to the right →") if better else say("← better to the left")
    x, anchor = (WIDTH - RIGHT, "end") if better else (LEFT, "start")
    pieces.append(f'<text x="{x}" y="{height - 4}" text-anchor="{anchor}">{escape(said)}</text>')
    return "".join(pieces)


def _legend(models: Sequence[str]) -> str:
    pieces, x = [], float(LEFT)
    for model in models:
        described = record(model)
        label = f"{'●' if described.is_robust else '○'} {title_of(described)}"
        pieces.append(f'<text class="{accent(described)}" x="{x}" y="14">{escape(label)}</text>')
        x += 40 + 7.5 * sum(2 if ord(letter) > 0x2E7F else 1 for letter in label)
    return "".join(pieces)


def _row(row: Row, y: float, models: Sequence[str], span: Span) -> str:
    style = ' font-style="italic"' if row.is_null else ""
    mark = "∅ " if row.is_null else ""
    body = (
        f'<line class="av-axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y + ROW / 2:.1f}" '
        f'y2="{y + ROW / 2:.1f}"/><text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end"{style}>'
        f"{escape(mark + row.title)}</text>"
    )
    for place, model in enumerate(models):
        figure = row.figures.get(model)
        if figure is None:
            continue
        at = y + APART * (place - (len(models) - 1) / 2)
        name, x = accent(record(model)), _x(figure["mean"], span)
        said = f"{title_of(record(model))}, {row.title}: {written(figure)}, n = {figure['n']}"
        bar = ""
        if figure["low"] is not None:
            ends = [_x(figure[end], span) for end in ("low", "high")]
            bar = (
                f'<line class="{name}" style="stroke-dasharray:none" x1="{ends[0]:.1f}" '
                f'x2="{ends[1]:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>'
            )
        body += (
            f'<g>{bar}<circle class="av-point {name}" cx="{x:.1f}" cy="{at:.1f}" r="4.2">'
            f"<title>{escape(said)}</title></circle></g>"
        )
    return body
