"""The two things that plain HTML cannot do: drawings as SVG, and the replay of an attack."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from advviz import pictures
from advviz.experiments import replay as replays
from advviz.experiments.result import Result
from advviz.models.records import ModelRecord
from advviz.ui.figures import SIDE, accent, frame
from advviz.ui.language import say, term
from advviz.ui.words import NORMS

WORDS = (
    "Confidence at each step",
    "step (during the search)",
    "Step of the attack",
    "the picture at step {step}",
    "step {step} of {last}",
    ": first fooled",
    ": the picture that the attack returns",
    "moved {distance}",
    "Step {step}: first fooled",
    "Blink original and attacked",
    "Stop blinking",
    "As a table",
    "step",
)
"""What the replay says; its script fills in the places."""
OTHERS = 13
"""Classes whose probabilities are sent beside those that are followed, of a thousand."""

_HERE = Path(__file__).parent
_drawing = st.components.v2.component(
    "advviz.drawing",
    js="export default ({ data, parentElement }) => {"
    " let place = parentElement.querySelector('.av-drawing');"
    " if (!place) { place = document.createElement('div'); place.className = 'av-drawing';"
    " parentElement.append(place); } place.innerHTML = data; }",
    isolate_styles=False,
)
_replay = st.components.v2.component(
    "advviz.replay",
    js=(_HERE / "replay.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def drawing(svg: str, key: str) -> None:
    """Show a drawing that we made; `st.html` drops SVG. Every text in it is escaped already."""
    _drawing(data=svg, key=key)


def replay(
    described: ModelRecord,
    result: Result,
    followed: Sequence[str],
    norm: str,
    *,
    smooth: bool,
    key: str,
) -> None:
    """Play an attack back: one scrubber moves the picture, the bars and the curve's cursor."""
    data = replay_data(described, result, followed, norm)
    fits = described.input_size <= SIDE  # else its pixels are not enlarged by a whole number
    _replay(data=data | {"smooth": smooth or not fits}, key=key)


def replay_data(
    described: ModelRecord, result: Result, followed: Sequence[str], norm: str
) -> dict[str, Any]:
    """What the replay needs of an attack: pictures, probabilities, distances, by step.

    Args:
        described: the model that was attacked.
        result: of an `AttackSpec`.
        followed: the classes whose curves are drawn, the target first.
        norm: of the ball; L∞ distances are given in 255ths.
    """
    arrays, first = result.arrays, result.facts["first_success"]
    unit = 255 if norm == "linf" else 1
    shown = replays.replay(result)
    named = _named(described, arrays["curve_probabilities"], followed)
    return {
        "accent": accent(described),
        "classes": [term(described.classes[index]) for index in named],
        "followed": list(range(len(followed))),
        "steps": shown.steps,
        "frames": [frame(pictures.photo(each)) for each in shown.frames],
        "probabilities": [
            [round(float(p), 5) for p in row] for row in arrays["curve_probabilities"][:, named]
        ],
        "distances": [f"{unit * float(d):.3g}" for d in arrays["curve_distance"]],
        "first": first,
        "returned": shown.returned,
        "unit": NORMS[norm],
        "words": {sentence: say(sentence) for sentence in WORDS},
    }


def _named(
    described: ModelRecord, probabilities: np.ndarray[Any, np.dtype[Any]], followed: Sequence[str]
) -> list[int]:
    """List the classes that the replay names: those followed, then the likeliest at the end."""
    first = [described.class_index(name) for name in followed]
    likely = [int(index) for index in np.argsort(-probabilities[-1], kind="stable")]
    return [*first, *[index for index in likely if index not in first][:OTHERS]]
