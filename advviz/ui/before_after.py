"""Before and after: the original under the attacked picture, to wipe, blink and zoom into."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from advviz.experiments.result import Array
from advviz.experiments.specs import AttackSpec
from advviz.models.records import ModelRecord, record
from advviz.ui import drawers, figures, words
from advviz.ui.language import say
from advviz.ui.running import Finds

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "advviz.before_after",
    js=(_HERE / "before_after.js").read_text(encoding="utf-8"),
    css=(_HERE / "before_after.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A picture before and after an attack, in the row of a model.

    Args:
        record: the model to whom the pictures are shown.
        original: [3, S, S] in [0, 1].
        attacked: the same shape.
    """

    record: ModelRecord
    original: Array
    attacked: Array


def drawer(shown: Iterable[tuple[str, AttackSpec]], finds: Finds, smooth: bool, key: str) -> None:
    """Offer to look at attacks closely; all pictures are zoomed together.

    Args:
        shown: for every row, the model it belongs to and the attack whose picture it shows.
        finds: what is known of these attacks; one that is not finished is left out.
        smooth: interpolate what is enlarged, for viewing only.
        key: of the drawer.
    """
    title = say("Before and after: wipe, blink, zoom into the pixels")
    if (place := drawers.opened(title, key)) is None:
        return
    pairs = [
        Pair(record(model), result.arrays["original"], result.arrays["adversarial"])
        for model, spec in shown
        if (result := finds[spec].result) is not None
    ]
    with place:
        if pairs:
            _component(data=told(pairs, smooth), key=f"{key}.pictures")
        else:
            st.caption(say("The pictures are there once an attack has finished."))


def told(pairs: Sequence[Pair], smooth: bool) -> dict[str, Any]:
    """What the component is told: every value of the pixels, exactly, and the words it shows.

    An original that is that of the first pair is sent once.

    Args:
        pairs: at least one, of one size.
        smooth: interpolate what is enlarged.
    """

    def differs(pair: Pair) -> bool:
        return not np.array_equal(pair.original, pairs[0].original)

    sent = [
        {
            "name": words.model_name(pair.record, _other(pairs, pair)),
            "accent": figures.accent(pair.record),
            "size": pair.original.shape[-1],
            "original": _sent(pair.original) if i == 0 or differs(pair) else None,
            "attacked": _sent(pair.attacked),
        }
        for i, pair in enumerate(pairs)
    ]
    return {"pictures": sent, "smooth": smooth, "words": _words()}


def _other(pairs: Sequence[Pair], pair: Pair) -> ModelRecord:
    """The model in the other row; where there is one row, its own."""
    return next((other.record for other in pairs if other is not pair), pair.record)


def _sent(pixels: Array) -> str:
    return b64encode(np.ascontiguousarray(pixels, dtype="<f4").tobytes()).decode("ascii")


def _words() -> dict[str, Any]:
    return {
        "original": say("original"),
        "attacked": say("attacked"),
        "change": say("change"),
        "pixel": say("pixel"),
        "channels": [say("red"), say("green"), say("blue")],
        "at": say("Pixel in column {column}, row {row}; each value of 255 · in [0, 1]"),
        "wipe": say("wipe between the original, on the left, and the attacked picture"),
        "share": say("{share}% of the width shows the original"),
        "blink": say("Blink"),
        "switch": say("Switch original and attacked"),
        "smaller": say("Zoom out"),
        "larger": say("Zoom in"),
        "whole": say("Whole picture"),
        "keys": say(
            "Drag the line, or click into a picture and use the keys: ← → move the line · space "
            "blinks · + and − zoom · Shift with an arrow goes to the next pixel."
        ),
    }
