"""The widgets of Combine: a sum of things to raise, and several pictures of it at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from advviz.experiments import units
from advviz.experiments.specs import VisualizeSpec
from advviz.models.records import record
from advviz.ui.fields import help_of, meta_of
from advviz.ui.language import say
from advviz.ui.notes import Card
from advviz.ui.setup import Setup
from advviz.ui.state import control

GRAMMAR = (
    "Terms with signs between spaces and weights before them: class:NAME, unit:N, "
    "channel:LAYER:N, and directions dot:LAYER:VECTOR or cosine:LAYER:VECTOR, whose vector is "
    "random-SEED, numbers by unit (3=1,17=-0.5) or a picture (sample:chelsea)."
)


def what(setup: Setup) -> None:
    """Write the sum; what cannot be read is refused in a sentence and not taken."""
    st.text_input(
        say("Raise"),
        width=430,
        help=say(GRAMMAR),
        **control("av.sum", setup.visualize.unit, raising),
    )


def raising(setup: Setup, words: str) -> Setup:
    """The set-up that raises what somebody wrote.

    Raises:
        InvalidInputError: what the model cannot be asked for, in one sentence.
    """
    unit = " ".join(words.split())
    units.check_unit(unit, record(setup.visualize.model))
    return replace(setup, visualize=replace(setup.visualize, unit=unit))


def several(setup: Setup) -> None:
    """Choose how many pictures, and how strongly they are pushed apart."""
    number(setup, say("Pictures at once"), "pictures", 1)
    if setup.visualize.pictures > 1:
        number(setup, say("Diversity"), "diversity", 0.25)


def number(setup: Setup, label: str, name: str, step: Any) -> None:
    """Give a number of the drawing, within the range that its spec declares."""
    meta = meta_of(VisualizeSpec, name)
    st.number_input(
        label,
        meta["low"],
        meta["high"],
        step=step,
        width=150,
        help=help_of(VisualizeSpec, name),
        **control(f"av.drawing.{name}", getattr(setup.visualize, name), changing(name)),
    )


def changing(name: str) -> Callable[[Setup, Any], Setup]:
    """The change of one field of the drawing."""
    return lambda s, value: replace(s, visualize=replace(s.visualize, **{name: value}))


def cards(setup: Setup) -> list[Card]:
    """Sums worth seeing, and a second side of the same thing."""
    described = record(setup.visualize.model)
    first = setup.target or described.classes[0]
    other = described.classes[(described.class_index(first) + 1) % len(described.classes)]
    layer = described.penultimate or next(iter(described.layers), "")
    image = setup.board.image
    difference, both = f"class:{first} - class:{other}", f"class:{first} + class:{other}"
    found = [
        (
            both,
            say("Two classes in one picture: side by side, or one thing that is both?"),
            lambda s: raising(s, both),
        ),
    ]
    if setup.visualize.pictures == 1:
        found.append(
            (
                say("Four pictures at once"),
                say("The same goal from four noises, pushed apart: what do all of them share?"),
                lambda s: replace(s, visualize=replace(s.visualize, pictures=4)),
            )
        )
    if setup.visualize.unit != difference:
        found[0] = (
            difference,
            say("What tells one from the other: whatever both have goes away."),
            lambda s: raising(s, difference),
        )
    if layer and image.startswith("sample:"):
        direction = f"cosine:{layer}:{image}"
        found.append(
            (
                direction,
                say("The direction in which the features of your picture lie, drawn from noise."),
                lambda s: raising(s, direction),
            )
        )
    return found
