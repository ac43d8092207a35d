"""The ball that an attack searches, drawn for two pixels; and a budget in every unit."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from advviz.ui import components, drawers
from advviz.ui.figures import rich, show
from advviz.ui.language import say, term
from advviz.ui.setup import Setup

Point = NDArray[np.float64]

SIDE, MARGIN, HEAD = 224, 30, 26  # of a panel, in units of the drawing
IMAGE, NOW = np.array([0.62, 0.42]), np.array([0.68, 0.60])
"""The picture, and where the search has come to: values of two pixels, in [0, 1]."""
GRADIENT = np.array([0.75, 0.55])


@dataclass(frozen=True, slots=True)
class Panel:
    """One norm: its name, its ball, its steepest step, and the way back."""

    norm: str
    title: str
    eps: float
    step: float
    steepest: Callable[[Point], Point]
    back: Callable[[Point, float], Point]  # of a change, into the ball


def _l1_steepest(gradient: Point) -> Point:
    largest = np.abs(gradient) == np.abs(gradient).max()
    return np.where(largest, np.sign(gradient), 0.0)


def _l1_back(change: Point, eps: float) -> Point:
    """Take the same amount off every value, down to nothing, until the ball and the box hold it."""
    low, high = 0.0, float(np.abs(change).max())
    for _ in range(60):
        middle = (low + high) / 2
        inside = np.abs(_boxed(_less(change, middle))).sum() <= eps
        low, high = (low, middle) if inside else (middle, high)
    return _less(change, high)


def _less(change: Point, amount: float) -> Point:
    found: Point = np.sign(change) * np.maximum(np.abs(change) - amount, 0)
    return found


def _boxed(change: Point) -> Point:
    found: Point = np.clip(IMAGE + change, 0, 1) - IMAGE
    return found


PANELS = (
    Panel("l1", "L1: all changes together", 0.52, 0.42, _l1_steepest, _l1_back),
    Panel(
        "l2",
        "L2: the length of the change",
        0.44,
        0.42,
        lambda g: g / np.linalg.norm(g),
        lambda change, eps: change * min(1.0, eps / float(np.linalg.norm(change))),
    ),
    Panel(
        "linf",
        "L∞: the largest change",
        0.40,
        0.36,
        np.sign,
        lambda change, eps: np.clip(change, -eps, eps),
    ),
)

CAPTION = (
    "**The ball, for a picture of two pixels.** The frame is the box of valid pixels, from 0 to 1; "
    "the shaded part is all that the attacker may reach: the ball around the picture, cut by the "
    "box. From 1 the search steps along the steepest direction of its norm to 2, and is moved "
    "back to 3. Notice that in L1 a step moves one pixel alone, in L∞ both by the same amount, in "
    "L2 each as much as its gradient says. What a drawing cannot tell: a real picture has "
    "thousands of pixel values, where a ball is nearly all surface, and the corners of the L∞ "
    "ball are far away."
)


def drawer(setup: Setup) -> None:
    """Offer the picture of the ball."""
    place = drawers.opened(say("What is the ball? The norms, a step and the way back"), "av.ball")
    if place is not None:
        with place:
            components.drawing(drawing(setup.board.norm), "av.ball.drawing")
            st.html(show(f'<p class="av-quiet av-reach">{rich(say(CAPTION))}</p>'))


def drawing(chosen: str) -> str:
    """Draw the three balls side by side; that of the chosen norm stands out.

    Args:
        chosen: "l1", "l2" or "linf".
    """
    width = len(PANELS) * (SIDE + 2 * MARGIN)
    title = say(
        "The L1, L2 and L∞ ball around a picture of two pixels, with a step and the way back"
    )
    body = "".join(_panel(panel, place, panel.norm == chosen) for place, panel in enumerate(PANELS))
    return (
        f'<div class="av av-ball"><svg viewBox="0 0 {width} {SIDE + HEAD + MARGIN}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>'
        '<defs><marker id="av-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" '
        'markerHeight="5" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        f"{body}</svg></div>"
    )


def places(panel: Panel) -> tuple[Point, Point]:
    """Return where a panel's step ends, and where the search is moved back to."""
    stepped = NOW + panel.step * panel.steepest(GRADIENT)
    return stepped, IMAGE + _boxed(panel.back(stepped - IMAGE, panel.eps))


def _panel(panel: Panel, place: int, is_chosen: bool) -> str:
    left = place * (SIDE + 2 * MARGIN) + MARGIN

    def at(point: Point) -> str:
        return f"{left + SIDE * point[0]:.1f},{HEAD + SIDE * (1 - point[1]):.1f}"

    outline = [IMAGE + panel.eps * corner for corner in _ball(panel.norm)]
    ball = " ".join(map(at, outline))
    region = " ".join(at(np.clip(point, 0, 1)) for point in _dense(outline))
    stepped, back = places(panel)
    name = "av-panel-norm av-chosen" if is_chosen else "av-panel-norm"
    pieces = [
        f'<g class="{name}">',
        f'<text class="av-title" x="{left}" y="{HEAD - 9}">{escape(term(panel.title))}</text>',
        f'<polygon class="av-region" points="{region}"/>',
        f'<polygon class="av-outline" points="{ball}"/>',
        f'<rect class="av-box" x="{left}" y="{HEAD}" width="{SIDE}" height="{SIDE}"/>',
        _line("av-step-arrow", at(NOW), at(stepped)),
        _line("av-back-arrow", at(stepped), at(back)),
        _dot(at(IMAGE), say("the picture"), 4.5, (-62, 17)),
        _dot(at(NOW), "1", 3.2, (-11, -4)),
        _dot(at(stepped), "2", 3.2, (7, 1)),
        _dot(at(back), "3", 3.2, (7, 15)),
        "</g>",
    ]
    return "".join(pieces)


def _ball(norm: str) -> Point:
    """List the corners of the unit ball [n, 2]; a circle has many."""
    if norm == "l1":
        return np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], float)
    if norm == "linf":
        return np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], float)
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _dense(outline: list[Point]) -> list[Point]:
    """Put points between the corners, so that clipping each to the box clips the shape."""
    following = outline[1:] + outline[:1]
    shares = np.linspace(0, 1, 40, endpoint=False)
    pairs = zip(outline, following, strict=True)
    return [one + share * (other - one) for one, other in pairs for share in shares]


def _line(name: str, start: str, end: str) -> str:
    (x1, y1), (x2, y2) = start.split(","), end.split(",")
    return f'<line class="{name}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _dot(place: str, label: str, radius: float, shift: tuple[int, int]) -> str:
    x, y = map(float, place.split(","))
    return (
        f'<circle class="av-dot" cx="{x}" cy="{y}" r="{radius}"/>'
        f'<text x="{x + shift[0]:.1f}" y="{y + shift[1]:.1f}">{escape(label)}</text>'
    )
