"""The question before the result: what is predicted stays in the student's browser."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from advviz.ui.language import say
from advviz.ui.lessons import place
from advviz.ui.lessons.place import Here

_predict = st.components.v2.component(
    "advviz.prediction",
    js=(Path(__file__).parent / "prediction.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)
ONE = ("",)
"""The parts of a question that is asked once."""


def memory(here: Here) -> str:
    """Name what the browser keeps of an experiment; the same in every language."""
    return f"advviz.lesson.{here.key}"


def ask(
    here: Here,
    parts: tuple[str, ...] = ONE,
    options: tuple[str, ...] = (),
    truth: Mapping[str, int] | None = None,
) -> None:
    """Ask what the result will be; once it is shown, say what was predicted.

    Args:
        here: where the student stands.
        parts: what is to be predicted, each for itself; one without a name by default.
        options: to choose among; those of the experiment if none are given.
        truth: which option is right, by part; told once the result is shown.
    """
    key = f"av.predict.{here.key}"
    revealed = here.is_revealed
    _predict(
        data={
            "key": memory(here),
            "question": here.experiment.question,
            "parts": list(parts),
            "options": list(options or here.experiment.options),
            "truth": dict(truth) if truth and revealed else {},
            "revealed": revealed,
            "presenting": here.presenting,
            "words": _words(),
        },
        key=key,
        on_revealed_change=lambda: _take(here, key),
    )


def _take(here: Here, key: str) -> None:
    said: Any = st.session_state[key].revealed
    if said is not None:
        place.reveal(here, bool(said))


def _words() -> dict[str, str]:
    return {
        "predict": say("Predict before you look"),
        "why": say("Because … (a few words, if you like)"),
        "show": say("Show the result"),
        "kept": say("Your prediction stays in this browser; the server keeps nothing of it."),
        "predicted": say("You predicted:"),
        "none": say("nothing"),
        "right": say("right"),
        "wrong": say("it is"),
        "because": say("Because:"),
        "again": say("Predict again"),
        "hands": say("Show of hands"),
    }
