"""The strengths that are offered, and what becomes of one in another norm."""

from math import log
from typing import Any

from advviz.experiments.presets import STRENGTHS
from advviz.fields import AUTO
from advviz.ui.setup import Setup

STOPS = {
    "l1": (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    "l2": STRENGTHS,
    "linf": tuple(level / 255 for level in (0, 0.5, 1, 2, 4, 8, 16, 32)),
}
"""Strengths that are offered, so that a class asks for the same results."""


def in_norm(setup: Setup, norm: str) -> dict[str, Any]:
    """The fields of the board for another norm; the strength moves to a stop of about its size."""
    pixels = 3 * setup.size**2
    largest = {"l1": 1 / pixels, "l2": pixels**-0.5, "linf": 1.0}  # where all change alike
    wanted = setup.board.eps * largest[setup.board.norm] / largest[norm]
    stops = STOPS[norm][1:]
    eps = min(stops, key=lambda stop: abs(log(stop / wanted))) if wanted else 0.0
    return {"norm": norm, "eps": eps, "step_size": AUTO}
