"""How the charts of an evaluation look: a model's colour, dash and marker; axes.

Standard models are amber, dashed, with open circles; robust ones teal, solid, with filled ones.
"""

from typing import Any

from advviz.evaluation.tally import Tally
from advviz.models.records import record

Chart = dict[str, Any]
"""A figure as plotly's JSON."""
STANDARD = ("#d97706", "#b45309", "#f59e0b", "#92400e")
ROBUST = ("#0d9488", "#0f766e", "#14b8a6", "#115e59")
"""Shades for several models of a kind; both are seen on light and on dark ground."""
QUIET = "#8a94a6"
SYMBOLS = ("diamond", "square", "triangle-up", "cross", "x", "star", "pentagon", "hexagon")


def look(tally: Tally, model: str) -> dict[str, Any]:
    """Return a model's colour, dash and marker."""
    robust = record(model).is_robust
    like = [m for m in tally.work.plan.models if record(m).is_robust == robust]
    shades = ROBUST if robust else STANDARD
    return {
        "colour": shades[like.index(model) % len(shades)],
        "dash": "solid" if robust else "dash",
        "symbol": "circle" if robust else "circle-open",
    }


def unit(norm: str, eps: float) -> float:
    """Return a radius in the unit of its axis: L-inf in 255ths."""
    return 255 * eps if norm == "linf" else eps


def axis_title(norm: str) -> str:
    """Name the axis of radii."""
    return "eps, L∞, in 255ths" if norm == "linf" else f"eps, {norm.upper()}, pixels in [0, 1]"


def layout(x: str, y: str) -> Chart:
    """Return a layout with named axes, on no ground of its own."""
    axis = {"zeroline": False, "gridcolor": "rgba(138,148,166,0.25)", "automargin": True}
    return {
        "xaxis": {**axis, "title": {"text": x}},
        "yaxis": {**axis, "title": {"text": y}},
        "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
        "height": 420,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 14, "color": QUIET},
        "hovermode": "closest",
    }
