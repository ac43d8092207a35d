"""The four questions of the page Feature visualization, and what each one begins with."""

from dataclasses import replace

import streamlit as st

from advviz.data import sketches
from advviz.experiments import units
from advviz.experiments.drawing import ASCENT
from advviz.experiments.parameters import in_proportion
from advviz.experiments.regions import EVERYTHING
from advviz.experiments.specs import VisualizeSpec
from advviz.fields import AUTO
from advviz.models.records import record
from advviz.ui.language import say
from advviz.ui.setup import Setup
from advviz.ui.state import control

FAVOURITE, COMBINE, INVERT, DRAW = "favourite", "combine", "invert", "draw"
SKETCH_BALL, SKETCH_STEPS = 20.0, 60
"""At 64 pixels a side. Santurkar et al. (2019) draw over sketches of 224 pixels with 60 steps of
length 1 in a ball of radius 40, which is 11 in proportion: nearer to the sketch, and paler."""


def choose(setup: Setup) -> None:
    """Choose what the page is about."""
    names = {
        FAVOURITE: say("Favourite image"),
        COMBINE: say("Combine"),
        INVERT: say("Invert & interpolate"),
        DRAW: say("Draw from a sketch"),
    }
    st.segmented_control(
        say("What is drawn"),
        list(names),
        required=True,
        format_func=names.__getitem__,
        **control("av.drawing.mode", setup.view.drawing, switched),
    )


def switched(setup: Setup, mode: str) -> Setup:
    """The set-up in another mode: what the mode's controls do not show has its default."""
    found, spec = setup.with_view(drawing=mode), setup.visualize
    if mode == INVERT or mode == setup.view.drawing:
        return found
    classes = record(spec.model).classes
    drawn = spec.drawn_class or setup.target or classes[0]
    plain = VisualizeSpec(model=spec.model, unit=f"class:{drawn}", score=spec.score, seed=spec.seed)
    if mode == COMBINE:
        other = classes[(classes.index(drawn) + 1) % len(classes)]
        return replace(found, visualize=replace(plain, unit=f"class:{drawn} - class:{other}"))
    if mode == DRAW:
        return sketched(replace(found, visualize=plain), next(iter(sketches.SKETCHES)))
    keeps = units.class_of(spec.unit) is None and not units.is_sum(spec.unit)
    return replace(found, visualize=replace(plain, unit=spec.unit) if keeps else plain)


def sketched(setup: Setup, name: str) -> Setup:
    """The set-up that drives a sketch to the class that its maker had in mind."""
    spec = setup.visualize
    described, asks = record(spec.model), sketches.SKETCHES[name].asks
    drawn = asks if asks in described.classes else spec.drawn_class or described.classes[0]
    return replace(
        setup,
        visualize=replace(
            spec,
            unit=f"class:{drawn}",
            start=sketches.PREFIX + name,
            method=ASCENT,
            eps=in_proportion(AUTO, SKETCH_BALL, described.input_size),
            step_size=AUTO,
            steps=SKETCH_STEPS,
            pictures=1,
            region=EVERYTHING,
            fill="picture",
        ),
    )
