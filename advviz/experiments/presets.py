"""Set-ups that are known to show something; which one Home opens with is screened."""

import json

from advviz.experiments.board import BoardSpec
from advviz.experiments.links import from_link
from advviz.resources import assets

STRENGTHS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
"""Stops of the strength control, L2: few, so that a class asks for the same results."""


def home() -> BoardSpec:
    """Return the board that Home shows, as `python -m advviz.evaluation.showcase` chose it."""
    path = assets() / "home.json"
    if not path.exists():
        return BoardSpec()
    spec = from_link(json.loads(path.read_text(encoding="utf-8"))["link"])
    return spec if isinstance(spec, BoardSpec) else BoardSpec()
