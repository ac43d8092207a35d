"""The widgets of Invert & interpolate: whose features, from where, in which layer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from advviz.experiments.inversion import NOISE, PENULTIMATE, InvertSpec
from advviz.models.records import record
from advviz.ui import own_pictures
from advviz.ui.fields import help_of, meta_of
from advviz.ui.language import say
from advviz.ui.notes import Card
from advviz.ui.picture_choice import gallery_names, title
from advviz.ui.setup import Setup
from advviz.ui.state import control

NOTHING = ""


def changing(name: str) -> Callable[[Setup, Any], Setup]:
    """The change of one field of the inversion."""
    return lambda s, value: replace(s, invert=replace(s.inversion, **{name: value}))


def what(setup: Setup) -> None:
    """Choose the picture whose features are reached, a second one, the start and the layer."""
    spec = setup.inversion
    described = record(spec.model)
    pictures = gallery_names(described) | {ref: title(ref) for ref in own_pictures.refs()}
    _picture(say("Features of"), "image", spec.image, pictures)
    second = {NOTHING: say("no second picture"), **pictures}
    _picture(say("On the way to"), "towards", spec.towards, second)
    _picture(say("Start from"), "start", spec.start, {NOISE: say("noise"), **pictures})
    layers = {PENULTIMATE: say("the last before the classes")}
    layers |= {name: name for name in described.layers if name != described.penultimate}
    layers.setdefault(spec.layer, spec.layer)
    st.selectbox(
        say("Layer"),
        list(layers),
        format_func=layers.__getitem__,
        width=200,
        help=help_of(InvertSpec, "layer"),
        **control("av.invert.layer", spec.layer, changing("layer")),
    )


def _picture(label: str, name: str, current: str, names: dict[str, str]) -> None:
    if current not in names:
        names = {**names, current: title(current)}
    st.selectbox(
        label,
        list(names),
        format_func=names.__getitem__,
        width=200,
        help=help_of(InvertSpec, name),
        **control(f"av.invert.{name}", current, changing(name)),
    )


def numbers(setup: Setup) -> None:
    """Give the numbers of the search; the length of a strip, where there is one."""
    offers = [(say("Steps"), "steps", 50), (say("Seed"), "seed", 1)]
    if setup.inversion.is_strip:
        offers.insert(0, (say("Pictures of the strip"), "pictures", 1))
    for label, name, step in offers:
        meta = meta_of(InvertSpec, name)
        st.number_input(
            label,
            meta["low"],
            meta["high"],
            step=step,
            width=150,
            help=help_of(InvertSpec, name),
            **control(f"av.invert.{name}", getattr(setup.inversion, name), changing(name)),
        )


def cards(setup: Setup) -> list[Card]:
    """A strip to another picture, an earlier layer, a photo as the start."""
    spec = setup.inversion
    described = record(spec.model)
    taken = (spec.image, spec.towards, spec.start)
    pictures = [name for name in gallery_names(described) if name not in taken]
    other = pictures[len(pictures) // 8]
    found: list[Card] = [
        (
            say("On the way to {title}", title=title(other)),
            say("Between the features of two pictures: does one turn into the other?"),
            lambda s: changing("towards")(s, other),
        ),
        (
            say("Start from {title}", title=title(other)),
            say("The same features from another picture: what has to change of it?"),
            lambda s: changing("start")(s, other),
        ),
    ]
    known = (described.penultimate, spec.layer)
    earlier = [name for name in described.layers if name not in known]
    if earlier:
        layer = earlier[len(earlier) // 2]
        found.append(
            (
                say("Layer: {layer}", layer=layer),
                say("An earlier layer knows more of the picture. Does the drawing come nearer?"),
                lambda s: changing("layer")(s, layer),
            )
        )
    return found
