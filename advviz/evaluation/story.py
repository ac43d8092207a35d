"""The figures of the Story that need a computation of their own: the gallery, stop by stop.

Run `python -m advviz.evaluation.story` after the weights have changed.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from math import inf
from statistics import median
from typing import Any

from advviz.evaluation.gallery_table import Outcome, drive
from advviz.experiments.presets import ROBUST, STANDARD, STRENGTHS
from advviz.models.records import record
from advviz.models.shelf import digest
from advviz.resources import assets

COMMAND = "python -m advviz.evaluation.story"
FILE = "story.json"
EPS, STEPS = 1.0, 20
MODELS = (STANDARD, ROBUST)
STOPS = STRENGTHS[1:]

Driven = Mapping[tuple[str, float], Sequence[Outcome]]
"""Every gallery picture, by model and eps."""


def kind(outcome: Outcome) -> str:
    """Judge one picture: fooled, astray, held, or wrong before the attack."""
    if outcome.before != outcome.true_class:
        return "wrong"
    if outcome.success:
        return "fooled"
    return "held" if outcome.answer == outcome.true_class else "astray"


def figures(driven: Driven) -> dict[str, Any]:
    """Count what the Story shows.

    Args:
        driven: the gallery, each picture towards the next class, at every stop.

    Returns:
        Of each picture the verdicts at the Story's eps; of those that both models get right, how
        many each model is driven on at every stop, and the median of the first stops. A median of
        None says that no stop reached half of them.
    """
    gallery = [
        {
            "picture": rows[0].picture,
            "true_class": rows[0].true_class,
            "target": rows[0].target,
            "verdicts": {model: kind(row) for model, row in zip(MODELS, rows, strict=True)},
        }
        for rows in zip(*(driven[model, EPS] for model in MODELS), strict=True)
    ]
    right = [
        place
        for place in range(len(gallery))
        if all(kind(driven[model, EPS][place]) != "wrong" for model in MODELS)
    ]
    first = {model: [_first_stop(driven, model, place) for place in right] for model in MODELS}
    middle = {model: median(stops) for model, stops in first.items()}
    return {
        "gallery": gallery,
        "right_for_both": len(right),
        "driven": [
            {
                "eps": eps,
                **{
                    model: sum(driven[model, eps][place].success for place in right)
                    for model in MODELS
                },
            }
            for eps in STOPS
        ],
        "median_first_stop": {m: None if stop == inf else stop for m, stop in middle.items()},
    }


def _first_stop(driven: Driven, model: str, place: int) -> float:
    return next((eps for eps in STOPS if driven[model, eps][place].success), inf)


def make() -> None:
    """Attack the gallery at every stop, and write the figures."""
    driven = {(model, eps): drive(model, eps, STEPS) for eps in STOPS for model in MODELS}
    content = {
        "what": "every gallery picture of a known class driven towards the next class, PGD in L2",
        "command": COMMAND,
        "weights": {model: digest(record(model)) for model in MODELS},
        "eps": EPS,
        "steps": STEPS,
        **figures(driven),
    }
    path = assets() / "figures" / FILE
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps({k: v for k, v in content.items() if k != "gallery"}, indent=2))


if __name__ == "__main__":
    make()
